import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeText, header, least } from './setup.ts'

/** A document with everything that one may have. */
const full = {
  ...least,
  parent_id: 'b'.repeat(16),
  origin: 'AWS::EC2::Instance',
  user: 'u',
  fault: true,
  http: { request: { method: 'GET', url: 'http://h:1/p?q' }, response: { status: 500 } },
  aws: { xray: { sdk: 's' }, ec2: { instance_id: 'i' } },
  service: { version: '1' },
  annotations: { a: 1, b: true },
  metadata: { default: { x: [1, { y: 'z' }] } },
  cause: { exceptions: [{ type: 'E', message: 'm', stack: [{ path: 'p', line: 1, label: 'l' }] }] },
  links: [{ trace_id: least.trace_id, id: 'c'.repeat(16) }],
  sql: { url: 'x://u:p@h/d', sanitized_query: 'select 1', database_type: 'MySQL' },
  subsegments: [
    {
      ...least,
      id: 'd'.repeat(16),
      namespace: 'aws',
      subsegments: [{ ...least, id: 'e'.repeat(16), namespace: 'remote', in_progress: true }]
    }
  ]
}

function check(text: string): void {
  const read = decodeText(text)
  if ('error' in read) return
  for (const { traceId, epochMs, spans } of read.records) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(Number.isSafeInteger(epochMs)).toBe(true)
    for (const span of spans) {
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
      expect(Number.isSafeInteger(span.start) && Number.isSafeInteger(span.duration)).toBe(true)
      expect(span.duration).toBeGreaterThanOrEqual(0)
      for (const text of [span.name, span.statusMessage]) expect(typeof text).toBe('string')
      for (const event of span.events) expect(Number.isSafeInteger(event.time)).toBe(true)
      for (let i = 1; i < span.attributes.length; i += 2) {
        const value = span.attributes[i] as unknown
        for (const item of Array.isArray(value) ? value : [value])
          expect(['string', 'number', 'boolean']).toContain(typeof item)
      }
    }
  }
}

/** Every place in a JSON value, as a way to change it. */
function places(value: unknown): ((to: unknown) => void)[] {
  const found: ((to: unknown) => void)[] = []
  const pending = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const holder = next as Record<string, unknown>
    for (const key of Object.keys(holder)) {
      found.push((to) => (holder[key] = to))
      pending.push(holder[key])
    }
  }
  return found
}

const odd = fc.oneof(
  fc.constantFrom(null, true, -1, 1e308, '', '\ud800', [], {}, [[]], '__proto__'),
  fc.jsonValue({ maxDepth: 4 })
)

it('a document survives any change of any value', () => {
  const changes = fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(changes, (list) => {
      const document = structuredClone(full) as unknown
      for (const [at, to] of list) {
        const all = places(document)
        // A copy: the same object put into itself would make a document without an end.
        all[at % all.length]?.(structuredClone(to))
      }
      check(header + JSON.stringify(document))
    }),
    { numRuns: 1500 }
  )
})

it('a body survives any change of any byte, and any cut', () => {
  const whole = Buffer.from((header + JSON.stringify(full) + '\n').repeat(2))
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(changes, fc.nat(), (list, cut) => {
      const bytes = Buffer.from(whole)
      for (const [at, to] of list) bytes[at % bytes.length] = to
      check(bytes.toString('latin1'))
      check(bytes.toString('utf8', 0, cut % bytes.length))
    }),
    { numRuns: 1000 }
  )
})

it.each(['{"subsegments":[', '{"metadata":', '{"cause":{"exceptions":['])(
  'a document of nothing but %s harms nobody',
  (open) => {
    const close = { '{': '}', '[': ']' } as Record<string, string>
    const ends = open
      .split('')
      .filter((one) => one in close)
      .reverse()
    const depth = Math.floor(60_000 / (open.length + ends.length))
    const value =
      open.repeat(depth) +
      '1' +
      ends
        .map((one) => close[one])
        .join('')
        .repeat(depth)
    const document = JSON.stringify({ ...least, subsegments: '@', metadata: '@', cause: '@' })
    for (const name of ['subsegments', 'metadata', 'cause'])
      check(header + document.replace(`"${name}":"@"`, () => `"${name}":${value}`))
  }
)
