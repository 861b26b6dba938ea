import './map.css'
import { h, type VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ServiceMap } from '../../src/wire/status.ts'
import { ApiProblem, getMap, isAbort } from '../api.ts'
import { formatDuration, formatMany } from '../format.ts'
import { html } from '../html.ts'
import { busiest } from './busiest.ts'
import { Graph } from './graph.ts'
import { MapTable } from './table.ts'

const everyMs = 3000

/** Who calls whom, how often, how long it takes and how often it fails, over all traces in memory. */
export function MapPage(): VNode {
  const map = useMap()
  useEffect(() => {
    document.title = 'Map · Spanlight'
  }, [])
  return html`<section class="map page wide">
    <h1>Service map</h1>
    ${map === undefined ? html`<p class="wait muted" role="status">Drawing…</p>` : map instanceof ApiProblem ? html`<p class="note" role="alert">${map.message}. ${map.hint}</p>` : h(Drawn, { map })}
  </section>`
}

function Drawn({ map }: { map: ServiceMap }): VNode {
  if (map.nodes.length === 0)
    return html`<p class="muted">Nothing has called anything yet. The map is drawn from the traces in memory: requests, the calls they make, queries and messages.</p>`
  const shown = busiest(map)
  const left =
    shown === map ? '' : ` The busiest ${shown.nodes.length} of ${map.nodes.length} are drawn.`
  return html`<p class="muted">${rangeText(map.drawn)}${left} Wider lines are more calls, red ones have failures. A box or a figure leads to its traces.</p>
    <div class="map-scroll" tabindex="0" role="region" aria-label="Service map">${h(Graph, { map: shown })}</div>
    <details class="map-same"><summary>The same as a table</summary>${h(MapTable, { map })}</details>`
}

function rangeText({ traces, complete, from, to }: ServiceMap['drawn']): string {
  const over = `over ${formatDuration(Math.max(0, to - from))}`
  return complete
    ? `${formatMany(traces, 'trace')} in memory, ${over}.`
    : `The newest ${formatMany(traces, 'trace')}, ${over}: there was no time or room for all.`
}

/** The map, asked for anew while somebody can see it; the last one stays when the process is away. */
function useMap(): ServiceMap | ApiProblem | undefined {
  const [map, setMap] = useState<ServiceMap | ApiProblem | undefined>(undefined)
  useEffect(() => {
    const leaving = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async (): Promise<void> => {
      if (!document.hidden) await draw()
      if (!leaving.signal.aborted) timer = setTimeout(() => void ask(), everyMs)
    }
    const draw = async (): Promise<void> => {
      try {
        setMap(await getMap(leaving.signal))
      } catch (error) {
        if (isAbort(error)) return
        const problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error), '')
        setMap((last) => (last === undefined || last instanceof ApiProblem ? problem : last))
      }
    }
    void ask()
    return () => {
      leaving.abort()
      clearTimeout(timer)
    }
  }, [])
  return map
}
