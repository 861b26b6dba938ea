import type { RecordRing } from './record-ring.ts'
import { rowFlag } from './segment.ts'

const rowsPerPart = 4096

/**
 * Positions with a sequence number from `low` to below `high`, in the order of these numbers. Positions are in that order already but
 * for those of records that were copied in later, of which there are few. Stops now and then: there may be a million.
 */
export function* inSequence(
  ring: RecordRing,
  low: number,
  high: number
): Generator<undefined, number[]> {
  if (low >= high) return []
  const inOrder: number[] = []
  const displaced: { readonly seq: number; readonly position: number }[] = []
  for (
    let position = ring.oldest;
    position < ring.next;
    position = Math.max(position + 1, ring.oldest)
  ) {
    const seq = ring.seq(position)
    if (seq >= low && seq < high) {
      if ((ring.flags(position) & rowFlag.displaced) === 0) inOrder.push(position)
      else displaced.push({ seq, position })
    }
    if (position % rowsPerPart === 0) yield
  }
  if (displaced.length === 0) return inOrder
  displaced.sort((a, b) => a.seq - b.seq)
  const merged: number[] = []
  let i = 0
  for (const position of inOrder) {
    if (position % rowsPerPart === 0) yield
    if (position < ring.oldest) continue
    const seq = ring.seq(position)
    for (; i < displaced.length && (displaced[i]?.seq ?? 0) < seq; i++)
      merged.push(displaced[i]?.position ?? 0)
    merged.push(position)
  }
  for (; i < displaced.length; i++) merged.push(displaced[i]?.position ?? 0)
  return merged
}
