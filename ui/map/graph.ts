import { h, type VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { ServiceMap } from '../../src/wire/status.ts'
import { formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon, type IconName } from '../icons.ts'
import {
  edgeHref,
  failureText,
  latencyText,
  type MapEdge,
  type MapNode,
  nodeHref,
  rateText
} from './figures.ts'
import { arrange, edgeKey, type Layout, nodeHeight, nodeWidth, pathOf, shapeOf } from './layout.ts'

const kindIcons: Readonly<Record<MapNode['kind'], IconName>> = {
  service: 'http-in',
  db: 'db',
  queue: 'queue',
  external: 'http-out'
}

/** The picture. Nodes and figures of calls are links and stand in reading order; the lines are for the eye alone. */
export function Graph({ map }: { map: ServiceMap }): VNode {
  const shape = shapeOf(map)
  const layout = useMemo(() => arrange(map), [shape])
  const busiest = Math.max(1, ...map.edges.map(({ calls }) => calls))
  return html`<div class="map-picture" style=${`width:${layout.width}px;height:${layout.height}px`}>
    <svg width=${layout.width} height=${layout.height} aria-hidden="true">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
          <path d="M0 0 L8 4 L0 8 Z" />
        </marker>
        <marker id="arrow-failed" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
          <path class="failed" d="M0 0 L8 4 L0 8 Z" />
        </marker>
      </defs>
      ${map.edges.map((edge) => line(edge, layout, busiest))}
    </svg>
    <ul class="map-nodes" aria-label="Services">${inOrder(map.nodes, layout).map((node) => box(node, map, layout))}</ul>
    <ul class="map-calls" aria-label="Calls">${map.edges.map((edge) => label(edge, map, layout))}</ul>
  </div>`
}

function inOrder(nodes: readonly MapNode[], { nodes: places }: Layout): MapNode[] {
  return nodes.toSorted((a, b) => {
    const [one, other] = [places.get(a.name), places.get(b.name)]
    return (one?.x ?? 0) - (other?.x ?? 0) || (one?.y ?? 0) - (other?.y ?? 0)
  })
}

function line(edge: MapEdge, { edges }: Layout, busiest: number): VNode | undefined {
  const place = edges.get(edgeKey(edge))
  if (place === undefined) return undefined
  const failed = edge.errors > 0
  // Of a hundred times the calls, three times the width: the least used call must still be seen.
  const width = 1.2 + 3.8 * (Math.log1p(edge.calls) / Math.log1p(busiest))
  return html`<path key=${edgeKey(edge)} class=${failed ? 'call failed' : 'call'} d=${pathOf(place.points)} style=${`stroke-width:${width.toFixed(1)}px`} marker-end=${failed ? 'url(#arrow-failed)' : 'url(#arrow)'} />`
}

function box(node: MapNode, { drawn }: ServiceMap, { nodes }: Layout): VNode | undefined {
  const place = nodes.get(node.name)
  if (place === undefined) return undefined
  const failures = failureText(node.failed, node.calls)
  return html`<li key=${node.name} style=${`left:${place.x}px;top:${place.y}px;width:${nodeWidth}px;height:${nodeHeight}px`}>
    <a class=${failures === '' ? 'map-node' : 'map-node failed'} href=${nodeHref(node)} title=${`${visible(node.name)}: ${latencyText(node)}`}>
      <b>${h(Icon, { name: kindIcons[node.kind], small: true, label: node.kind })}<span class="clip">${visible(node.name)}</span></b>
      <span>${rateText(node.calls, drawn)} · p95 ${formatDuration(node.p95)}</span>
      <span class=${failures === '' ? 'muted' : 'error-text'}>${failures || 'no failures'}</span>
    </a>
  </li>`
}

function label(edge: MapEdge, { nodes, drawn }: ServiceMap, { edges }: Layout): VNode | undefined {
  const place = edges.get(edgeKey(edge))
  if (place === undefined) return undefined
  const target = nodes.find(({ name }) => name === edge.to)
  const failures = failureText(edge.errors, edge.calls)
  const ends = `${visible(edge.from)} to ${visible(edge.to)}`
  const rest = `p50 ${formatDuration(edge.p50)}, ${failures || 'no failures'}`
  return html`<li key=${edgeKey(edge)} style=${`left:${place.label.x}px;top:${place.label.y}px`}>
    <a class=${failures === '' ? 'map-call' : 'map-call failed'} href=${edgeHref(edge, target)} title=${`${ends}: p95 ${formatDuration(edge.p95)}, ${rest}`}>
      <span class="sr-only">${ends}: </span>${rateText(edge.calls, drawn)} · ${formatDuration(edge.p95)}<span class="sr-only">, ${rest}</span>
    </a>
  </li>`
}
