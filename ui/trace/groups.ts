import { spanFlag, type TraceColumns } from '../../src/wire/trace.ts'

/** Spans that stand one after the other and say more as one row. */
export interface Group {
  /** `loop`: leaf siblings that do the same, a query in a loop. `layers`: what a request passed through, none of which took its time. */
  readonly kind: 'loop' | 'layers'
  readonly first: number
  readonly count: number
  /** Microseconds, all members together; of layers their own time only, as they may stand in each other. */
  readonly total: number
  readonly errors: number
  /** The one line of code that all members come from; '' where there is none. */
  readonly site: string
}

const fewestAlike = 5
/** Fewer layers are as quickly read as the row that would stand for them. */
const fewestLayers = 3
const slowShare = 0.05
/** Microseconds that no layer is slow below, in a trace however short. */
const slowLeast = 1000

/** The groups in the order of their rows, and of each row the index of its group, -1 where it stands alone. */
export function findGroups(
  columns: TraceColumns,
  children: Int32Array
): { groups: Group[]; groupOf: Int32Array } {
  const { name } = columns.spans
  const groups: Group[] = []
  const groupOf = new Int32Array(name.length).fill(-1)
  for (let first = 0; first < name.length;) {
    const layers = endOfLayers(columns, first)
    const end = Math.max(layers, endOfLoop(columns, children, first))
    const kind = layers > first ? 'layers' : 'loop'
    if (end - first >= (kind === 'layers' ? fewestLayers : fewestAlike)) {
      groupOf.fill(groups.length, first, end)
      groups.push(groupFrom(columns, kind, first, end))
    }
    first = end
  }
  return { groups, groupOf }
}

/** What a folded group of layers is called, and what was passed: `6 middleware`, `cors › jsonParser › auth`. */
export function textOfLayers(
  { names, spans }: TraceColumns,
  { first, count }: Group
): { readonly title: string; readonly passed: string } {
  const all = Array.from({ length: count }, (_, i) => names[spans.name[first + i] as number] ?? '')
  const word = all.every((name) => name.startsWith('middleware - ')) ? 'middleware' : 'layers'
  const passed = all.map((name) => name.replace(/^(?:middleware|router|request handler) - /, ''))
  return { title: `${count} ${word}`, passed: passed.join(' \u203a ') }
}

/** Row after the last of the layers from `first` on that need not be seen; `first` when it is none. Whether they are siblings or in each other. */
function endOfLayers({ spans, extent }: TraceColumns, first: number): number {
  const { flags, self, parent, service } = spans
  const slow = Math.max(extent * slowShare, slowLeast)
  const telling = spanFlag.error | spanFlag.exception | spanFlag.late | spanFlag.orphan
  let end = first
  while (
    end < flags.length &&
    ((flags[end] as number) & spanFlag.layer) !== 0 &&
    ((flags[end] as number) & telling) === 0 &&
    (self[end] as number) < slow &&
    (parent[end] as number) >= 0 &&
    service[end] === service[first]
  )
    end++
  return end
}

/** Row after the last leaf sibling that does what `first` does; `first + 1` when it stands alone. */
function endOfLoop({ spans }: TraceColumns, children: Int32Array, first: number): number {
  const { name, category, parent, flags } = spans
  let end = first + 1
  if (children[first] !== 0 || (parent[first] as number) < 0) return end
  if (((flags[first] as number) & spanFlag.layer) !== 0) return end
  while (
    end < name.length &&
    children[end] === 0 &&
    parent[first] === parent[end] &&
    name[first] === name[end] &&
    category[first] === category[end]
  )
    end++
  return end
}

function groupFrom(columns: TraceColumns, kind: Group['kind'], first: number, end: number): Group {
  const { duration, self, flags } = columns.spans
  const times = kind === 'layers' ? self : duration
  let total = 0
  let errors = 0
  for (let i = first; i < end; i++) {
    total += times[i] as number
    if (((flags[i] as number) & spanFlag.error) !== 0) errors++
  }
  return { kind, first, count: end - first, total, errors, site: commonSite(columns, first, end) }
}

function commonSite({ sites }: TraceColumns, first: number, end: number): string {
  const site = sites.of[first] ?? -1
  for (let i = first + 1; i < end; i++) if (sites.of[i] !== site) return ''
  return sites.lines[site] ?? ''
}
