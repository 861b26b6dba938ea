import type { ServiceMap } from '../../src/wire/status.ts'

// Two hundred boxes take half a second to lay out; a thousand in a chain took two, and more overflow the stack.
const maxNodes = 200
const maxEdges = 400

/** What of a map is drawn: all of it, or what is called most where that would be more than can be laid out. */
export function busiest(map: ServiceMap): ServiceMap {
  if (map.nodes.length <= maxNodes && map.edges.length <= maxEdges) return map
  const nodes = map.nodes.toSorted((a, b) => b.calls - a.calls).slice(0, maxNodes)
  const names = new Set(nodes.map(({ name }) => name))
  const edges = map.edges
    .filter(({ from, to }) => names.has(from) && names.has(to))
    .toSorted((a, b) => b.calls - a.calls)
    .slice(0, maxEdges)
  return { ...map, nodes, edges }
}
