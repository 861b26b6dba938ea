import type { Range } from '../../trace/bounded-body.ts'
import type { Shape } from './places.ts'

/** What a document can be. */
export type FileKind = 'otlp' | 'jaeger' | 'zipkin' | 'chrome'

/** How a kind of document is taken apart and put together. */
export interface Grammar extends Shape {
  readonly kind: FileKind
  /** What stands before and after elements that are read as a document of their own. */
  readonly around: readonly [string, string]
  /** The same for one part. */
  readonly aroundPart: readonly [string, string]
  /** Its elements must be read together: what belongs together stands anywhere among them. */
  readonly together: boolean
}

const otlp: Grammar = {
  kind: 'otlp',
  path: ['resourceSpans', '*', 'scopeSpans', '*', 'spans', '*'],
  element: 2,
  around: ['{"resourceSpans":[', ']}'],
  aroundPart: ['{"resourceSpans":[{"scopeSpans":[{"spans":[', ']}]}]}'],
  together: false
}

const jaeger: Grammar = {
  kind: 'jaeger',
  path: ['data', '*', 'spans', '*'],
  element: 2,
  around: ['{"data":[', ']}'],
  aroundPart: ['{"data":[{"spans":[', '],"processes":{}}]}'],
  together: false
}

const list: readonly [string, string] = ['[', ']']
const nothing: readonly [string, string] = ['', '']

/** A trace of Jaeger alone, and a list of them. */
const jaegerTrace: Grammar = { ...jaeger, path: ['spans', '*'], element: 0, around: nothing }
const jaegerTraces: Grammar = { ...jaeger, path: ['*', 'spans', '*'], element: 1, around: list }

const zipkin: Grammar = {
  kind: 'zipkin',
  path: ['*'],
  element: 1,
  around: list,
  aroundPart: list,
  together: false
}

/** As Zipkin's own API gives several traces: each of them is a document. */
const zipkinTraces: Grammar = {
  kind: 'zipkin',
  path: ['*', '*'],
  element: 1,
  around: nothing,
  aroundPart: list,
  together: false
}

const chrome: Grammar = {
  kind: 'chrome',
  path: ['traceEvents', '*'],
  element: 2,
  around: ['{"traceEvents":[', ']}'],
  aroundPart: ['{"traceEvents":[', ']}'],
  together: true
}

const chromeList: Grammar = { ...chrome, path: ['*'], element: 1 }

/** By the keys of what it begins with. */
const ofRoot = new Map([
  ['resourceSpans', otlp],
  ['data', jaeger],
  ['traceID', jaegerTrace],
  ['traceEvents', chrome]
])
const ofItem = new Map([
  ['traceId', zipkin],
  ['traceID', jaegerTraces],
  ['ph', chromeList]
])

const quote = 0x22
const backslash = 0x5c
const openList = 0x5b
const colon = 0x3a
/** What tells a document apart stands near its begin; the rest of a file may be anything. */
const farthest = 65_536

/** What a JSON document is, by the keys that it begins with; undefined for what is none of a trace. */
export function recognise(body: Buffer, { begin, end }: Range): Grammar | undefined {
  const root = body[begin]
  let depth = 0
  for (let i = begin; i < Math.min(end, begin + farthest); i++) {
    const byte = body[i] as number
    if (byte === quote) {
      const from = i + 1
      i = endOfString(body, from, end)
      const known = root === openList ? depth === 2 && ofItem : depth === 1 && ofRoot
      const found = known && known.get(body.toString('latin1', from, i))
      if (found && isKey(body, i + 1)) return found
    } else if ((byte | 0x20) === 0x7b) {
      if (++depth === 2 && root === openList && byte === openList) return zipkinTraces
    } else if ((byte | 0x20) === 0x7d) depth--
  }
  return undefined
}

function isKey(body: Buffer, from: number): boolean {
  let i = from
  while ((body[i] ?? colon) <= 0x20) i++
  return body[i] === colon
}

function endOfString(body: Buffer, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    if (body[i] === backslash) i++
    else if (body[i] === quote) return i
  }
  return end
}
