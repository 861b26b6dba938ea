import { Graph, layout } from '@dagrejs/dagre'
import type { ServiceMap } from '../../src/wire/status.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** How much room there is. */
export interface Manner {
  /** Layers from top to bottom, for a narrow window; else from left to right. */
  readonly upright: boolean
  /** Small boxes, and no room for the figures of calls: they are shown one at a time. */
  readonly dense: boolean
}

/** Where everything stands, in pixels from the top left corner. */
export interface Layout extends Size {
  readonly upright: boolean
  readonly node: Size
  /** Top left corners, by name. */
  readonly nodes: ReadonlyMap<string, Point>
  /** By `edgeKey`: the bends between both boxes, and the middle of where its text stands. */
  readonly edges: ReadonlyMap<string, { readonly bends: readonly Point[]; readonly label: Point }>
}

const roomy: Size = { width: 190, height: 72 }
const small: Size = { width: 150, height: 56 }
const label: Size = { width: 108, height: 24 }
/** Pixels below which a window is narrow. */
export const narrow = 700
/** Of more calls than these the figures would cover the lines. */
const labelled = 16

export function mannerOf({ nodes, edges }: ServiceMap, width: number): Manner {
  const dense = edges.length > labelled || nodes.length > labelled
  // Upright, what is entered first would stand in the middle of a layer that is wider than the window.
  return { dense, upright: width < narrow && !dense }
}

export function edgeKey({ from, to }: { from: string; to: string }): string {
  return JSON.stringify([from, to])
}

/** What decides where things stand: who is there and who calls whom, and no figure of either. */
export function shapeOf({ nodes, edges }: ServiceMap): string {
  return JSON.stringify([nodes.map(({ name }) => name).sort(), edges.map(edgeKey).sort()])
}

/** The same services and calls give the same picture, in whatever order they come. */
export function arrange({ nodes, edges }: ServiceMap, { upright, dense }: Manner): Layout {
  const node = dense || upright ? small : roomy
  const text = dense ? { width: 1, height: 1 } : label
  const graph = new Graph({ directed: true, multigraph: false, compound: false })
  const between = dense ? 56 : upright ? 30 : 48
  graph.setGraph({
    rankdir: upright ? 'TB' : 'LR',
    nodesep: upright ? 12 : 20,
    edgesep: 14,
    ranksep: between,
    marginx: 8,
    marginy: 8
  })
  const names = nodes.map(({ name }) => name).sort()
  for (const name of names) graph.setNode(name, { ...node })
  const known = new Set(names)
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to))
  for (const { from, to } of drawn.toSorted((a, b) => (edgeKey(a) < edgeKey(b) ? -1 : 1)))
    graph.setEdge(from, to, { ...text, labelpos: 'c' })
  layout(graph)
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    width,
    height,
    upright,
    node,
    nodes: new Map(
      names.map((name) => {
        const { x, y } = graph.node(name) as Point
        return [name, { x: x - node.width / 2, y: y - node.height / 2 }]
      })
    ),
    edges: new Map(
      drawn.map((edge) => {
        const { points, x, y } = graph.edge(edge.from, edge.to) as Point & { points: Point[] }
        const bends = points.slice(1, -1).flatMap((bend) => {
          if (dense || Math.hypot(bend.x - x, bend.y - y) > 1) return bend
          // Straight ahead behind its text, which would hide a bend.
          return upright
            ? [-text.height, text.height].map((by) => ({ x, y: y + by / 2 }))
            : [-text.width, text.width].map((by) => ({ x: x + by / 2, y }))
        })
        return [edgeKey(edge), { bends, label: { x, y } }]
      })
    )
  }
}
