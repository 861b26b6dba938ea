import { h, type VNode } from 'preact'
import { useMemo, useState } from 'preact/hooks'
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
import { arrange, edgeKey, type Layout, type Manner, shapeOf } from './layout.ts'
import { isFailing, linesOf } from './lines.ts'

const kindIcons: Readonly<Record<MapNode['kind'], IconName>> = {
  service: 'http-in',
  db: 'db',
  queue: 'queue',
  external: 'http-out'
}

export interface Picture {
  readonly layout: Layout
  readonly lines: ReturnType<typeof linesOf>
}

/** Where everything stands; made anew only when somebody else calls somebody else, or there is another room for it. */
export function usePicture(map: ServiceMap, manner: Manner): Picture {
  return useMemo(() => {
    const layout = arrange(map, manner)
    return { layout, lines: linesOf(map.edges, layout) }
  }, [shapeOf(map), manner.dense, manner.upright])
}

/** What the reader is at: a node by its name, or a call by its key. */
type Pointed = string | undefined

/**
 * The picture. Boxes and figures of calls are links, each box followed by its calls; the lines are for the eye alone. What the pointer or
 * the focus is at stands out with all that it calls and is called by.
 */
export function Graph({
  map,
  picture: { layout, lines },
  dense
}: {
  map: ServiceMap
  picture: Picture
  dense: boolean
}): VNode {
  const [pointed, setPointed] = useState<Pointed>(undefined)
  const busiest = Math.max(1, ...map.edges.map(({ calls }) => calls))
  const isNear = (edge: MapEdge): boolean =>
    pointed === undefined ? !dense : [edge.from, edge.to, edgeKey(edge)].includes(pointed)
  const near = new Set(map.edges.flatMap((edge) => (isNear(edge) ? [edge.from, edge.to] : [])))
  const point = (what: string) => ({
    onPointerEnter: () => setPointed(what),
    onPointerLeave: () => setPointed(undefined),
    onFocus: () => setPointed(what),
    onBlur: () => setPointed(undefined)
  })
  const classes = [
    'map-picture',
    dense && 'dense',
    layout.upright && 'upright',
    pointed !== undefined && 'pointed'
  ]
  return html`<div class=${classes.filter(Boolean).join(' ')} style=${`width:${layout.width}px;height:${layout.height}px`}>
    <svg width=${layout.width} height=${layout.height} aria-hidden="true">
      <defs>${[arrow('arrow'), arrow('arrow-failed')]}</defs>
      ${map.edges.map((edge) => {
        const key = edgeKey(edge)
        const line = lines.get(key)
        if (line === undefined) return undefined
        const failing = isFailing(edge.errors, edge.calls)
        const look = [
          'call',
          failing && 'failed',
          line.back && 'back',
          pointed !== undefined && isNear(edge) && 'near'
        ]
        // Of a hundred times the calls, three times the width: the least used call must still be seen.
        const width = 1.2 + 3.3 * (Math.log1p(edge.calls) / Math.log1p(busiest))
        return html`<g key=${key}>
          <path class=${look.filter(Boolean).join(' ')} d=${line.path} style=${`stroke-width:${width.toFixed(1)}px`} marker-end=${failing ? 'url(#arrow-failed)' : 'url(#arrow)'} />
          <path class="reach" d=${line.path} onPointerEnter=${() => setPointed(key)} onPointerLeave=${() => setPointed(undefined)} />
        </g>`
      })}
    </svg>
    <ul class="map-nodes" aria-label="Services and what they call">
      ${inOrder(map.nodes, layout).map((node) => {
        const calls = map.edges.filter(({ from }) => from === node.name)
        const far = pointed !== undefined && pointed !== node.name && !near.has(node.name)
        return html`<li key=${node.name}>
          ${box(node, map, layout, far, point(node.name))}
          ${
            calls.length > 0 &&
            html`<ul class="map-calls" aria-label=${`Calls of ${visible(node.name)}`}>
              ${calls.map((edge) => label(edge, map, layout, isNear(edge), point(edgeKey(edge))))}
            </ul>`
          }
        </li>`
      })}
    </ul>
  </div>`
}

function arrow(id: string): VNode {
  return html`<marker key=${id} id=${id} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
    <path class=${id === 'arrow' ? '' : 'failed'} d="M0 0 L8 4 L0 8 Z" />
  </marker>`
}

function inOrder(nodes: readonly MapNode[], { nodes: places, upright }: Layout): MapNode[] {
  const place = ({ name }: MapNode): [number, number] => {
    const { x = 0, y = 0 } = places.get(name) ?? {}
    return upright ? [y, x] : [x, y]
  }
  return nodes.toSorted((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1])
}

interface Pointing {
  onPointerEnter: () => void
  onPointerLeave: () => void
  onFocus: () => void
  onBlur: () => void
}

function box(
  node: MapNode,
  { drawn }: ServiceMap,
  { nodes, node: size }: Layout,
  far: boolean,
  { onPointerEnter, onPointerLeave, onFocus, onBlur }: Pointing
): VNode | undefined {
  const place = nodes.get(node.name)
  if (place === undefined) return undefined
  const failures = failureText(node.failed, node.calls)
  const look = ['map-node', isFailing(node.failed, node.calls) && 'failed', far && 'far']
  return html`<a class=${look.filter(Boolean).join(' ')} href=${nodeHref(node)} title=${`${visible(node.name)}: ${latencyText(node)}`}
    style=${`left:${place.x}px;top:${place.y}px;width:${size.width}px;height:${size.height}px`}
    onPointerEnter=${onPointerEnter} onPointerLeave=${onPointerLeave} onFocus=${onFocus} onBlur=${onBlur}>
    <b>${h(Icon, { name: kindIcons[node.kind], small: true, label: node.kind })}<span class="clip">${visible(node.name)}</span></b>
    <span class="clip">${rateText(node.calls, drawn)}<span class="p95"> · p95</span> ${formatDuration(node.p95)}</span>
    <span class=${look.includes('failed') ? 'error-text' : 'muted'}>${failures || 'no failures'}</span>
  </a>`
}

function label(
  edge: MapEdge,
  { nodes, drawn }: ServiceMap,
  { edges }: Layout,
  shown: boolean,
  { onPointerEnter, onPointerLeave, onFocus, onBlur }: Pointing
): VNode | undefined {
  const place = edges.get(edgeKey(edge))
  if (place === undefined) return undefined
  const target = nodes.find(({ name }) => name === edge.to)
  const failures = failureText(edge.errors, edge.calls)
  const ends = `${visible(edge.from)} to ${visible(edge.to)}`
  const rest = `p50 ${formatDuration(edge.p50)}, ${failures || 'no failures'}`
  const look = ['map-call', isFailing(edge.errors, edge.calls) && 'failed', shown && 'shown']
  return html`<li key=${edgeKey(edge)}>
    <a class=${look.filter(Boolean).join(' ')} href=${edgeHref(edge, target)} title=${`${ends}: p95 ${formatDuration(edge.p95)}, ${rest}`}
      style=${`left:${place.label.x}px;top:${place.label.y}px`}
      onPointerEnter=${onPointerEnter} onPointerLeave=${onPointerLeave} onFocus=${onFocus} onBlur=${onBlur}>
      <span class="sr-only">${ends}: </span>${rateText(edge.calls, drawn)}<span class="and"> · </span><span>${formatDuration(edge.p95)}</span><span class="sr-only">, ${rest}</span>
    </a>
  </li>`
}
