import type { VNode } from 'preact'
import type { ServiceMap } from '../../src/wire/status.ts'
import { formatCount, formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { edgeHref, failureText, type MapEdge, nodeHref, rateText } from './figures.ts'

/** Everything that the picture shows, as text. */
export function MapTable({ map }: { map: ServiceMap }): VNode {
  const calls = map.edges.toSorted((a, b) => b.calls - a.calls)
  const nodes = map.nodes.toSorted((a, b) => b.calls - a.calls)
  return html`<div class="map-tables">
    <table class="operations">
      <caption>Calls</caption>
      <thead><tr><th scope="col">From</th><th scope="col">To</th>${figureHeads}</tr></thead>
      <tbody>${calls.map((edge) => row(edge, map))}</tbody>
    </table>
    <table class="operations">
      <caption>Services and what they call</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Kind</th>${figureHeads}</tr></thead>
      <tbody>
        ${nodes.map(
          (node) => html`<tr key=${node.name}>
            <td><a href=${nodeHref(node)}>${visible(node.name)}</a></td><td>${node.kind}</td>${figures({ ...node, errors: node.failed }, map)}
          </tr>`
        )}
      </tbody>
    </table>
  </div>`
}

const figureHeads = ['Calls', 'Rate', 'Failed', 'p50', 'p95'].map(
  (name) => html`<th scope="col" class="num">${name}</th>`
)

function row(edge: MapEdge, map: ServiceMap): VNode {
  const target = map.nodes.find(({ name }) => name === edge.to)
  return html`<tr key=${`${edge.from}\n${edge.to}`}>
    <td><a href=${edgeHref(edge, target)}>${visible(edge.from)}</a></td><td>${visible(edge.to)}</td>${figures(edge, map)}
  </tr>`
}

type Figures = Pick<MapEdge, 'calls' | 'errors' | 'p50' | 'p95'>

function figures({ calls, errors, p50, p95 }: Figures, { drawn }: ServiceMap): VNode[] {
  const failures = failureText(errors, calls)
  return [
    html`<td class="num">${formatCount(calls)}</td>`,
    html`<td class="num">${rateText(calls, drawn)}</td>`,
    html`<td class=${failures === '' ? 'num muted' : 'num error-text'}>${failures === '' ? '0' : failures.replace(' failed', '')}</td>`,
    html`<td class="num">${formatDuration(p50)}</td>`,
    html`<td class="num">${formatDuration(p95)}</td>`
  ]
}
