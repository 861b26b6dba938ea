import './map.css'
import { h, type VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ServiceMap } from '../../src/wire/status.ts'
import { ApiProblem, getMap, isAbort } from '../api.ts'
import { formatDuration, formatMany } from '../format.ts'
import { html } from '../html.ts'
import { busiest } from './busiest.ts'
import { Graph, usePicture } from './graph.ts'
import { mannerOf, narrow } from './layout.ts'
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
  return html`<p class="muted">${rangeText(map.drawn)}${left} Wider lines are more calls; where one in a hundred or more fails, they are red. A box or a figure leads to its traces.</p>
    ${h(Scene, { map: shown })}
    <h2>The same as a table</h2>
    ${h(MapTable, { map })}`
}

/** Smaller than this, a picture that does not fit is scrolled instead: on a small screen sooner, where little is seen at a time anyway. */
const least = (width: number): number => (width < narrow ? 0.85 : 0.6)
/** From here on nobody sees that it is not in its own size. */
const asGood = 0.94

/** The picture as large as there is room for, or in its own size. */
function Scene({ map }: { map: ServiceMap }): VNode {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [whole, setWhole] = useState(true)
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setWidth(place.current?.clientWidth ?? 0))
    if (place.current) observer.observe(place.current)
    setWidth(place.current?.clientWidth ?? 0)
    return () => observer.disconnect()
  }, [])
  const manner = mannerOf(map, width)
  const picture = usePicture(map, manner)
  const fitting = Math.max(least(width), Math.min(1, (width - 2) / picture.layout.width))
  return html`<div class="map-place">
    <div class="map-scroll" tabindex="0" role="region" aria-label="Service map" ref=${place}>
      <div style=${`zoom:${whole ? fitting.toFixed(3) : '1'}`}>
        ${width > 0 && h(Graph, { map, picture, dense: manner.dense })}
      </div>
    </div>
    ${fitting < asGood && width > 0 && html`<button type="button" aria-pressed=${whole ? 'true' : 'false'} onClick=${() => setWhole(!whole)}>Fit to the window</button>`}
  </div>`
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
