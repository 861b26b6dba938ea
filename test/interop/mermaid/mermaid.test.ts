import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { mermaidParts } from '../../../src/interop/mermaid/encode.ts'
import { flat, record as recordOf, request, span } from '../../query/fixtures.ts'
import { record } from '../otlp/setup.ts'
import { parseDiagram } from './grammar.ts'

const encoded = (records: Iterable<TraceRecord>): string => [...mermaidParts(records)].join('')

function query(id: number, parent: number, ms: number, fields: Partial<SpanData> = {}): SpanData {
  const attributes = flat({ 'db.system.name': 'postgresql' })
  const times = { start: id * 1e5, duration: ms * 1e6 }
  return span({ id, parent, kind: 2, name: 'SELECT orders', attributes, ...times, ...fields })
}

describe('a sequence diagram', () => {
  it('shows who calls whom, what failed, and repetitions once', () => {
    const pay = flat({ 'server.address': 'pay.example', 'server.port': 443 })
    const children = [
      span({ id: 1, parent: 1000, name: 'handler', duration: 200e6 }),
      ...Array.from({ length: 38 }, (_, i) => query(100 + i, 1, 3)),
      span({ id: 2, parent: 1, kind: 2, name: 'GET', start: 2e7, duration: 50e6 }),
      span({ id: 3, parent: 1, kind: 2, status: 2, name: 'POST', start: 8e7, attributes: pay }),
      span({
        id: 4,
        parent: 1,
        kind: 3,
        name: 'send mail',
        start: 9e7,
        duration: 1e6,
        attributes: flat({ 'messaging.system': 'rabbitmq' })
      })
    ]
    const served = span({
      id: 10,
      parent: 2,
      parentRemote: true,
      kind: 1,
      name: 'GET /stock',
      start: 21e6
    })
    const diagram = encoded([
      request({ trace: 1, duration: 240, children, service: 'shop' }),
      recordOf([served, query(11, 10, 7, { start: 22e6 })], { service: 'storage' })
    ])
    expect(diagram.split('\n')).toEqual([
      'sequenceDiagram',
      '  participant p1 as caller',
      '  participant p2 as shop',
      '  participant p3 as postgresql',
      '  participant p4 as storage',
      '  participant p5 as pay.example:443',
      '  participant p6 as rabbitmq',
      '  p1->>p2: GET /orders',
      '  activate p2',
      '    loop 38x (114 ms)',
      '      p2->>p3: SELECT orders',
      '    end',
      '    p2->>p4: GET',
      '    activate p4',
      '      p4->>p3: SELECT orders (7 ms)',
      '    p4-->>p2: 50 ms',
      '    deactivate p4',
      '    p2-xp5: POST (failed, 0.001 ms)',
      '    p2-)p6: send mail (1 ms)',
      '  p2-->>p1: 240 ms',
      '  deactivate p2',
      ''
    ])
    parseDiagram(diagram)
  })

  it('folds calls that lead to the same calls, and tells a service from a database of its name', () => {
    const calls = [1, 2, 3].map((id) =>
      span({ id, parent: 1000, kind: 2, name: 'GET', start: id * 1e6 })
    )
    const served = calls.map((_call, i) =>
      recordOf(
        [
          span({ id: 10 + i, parent: i + 1, kind: 1, parentRemote: true, start: i * 1e6 }),
          query(20 + i, 10 + i, 1, { start: (i + 1) * 1e6, status: i === 2 ? 2 : 0 })
        ],
        { service: 'postgresql' }
      )
    )
    const lines = parseDiagram(encoded([request({ trace: 1, children: calls }), ...served]))
    const names = lines.filter(({ kind }) => kind === 'participant').map(({ parts }) => parts[1])
    expect(names).toEqual(['caller', 'api', 'postgresql', 'postgresql'])
    expect(lines.filter(({ kind }) => kind === 'loop').map(({ parts }) => parts[0])).toEqual(['2'])
    expect(lines.filter(({ parts }) => parts[1] === '-x')).toHaveLength(1)
  })

  it('shows work that nobody called, and nothing where nothing is', () => {
    const job = span({ id: 1, name: 'nightly', duration: 2.5e9 })
    const lines = parseDiagram(encoded([recordOf([job], { service: 'cron' })]))
    expect(lines.at(-1)?.parts).toEqual(['p1', 'nightly (2.5 s)'])
    expect(parseDiagram(encoded([]))).toHaveLength(1)
  })

  it('stays within what Mermaid takes, and says what it left out', () => {
    const spans = Array.from({ length: 3000 }, (_, i) =>
      span({
        id: i + 1,
        parent: i === 0 ? undefined : 1,
        kind: 2,
        name: `call ${i}`,
        start: i,
        attributes: flat({ 'peer.service': `s${i % 100}` })
      })
    )
    const wide = encoded([recordOf(spans)])
    expect(wide.length).toBeLessThan(50_000)
    const lines = parseDiagram(wide)
    const drawn = lines.filter(({ kind, parts }) => kind === 'arrow' && !parts[1].startsWith('--'))
    expect(lines.at(-1)?.parts[1]).toBe(`${3000 - drawn.length} more are not drawn`)
    const chain = Array.from({ length: 5000 }, (_, i) =>
      recordOf([span({ id: i + 1, parent: i === 0 ? undefined : i, kind: 1, start: i })], {
        service: `s${i % 2}`
      })
    )
    parseDiagram(encoded(chain))
    const unknown = Array.from({ length: 20_000 }, (_, i) =>
      span({ id: i + 1, parent: i === 0 ? undefined : i, kind: 2, start: i })
    )
    expect(parseDiagram(encoded([recordOf(unknown)])).at(-1)?.parts[1]).toBe('1 more are not drawn')
  })

  it('draws several traces below each other', () => {
    const lines = parseDiagram(encoded([request({ trace: 1 }), request({ trace: 2, route: '/b' })]))
    expect(lines.filter(({ kind }) => kind === 'arrow').map(({ parts }) => parts[3])).toEqual([
      'GET /orders (10 ms)',
      'GET /b (10 ms)'
    ])
  })

  it('lets no name be anything but a name', () => {
    const texts = ['wrap: x', 'end', 'a\nend\nparticipant x', 'x; y', '%%{init: {}}%%', '#35;']
    const evil = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 15 }),
      fc.constantFrom(...texts, '<b>', '$$x$$', 'p1->>p2: c', '\u2028Note over p1: x', '\ud83d', '')
    )
    const seed = fc.record({
      parent: fc.nat(9),
      kind: fc.constantFrom(0, 1, 2, 3, 4),
      status: fc.constantFrom(0, 2),
      name: evil,
      far: fc.nat(2),
      peer: evil
    })
    fc.assert(
      fc.property(
        fc.array(seed, { minLength: 1, maxLength: 20 }),
        fc.tuple(evil, evil, evil),
        (seeds, services) => {
          const spans = seeds.map(({ parent, kind, status, name, peer }, i) =>
            span({
              id: i + 1,
              parent: i === 0 ? undefined : (parent % i) + 1,
              start: i * 1000,
              kind,
              status,
              name,
              attributes: flat({ 'peer.service': peer })
            } as Parameters<typeof span>[0])
          )
          const records = services
            .map((service, n) =>
              recordOf(
                spans.filter((_one, i) => seeds[i].far === n),
                { service }
              )
            )
            .filter((one) => one.spans.length > 0)
          expect(parseDiagram(encoded(records)).length).toBeGreaterThan(0)
        }
      ),
      { numRuns: 300 }
    )
    fc.assert(
      fc.property(record, (one) => void parseDiagram(encoded([one]))),
      { numRuns: 50 }
    )
  })

  it('keeps a name readable, cut to eighty characters', () => {
    const nameOf = (name: string): string | undefined =>
      parseDiagram(encoded([recordOf([span({ id: 1, name })])])).at(-1)?.parts[1]
    expect(nameOf('a; b <c> #1 {d} %% Größe 日本')).toBe('a; b <c> #1 {d} %% Größe 日本 (0.001 ms)')
    expect(nameOf('x'.repeat(200))).toBe(`${'x'.repeat(80)}... (0.001 ms)`)
    expect(nameOf('wrap: me')).toBe('wrap: me (0.001 ms)')
  })
})
