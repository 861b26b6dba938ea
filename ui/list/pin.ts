import { pinTrace } from '../api.ts'
import { announcement } from '../state.ts'
import type { Feed } from './feed.ts'

/** Keeps a trace when newer ones need the room, and marks its row. Resolves to whether it is kept. */
export async function pinIn(feed: Feed, traceId: string): Promise<boolean> {
  if (feed.rows.get(traceId)?.summary.kept === 'pinned') {
    announcement.value = 'It is pinned already'
    return true
  }
  try {
    await pinTrace(traceId)
  } catch {
    announcement.value = 'The trace could not be pinned'
    return false
  }
  feed.note(traceId, { kept: 'pinned' })
  announcement.value = 'Pinned: kept when newer traces need the room'
  return true
}
