import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { activeContext } from '../../src/context/context.ts'
import { wrapGraphql } from '../../src/watch/graphql.ts'
import type { Watch } from '../../src/watch/watch.ts'
import { library } from '../libraries/library.js'
import { type Kept, type Recorder, record } from './setup.ts'

interface Result {
  data?: unknown
  errors?: readonly unknown[]
}

interface Request {
  schema: object
  source: string
  variableValues?: object
  operationName?: string
  rootValue?: object
}

interface Graphql {
  graphql(request: Request): Promise<Result>
  graphqlSync(request: Request): Result
  buildSchema(text: string): object
  parse(text: string, options?: object): object
  validate(schema: object, document: object): readonly unknown[]
  execute(request: Omit<Request, 'source'> & { document: object }): Result | Promise<Result>
  subscribe(request: Omit<Request, 'source'> & { document: object }): Promise<AsyncIterable<Result>>
}

const graphql = library('graphql') as Graphql
const { execute: takenBefore } = graphql

const schema = graphql.buildSchema(`
  type Query { greet(name: String, times: Int): String, where: String, bad: String }
  type Mutation { add(name: String): Int }
  type Subscription { ticks: Int }
`)

class NoSuchName extends Error {}

const rootValue = {
  greet: ({ name }: { name: string }) => Promise.resolve(`hello ${name}`),
  where: () => activeContext().span?.spanContext().spanId,
  add: () => 1,
  bad() {
    throw new NoSuchName('nobody is called that')
  },
  async *ticks() {
    yield { ticks: 1 }
    yield { ticks: 2 }
  }
}

let recorder: Recorder
let watch: Watch

beforeEach(() => {
  recorder = record()
  watch = wrapGraphql(recorder.setup, graphql)
})

afterEach(() => {
  watch.stop()
  recorder.close()
})

async function ask(source: string, more: object = {}): Promise<Result> {
  return await recorder.inRequest('request', () =>
    graphql.graphql({ schema, source, rootValue, ...more })
  )
}

const named = (name: string): Kept | undefined => recorder.spans.find((span) => span.name === name)

test('a request is parsed, validated and executed, each a span of its own', async () => {
  const result = await ask('query Hello($n: String) { greet(name: $n, times: 3) }', {
    variableValues: { n: 'ann' }
  })
  expect(result).toEqual({ data: { greet: 'hello ann' } })
  const [request] = await recorder.wait('request')
  const document = 'query Hello($n: String) { greet(name: $n times: ?) }'
  expect(recorder.spans.map(({ name, parentId }) => [name, parentId])).toEqual([
    ['request', undefined],
    ['graphql.parse', request?.spanId],
    ['graphql.validate', request?.spanId],
    ['query Hello', request?.spanId]
  ])
  expect(named('graphql.validate')?.attributes).toEqual({ 'graphql.document': document })
  expect(named('query Hello')).toMatchObject({
    kind: 0,
    status: 0,
    attributes: {
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Hello',
      'graphql.document': document
    }
  })
})

test('fields are resolved in the span of their operation, which ends with the last of them', async () => {
  const result = await ask('{ where greet(name: "bob") }')
  await recorder.wait('query')
  expect(result.data).toMatchObject({ where: named('query')?.spanId })
})

test('of several operations the one that is asked for is told', async () => {
  const source = 'query A { where } mutation B { add(name: "x") }'
  await ask(source, { operationName: 'B' })
  expect(named('mutation B')?.attributes).toMatchObject({ 'graphql.operation.type': 'mutation' })
  await ask(source)
  expect(named('graphql.execute')).toMatchObject({ status: 2 })
})

test('what a resolver throws is in the answer and on the span', async () => {
  const result = await ask('{ bad }')
  expect(result.errors).toHaveLength(1)
  expect(named('query')).toMatchObject({
    status: 2,
    statusMessage: 'nobody is called that',
    events: ['exception'],
    attributes: { 'error.type': 'NoSuchName' }
  })
})

test('what is no GraphQL, or does not fit the schema, is said without the values in it', async () => {
  await ask('{ greet(name: "ann" "secret") }')
  expect(named('graphql.parse')).toMatchObject({
    status: 2,
    statusMessage: 'Syntax Error: Expected Name, found ?',
    attributes: { 'error.type': 'GraphQLError' }
  })
  await ask('{ greet(name: 12345) }')
  expect(named('graphql.validate')).toMatchObject({
    status: 2,
    statusMessage: 'String cannot represent a non string value: ?'
  })
})

test('outside of a request, parsing and validating make no trace', () => {
  const document = graphql.parse('{ where }')
  graphql.validate(schema, document)
  expect(recorder.spans).toEqual([])
  void graphql.execute({ schema, document, rootValue })
  expect(recorder.spans.map((span) => span.name)).toEqual(['query'])
})

test('what executes at once gives its answer at once', () => {
  expect(graphql.graphqlSync({ schema, source: '{ where }', rootValue })).toMatchObject({
    data: { where: named('query')?.spanId }
  })
})

test('each event of a subscription is executed in a span', async () => {
  const document = graphql.parse('subscription Ticks { ticks }')
  const events = []
  for await (const event of await graphql.subscribe({ schema, document, rootValue }))
    events.push(event)
  expect(events).toEqual([{ data: { ticks: 1 } }, { data: { ticks: 2 } }])
  expect(recorder.spans.map((span) => span.name)).toEqual([
    'subscription Ticks',
    'subscription Ticks'
  ])
})

test('what was taken out of the module before is not seen, and works', () => {
  const result = takenBefore({ schema, document: graphql.parse('{ where }'), rootValue })
  expect(result).toEqual({ data: { where: null } })
  expect(recorder.spans).toEqual([])
})

test('documents without a source and requests of no sense are graphql-js to refuse', () => {
  const document = graphql.parse('{ where }', { noLocation: true })
  void graphql.execute({ schema, document, rootValue })
  expect(named('query')?.attributes).toEqual({ 'graphql.operation.type': 'query' })
  const odd = graphql.execute as (request: unknown) => unknown
  expect(() => odd(undefined)).toThrow(TypeError)
  expect(() => odd({ schema })).toThrow('Must provide document.')
  expect(recorder.said).toEqual([])
})

test('everything is put back', () => {
  const wrapped = graphql.execute
  watch.stop()
  expect(graphql.execute).toBe(takenBefore)
  expect([wrapped.name, wrapped.length]).toEqual(['execute', takenBefore.length])
})

test('of an ES module, what calls by way of graphql() is seen', async () => {
  const path = pathToFileURL(library.resolve('graphql')).href
  const namespace = (await import(/* @vite-ignore */ path)) as Graphql
  watch.stop()
  watch = wrapGraphql(recorder.setup, namespace)
  expect(watch.instrumented).toMatchObject({ name: 'graphql', on: true })
  await recorder.inRequest('request', () =>
    namespace.graphql({ schema, source: '{ where }', rootValue })
  )
  expect(named('query')).toBeDefined()
})

test('anything else than the module is refused by name', () => {
  for (const wrong of [undefined, 'graphql', {}, { execute() {} }])
    expect(() => wrapGraphql(recorder.setup, wrong)).toThrow(/^instrument\.graphql must be/)
})

test('a module whose files cannot be found is said to be unwatched', () => {
  const bundled = { execute() {}, parse() {} }
  expect(wrapGraphql(recorder.setup, bundled).instrumented).toMatchObject({ on: false })
})
