import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { execFileSync } from 'node:child_process'
import { categories, spanFlag, type SpanDetail } from '../../../src/wire/trace.ts'
import { activity, bounds, errorTimes } from '../../../ui/trace/activity.ts'
import { asCurl } from '../../../ui/trace/curl.ts'
import { frames } from '../../../ui/trace/stack.ts'
import { operations, sortOperations } from '../../../ui/trace/table.ts'
import { columnsOf } from './fixture.ts'

describe('the minimap of a large trace', () => {
  it('counts the spans active in each slice by category, the root left out', () => {
    const columns = columnsOf([
      { depth: 0, start: 0, duration: 100, category: 0 },
      { depth: 1, start: 0, duration: 49, category: 1 },
      { depth: 1, start: 25, duration: 24, category: 1 },
      { depth: 1, start: 80, duration: 20, category: 2 }
    ])
    const { active, peak } = activity(columns, 4)
    const at = (slice: number, category: number) => active[slice * categories.length + category]
    expect([at(0, 1), at(1, 1), at(2, 1), at(3, 1)]).toEqual([1, 2, 0, 0])
    expect([at(0, 2), at(3, 2), at(0, 0)]).toEqual([0, 1, 0])
    expect(peak).toBe(2)
  })

  it('never counts below zero for spans of any place and length', () => {
    const spans = fc.array(
      fc.record({ start: fc.integer({ min: -500, max: 2000 }), duration: fc.nat(3000) }),
      { maxLength: 40 }
    )
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 64 }), (list, slices) => {
        const rows = [
          { depth: 0, start: 0, duration: 1000 },
          ...list.map((span) => ({ depth: 1, ...span }))
        ]
        for (const value of activity(columnsOf(rows), slices).active.slice(
          0,
          slices * categories.length
        )) {
          expect(value).toBeGreaterThanOrEqual(0)
        }
      })
    )
  })

  it('covers spans that began before the root', () => {
    expect(
      bounds(
        columnsOf([
          { depth: 0, start: 0, duration: 10 },
          { depth: 1, start: -5, duration: 5 }
        ])
      )
    ).toEqual({ from: -5, length: 15 })
  })

  it('marks where errors start', () => {
    const columns = columnsOf([
      { depth: 0, start: 0, duration: 10 },
      { depth: 1, start: 3, duration: 1, flags: spanFlag.error }
    ])
    expect(errorTimes(columns)).toEqual([3])
  })
})

describe('the table of operations', () => {
  const columns = columnsOf([
    { depth: 0, start: 0, duration: 100, name: 'GET /' },
    { depth: 1, start: 0, duration: 10, name: 'SELECT', flags: spanFlag.error },
    { depth: 1, start: 10, duration: 30, name: 'SELECT' }
  ])

  it('gathers equal spans with their time, longest, errors and rows', () => {
    const select = operations(columns).find((operation) => operation.name === 'SELECT')
    expect(select).toMatchObject({
      count: 2,
      total: 40,
      self: 40,
      max: 30,
      errors: 1,
      rows: [1, 2]
    })
  })

  it('puts the most time of its own first, and sorts by any column', () => {
    expect(operations(columns).map((operation) => operation.name)).toEqual(['GET /', 'SELECT'])
    expect(sortOperations(operations(columns), 'count', true)[0].name).toBe('SELECT')
    expect(sortOperations(operations(columns), 'name', false)[0].name).toBe('GET /')
  })
})

describe('copy as cURL', () => {
  const span = (attributes: SpanDetail['attributes']) => ({ attributes }) as SpanDetail

  it('is the request as one command, its own headers left out', () => {
    const command = asCurl(
      span([
        ['http.request.method', 'POST'],
        ['url.scheme', 'http'],
        ['server.address', 'localhost'],
        ['server.port', 3000],
        ['url.path', '/orders'],
        ['url.query', 'a=1'],
        ['http.request.header.accept', ['application/json']],
        ['http.request.header.host', ['localhost:3000']]
      ])
    )
    expect(command).toBe(
      "curl -X 'POST' 'http://localhost:3000/orders?a=1' -H 'accept: application/json'"
    )
  })

  it('is nothing for a span that is no request', () => {
    expect(asCurl(span([['db.system.name', 'postgresql']]))).toBeUndefined()
  })

  it('gives a shell exactly the words it was made of, hostile ones included', () => {
    // oxlint-disable-next-line no-control-regex
    const line = (text: string) => text.replace(/[\u0000-\u001f\u007f]+/g, ' ')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (value) => {
        const command = asCurl(
          span([
            ['http.request.method', 'GET'],
            ['url.full', value],
            ['http.request.header.x-a', [value]]
          ])
        )
        const words = execFileSync(
          'sh',
          ['-c', `curl() { for w in "$@"; do printf '%s\\n' "$w"; done; }; ${command}`],
          { encoding: 'utf8' }
        )
        expect(words).toBe(`${line(value)}\n-H\nx-a: ${line(value)}\n`)
      }),
      { numRuns: 60 }
    )
  })
})

describe('a stack trace', () => {
  it('is taken apart into function, file, line and whether it is the program itself', () => {
    const [message, own, dependency, node, anonymous] = frames(
      'TypeError: x\n    at byId (/srv/app/repo.ts:88:5)\n    at async Pool.query (/srv/node_modules/pg/i.js:1:2)\n    at node:internal/x:3:4\n    at file:///srv/app/a.mjs:7:1'
    )
    expect(message).toMatchObject({ text: 'TypeError: x', file: '', own: false })
    expect(own).toMatchObject({
      fn: 'byId',
      file: '/srv/app/repo.ts',
      line: 88,
      column: 5,
      own: true
    })
    expect(dependency).toMatchObject({ fn: 'Pool.query', own: false })
    expect(node).toMatchObject({ file: 'node:internal/x', own: false })
    expect(anonymous).toMatchObject({ file: '/srv/app/a.mjs', line: 7, own: true })
  })

  it('never loses a line', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(
          frames(text)
            .map((frame) => frame.text)
            .join('\n')
        ).toBe(text)
      })
    )
  })
})
