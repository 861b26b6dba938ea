import { reviveSummary } from '../wire/live.ts'
import type { Summary } from '../wire/summary.ts'
import { liveMessages } from './event-stream.ts'
import { Failure } from './failure.ts'
import { askPage, type PageAddress } from './page-address.ts'

export interface FollowSetup {
  readonly page: PageAddress
  readonly query: string
  /** The connection was lost, or is there again. */
  readonly onState: (line: string) => void
}

const firstWaitMs = 500
const maxWaitMs = 5000

/**
 * Traces that change from now on, without end: what is lost is connected to anew, from where it stood, or from the beginning of another process
 * in its place. Rejects where the first connection cannot be had.
 */
export async function* followTraces({
  page,
  query,
  onState
}: FollowSetup): AsyncGenerator<Summary> {
  let bootId = ''
  let seq: number | undefined
  let waitMs = firstWaitMs
  for (;;) {
    try {
      const search = new URLSearchParams({ ...(seq !== undefined && { since: String(seq) }) })
      if (query !== '') search.set('q', query)
      const answer = await askPage(page, `live?${search.toString()}`, {
        headers: { accept: 'text/event-stream' }
      })
      if (waitMs > firstWaitMs) onState('connected again')
      waitMs = firstWaitMs
      for await (const message of liveMessages(answer.body as ReadableStream<Uint8Array>)) {
        if (message.type === 'hello') {
          const other = bootId !== '' && bootId !== message.bootId
          bootId = message.bootId
          seq = other ? 0 : (seq ?? message.seq)
          // The process that is there now counts from 1.
          if (other) break
        } else if (message.type === 'traces') {
          seq = message.seq
          for (const row of message.rows) yield reviveSummary(row)
        }
        // This reads too slowly: what was left out is asked for anew.
        else if (message.type === 'gap') break
      }
    } catch (error) {
      if (bootId === '' || (error instanceof Failure && /needs its token/.test(error.message)))
        throw error
    }
    if (waitMs === firstWaitMs) onState('the connection was lost, trying again')
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(maxWaitMs, waitMs * 2)
  }
}
