import { Context, type ContextSpan, rootContext } from '../../context/context.ts'

/** OpenTelemetry's Context interface, as any copy of its API implements it. */
export interface ApiContext {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): ApiContext
  deleteValue(key: symbol): ApiContext
}

const spanKey: symbol = Symbol.for('OpenTelemetry Context Key SPAN')

/**
 * A context that the API itself made: contexts derived from its `ROOT_CONTEXT` are of its own class, whose values cannot be listed, so it
 * is carried inside one of ours instead of being copied.
 */
class AdoptedContext extends Context {
  readonly foreign: ApiContext

  constructor(foreign: ApiContext) {
    super(spanOf(foreign), undefined)
    this.foreign = foreign
  }

  override withSpan(span: ContextSpan | undefined): Context {
    return span === undefined ? this.deleteValue(spanKey) : this.setValue(spanKey, span)
  }

  override getValue(key: symbol): unknown {
    return this.foreign.getValue(key)
  }

  override setValue(key: symbol, value: unknown): Context {
    return new AdoptedContext(this.foreign.setValue(key, value))
  }

  override deleteValue(key: symbol): Context {
    return new AdoptedContext(this.foreign.deleteValue(key))
  }
}

/** Any context as one of ours; the root context for what is no context at all. */
export function adopt(context: unknown): Context {
  if (context instanceof Context) return context
  return isApiContext(context) ? new AdoptedContext(context) : rootContext
}

/** What users see: the very object they handed in, so that `context.active()` inside `context.with(c, ...)` is `c`. */
export function original(context: Context): ApiContext {
  return context instanceof AdoptedContext ? context.foreign : context
}

function isApiContext(value: unknown): value is ApiContext {
  if (typeof value !== 'object' || value === null) return false
  const { getValue, setValue, deleteValue } = value as Partial<ApiContext>
  return [getValue, setValue, deleteValue].every((method) => typeof method === 'function')
}

function spanOf(context: ApiContext): ContextSpan | undefined {
  const span = context.getValue(spanKey) as ContextSpan | undefined
  return typeof span?.spanContext === 'function' ? span : undefined
}
