import type { IncomingHttpHeaders } from 'node:http'
import type { TraceId } from '../base/ids.ts'
import {
  Baggage,
  type BaggageEntry,
  maxMembers,
  parseBaggage,
  serializeBaggage
} from '../carrier/baggage.ts'
import { type Carried, type HeaderFormat, outgoing, type SetHeader } from '../carrier/carried.ts'
import {
  type HeaderFormatName,
  headerFormats,
  readCarried,
  readFields
} from '../carrier/formats.ts'
import { jaeger } from '../carrier/jaeger.ts'
import { baggagePrefix, readJaegerBaggage, writeJaegerBaggage } from '../carrier/jaeger-baggage.ts'
import { joined } from '../carrier/w3c.ts'
import { type Context, isSuppressed } from '../context/context.ts'
import { NonRecordingSpan } from '../context/non-recording.ts'

/** How contexts travel: what headers carry, put into a context and taken out of one. */
export interface Propagation {
  /**
   * The context that the headers carry, over `context`: its span is a remote parent, its baggage stands under OpenTelemetry's baggage
   * key. Foreign input: never throws, gives `context` itself when nothing valid is carried.
   */
  extract(headers: IncomingHttpHeaders, context: Context): Context
  /** Calls `set` for each header that carries the context's span and baggage on. */
  inject(context: Context, set: SetHeader): void
  /** The lower-case header names that `extract` may read. */
  readonly reads: readonly string[]
  /** It may read any header whose name begins so in lower case, too; undefined for none. */
  readonly readsPrefix?: string | undefined
  /** The lower-case header names that `inject` may set, but for those of Jaeger's baggage, which are made of its keys. */
  readonly fields: readonly string[]
}

/** The names of what `extract` may read of a carrier whose keys can be asked for. */
export function namesRead(
  { reads, readsPrefix }: Pick<Propagation, 'reads' | 'readsPrefix'>,
  keys: () => readonly string[]
): readonly string[] {
  if (readsPrefix === undefined) return reads
  const more = keys().filter((key) => key.toLowerCase().startsWith(readsPrefix))
  // One more than is taken, so that it is seen that there are too many.
  return [...reads, ...more.slice(0, maxMembers + 1)]
}

/** The key under which OpenTelemetry's API keeps baggage; registered, so that `propagation.getBaggage()` of any copy finds ours. */
export const baggageKey: symbol = Symbol.for('OpenTelemetry Baggage Key')

/** The key under which OpenTelemetry's B3 propagator keeps the debug flag, and reads it. */
const debugKey: symbol = Symbol.for('OpenTelemetry Context Key B3 Debug Flag')

/** What was decided of a trace that has no span yet. */
interface Beginning {
  readonly traceId?: TraceId
  readonly sampled?: boolean
}

const beginningKey: symbol = Symbol('spanlight: beginning of a trace')

/** What a caller without a span has decided of the trace that begins in this context. */
export function beginningOf(context: Context): Beginning | undefined {
  return context.getValue(beginningKey) as Beginning | undefined
}

/** Reads and writes nothing. */
export const noPropagation: Propagation = {
  reads: [],
  fields: [],
  extract: (_headers, context) => context,
  inject() {}
}

/** Reads every format that it knows and writes those that are named; W3C's takes W3C Baggage with it, Jaeger's its own. */
export function createPropagation(names: readonly HeaderFormatName[]): Propagation {
  if (names.length === 0) return noPropagation
  const formats = names.map((name) => headerFormats[name])
  const withBaggage = names.includes('w3c')
  const withJaegers = names.includes('jaeger')
  return {
    reads: [...readFields, 'baggage'],
    readsPrefix: withJaegers ? baggagePrefix : undefined,
    fields: [...formats.flatMap(({ fields }) => fields), ...(withBaggage ? ['baggage'] : [])],
    extract(headers, context) {
      const carried = readCarried(headers)
      const at = carried === undefined ? context : enter(carried, context)
      const lines = joined(headers['baggage'])
      const standard = lines === '' ? undefined : parseBaggage(lines)
      const jaegers = withJaegers && carried !== undefined ? jaegersOf(headers, carried) : []
      const baggage =
        jaegers.length === 0 ? standard : (standard ?? new Baggage()).setEntries(jaegers)
      return baggage === undefined ? at : at.setValue(baggageKey, baggage)
    },
    inject(context, set) {
      if (isSuppressed(context)) return
      writeSpan(formats, context, set)
      const text = withBaggage ? serializeBaggage(context.getValue(baggageKey)) : ''
      if (text !== '') set('baggage', text)
      if (withJaegers) writeJaegerBaggage(context.getValue(baggageKey), set)
    }
  }
}

// What goes with another trace than the one that is gone on with is left alone.
function jaegersOf(headers: IncomingHttpHeaders, { parent }: Carried): [string, BaggageEntry][] {
  const traceId = jaeger.read(headers)?.parent?.traceId
  return traceId !== undefined && traceId === parent?.traceId ? readJaegerBaggage(headers) : []
}

function enter({ parent, traceId, sampled, debug }: Carried, context: Context): Context {
  const marked = debug === true ? context.setValue(debugKey, true) : context
  if (parent !== undefined) return marked.withSpan(new NonRecordingSpan(parent))
  const beginning: Beginning = {
    ...(traceId !== undefined && { traceId }),
    ...(sampled !== undefined && { sampled })
  }
  return marked.setValue(beginningKey, beginning)
}

function writeSpan(formats: readonly HeaderFormat[], context: Context, set: SetHeader): void {
  const span = context.span?.spanContext()
  if (span === undefined) return
  const sent = outgoing(span, context.getValue(debugKey) === true)
  if (sent !== undefined) for (const format of formats) format.write(sent, set)
}
