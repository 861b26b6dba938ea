import { SpanKind, StatusCode } from '../base/span-data.ts'
import { activeContext, type Context, isSuppressed } from '../context/context.ts'
import { cleanGraphqlMessage } from '../redact/graphql.ts'
import { get, readError } from '../span/exception.ts'
import { Span } from '../span/span.ts'
import { type Following, followCall } from './call.ts'
import { filesOf, handedModule } from './loaded.ts'
import { wrapMethod } from './patch.ts'
import { claimObject, notWatched, type Watch, type WatchSetup, watchedElsewhere } from './watch.ts'

const name = 'graphql'

/** The files of graphql-js that hold the steps of a request; each reads the others' exports when it calls them. */
const steps = {
  parse: 'language/parser.js',
  validate: 'validation/validate.js',
  execute: 'execution/execute.js'
} as const

/**
 * Watches `graphql` 16, whose module the user hands over: a span for each execution, and of its parsing and validation inside of a request. What the
 * package exports cannot be replaced, the files behind it can: that reaches `graphql()`, `graphql.execute()` and whoever takes `execute` out of it
 * later. Who has taken it before, as ES modules do by their first line, calls it unseen.
 * Fields have no spans of their own: there are thousands in an answer, and what takes time in them is a call that has one.
 * @throws TypeError when the value is not the graphql module
 */
export function wrapGraphql(setup: WatchSetup, module: unknown): Watch {
  const graphql = handedModule<{ execute: unknown; parse: unknown }>(
    module,
    ({ execute, parse }) => typeof execute === 'function' && typeof parse === 'function'
  )
  if (graphql === undefined)
    throw new TypeError(
      "instrument.graphql must be the graphql module: import * as graphql from 'graphql'"
    )
  const files = setup.guard(() => loadSteps(graphql))
  if (files === undefined)
    return notWatched(name, 'graphql is bundled into another file: it cannot be wrapped')
  const release = claimObject(files.execute)
  if (release === undefined) return watchedElsewhere(name)
  const watcher = new Watcher(setup)
  const undo = [
    wrapMethod(files.parse, 'parse', (original, self, args) =>
      watcher.follow(
        () => watcher.parse(),
        () => Reflect.apply(original, self, args)
      )
    ),
    wrapMethod(files.validate, 'validate', (original, self, args) =>
      watcher.follow(
        () => watcher.validate(args[1]),
        () => Reflect.apply(original, self, args)
      )
    ),
    wrapMethod(files.execute, 'execute', (original, self, args) =>
      watcher.follow(
        () => watcher.execute(args[0]),
        () => Reflect.apply(original, self, args)
      )
    )
  ]
  return {
    instrumented: { name, on: true, how: 'instrument: { graphql }, for those who import it later' },
    stop() {
      for (const restore of undo) restore?.()
      release()
    }
  }
}

/** What the files of the steps export. */
function loadSteps(graphql: object): Record<keyof typeof steps, object> | undefined {
  const file = filesOf(graphql) as ((path: string) => object) | undefined
  return (
    file && {
      parse: file(steps.parse),
      validate: file(steps.validate),
      execute: file(steps.execute)
    }
  )
}

class Watcher {
  readonly #setup: WatchSetup
  // Servers keep the documents that they have parsed: each is cleaned once.
  readonly #texts = new WeakMap<object, string>()

  constructor(setup: WatchSetup) {
    this.#setup = setup
  }

  follow(begin: () => Following | undefined, call: () => unknown): unknown {
    const { guard } = this.#setup
    const following = guard(begin)
    return following === undefined ? call() : followCall(guard, following, call)
  }

  // Schemas are parsed when a server starts, hundreds of them: no trace is made of that.
  parse(): Following | undefined {
    return this.#begin('graphql.parse', true)
  }

  validate(document: unknown): Following | undefined {
    return this.#begin('graphql.validate', true, (span) => this.#describe(span, document))
  }

  execute(request: unknown): Following | undefined {
    const document = get(request, 'document')
    const wanted = get(request, 'operationName')
    const operation = operationIn(document, wanted)
    const type = get(operation, 'operation')
    const title = get(get(operation, 'name'), 'value')
    const words = [type, title].filter((word) => typeof word === 'string')
    return this.#begin(words.join(' ') || 'graphql.execute', false, (span) => {
      if (typeof type === 'string') span.setAttribute('graphql.operation.type', type)
      if (typeof title === 'string') span.setAttribute('graphql.operation.name', title)
      this.#describe(span, document)
    })
  }

  #begin(
    title: string,
    inside: boolean,
    describe: (span: Span) => void = () => {}
  ): Following | undefined {
    const context = activeContext()
    if (isSuppressed(context) || (inside && context.span === undefined)) return undefined
    const span = this.#setup.tracer.start(title, { kind: SpanKind.internal }, context)
    if (!(span instanceof Span)) return undefined
    describe(span)
    return following(span, context)
  }

  #describe(span: Span, document: unknown): void {
    if (typeof document !== 'object' || document === null) return
    let text = this.#texts.get(document)
    if (text === undefined) {
      const source = get(get(get(document, 'loc'), 'source'), 'body')
      text = this.#clean(source)
      this.#texts.set(document, text)
    }
    if (text !== '') span.put('graphql.document', text)
  }

  #clean(source: unknown): string {
    const clean = this.#setup.redactor.attribute('graphql.document', source)
    return typeof clean === 'string' ? clean : ''
  }
}

function following(span: Span, context: Context): Following {
  return {
    context: context.withSpan(span),
    done(result) {
      // Errors are a part of the answer: a list of them, or beside the data.
      const errors = Array.isArray(result) ? (result as unknown[]) : get(result, 'errors')
      if (Array.isArray(errors) && errors.length > 0) setErrors(span, errors as unknown[])
      span.end()
    },
    failed(error) {
      setErrors(span, [error])
      span.end()
    }
  }
}

/** Errors whose stacks are kept; more of them say the same once more. */
const maxErrors = 8

function setErrors(span: Span, errors: readonly unknown[]): void {
  const first = readError(errors[0])
  for (const error of errors.slice(0, maxErrors)) {
    const original = get(error, 'originalError')
    if (original !== undefined && original !== null) span.recordException(original)
  }
  const own = get(errors[0], 'originalError') ?? errors[0]
  span.setAttribute('error.type', readError(own).type)
  span.setStatus({ code: StatusCode.error, message: cleanGraphqlMessage(first.message) })
}

/** The operation that will be executed: the one of that name, or the only one. */
function operationIn(document: unknown, wanted: unknown): unknown {
  const definitions = get(document, 'definitions')
  if (!Array.isArray(definitions)) return undefined
  const operations = (definitions as unknown[]).filter(
    (one) => get(one, 'kind') === 'OperationDefinition'
  )
  if (typeof wanted !== 'string' || wanted === '')
    return operations.length === 1 ? operations[0] : undefined
  return operations.find((one) => get(get(one, 'name'), 'value') === wanted)
}
