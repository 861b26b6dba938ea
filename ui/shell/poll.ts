import { ApiProblem, getStatus } from '../api.ts'
import { status } from '../state.ts'

const everyMs = 5_000

/** Reads `api/status` now and every five seconds while someone can see the page. */
export function pollStatus(): void {
  const poll = async (): Promise<void> => {
    if (document.hidden) return
    try {
      status.value = await getStatus()
    } catch (error) {
      // The connection's own state tells that the process is away; old figures stay until new ones come.
      if (!(error instanceof ApiProblem)) throw error
    }
  }
  void poll()
  setInterval(() => void poll(), everyMs)
  document.addEventListener('visibilitychange', () => void poll())
}
