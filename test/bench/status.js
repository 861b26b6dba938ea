/**
 * How many spans a Spanlight server has recorded. Asked from outside over its own API: from inside, the asking would be recorded as an
 * outgoing call.
 */
export async function recordedBySpanlight(port) {
  const response = await fetch(`http://127.0.0.1:${port}/_traces/api/status`)
  if (!response.ok) throw new Error(`status answered ${response.status}: ${await response.text()}`)
  const { ring, drops } = await response.json()
  // A body that was refused for its rate was sent again.
  const lost = drops.filter(({ reason }) => reason !== 'ingest refused')
  if (lost.length > 0) throw new Error(`spans were dropped: ${JSON.stringify(lost)}`)
  return ring.spans + ring.evicted
}
