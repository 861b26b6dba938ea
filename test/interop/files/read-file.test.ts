import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { otlpFile, otlpSpan, process, takeIn, traceIdOf } from './setup.ts'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
const lines = (count: number): string[] =>
  numbers(count).map((n) => JSON.stringify(otlpFile(otlpSpan(n))))

describe('a file', () => {
  it('of OTLP JSON gives its traces, laid out or not', async () => {
    const file = otlpFile(otlpSpan(1), otlpSpan(2))
    for (const text of [JSON.stringify(file), JSON.stringify(file, null, 2)]) {
      const { kept, ...result } = await takeIn(text)
      expect(result).toEqual({
        traces: 2,
        spans: 2,
        known: 0,
        problems: [],
        moreProblems: 0,
        ids: [traceIdOf(1), traceIdOf(2)],
        names: ['span 1', 'span 2']
      })
      expect(kept.map(({ source, resource }) => [source, resource.service])).toEqual([
        ['ingest', 'shop'],
        ['ingest', 'shop']
      ])
    }
  })

  it('may begin with a byte order mark, blanks and empty lines', async () => {
    const text = JSON.stringify(otlpFile(otlpSpan(1)))
    for (const file of [`\ufeff${text}`, `\n\r\n  ${text}\n\n`])
      expect(await takeIn(file)).toMatchObject({ spans: 1, problems: [] })
  })

  it('of the Collector has a document in each line', async () => {
    for (const text of [lines(20).join('\n'), `${lines(20).join('\r\n\r\n')}\r\n`])
      expect(await takeIn(text)).toMatchObject({ traces: 20, problems: [] })
  })

  it('with a broken line in it loses that line alone, and names it', async () => {
    for (const broken of [
      '{"resourceSpans":[{"sco',
      'not json',
      '{"resourceMetrics":[]}',
      '[1,2',
      '}}'
    ]) {
      const all = lines(20)
      all[16] = broken
      const { names, problems } = await takeIn(all.join('\n'))
      expect(names).toEqual(
        numbers(20)
          .filter((n) => n !== 17)
          .map((n) => `span ${n}`)
      )
      expect(problems.map(({ line }) => line)).toEqual(broken === '}}' ? [17] : [17])
    }
  })

  it('whose first line is broken gives the others', async () => {
    const all = lines(5)
    all[0] = (all[0] as string).slice(0, -40)
    expect(await takeIn(all.join('\n'))).toMatchObject({ spans: 4, problems: [{ line: 1 }] })
  })

  it('with something after its end names that', async () => {
    const text = JSON.stringify(otlpFile(otlpSpan(1)))
    for (const [rest, column] of [
      ['\nbroken', 1],
      ['\n]', 1],
      ['\n  1, 2', 3]
    ] as const)
      expect(await takeIn(text + rest)).toMatchObject({
        spans: 1,
        problems: [{ line: 2, column, why: 'this belongs to nothing' }]
      })
    // Documents one after the other, without a line for each.
    expect(await takeIn(text + JSON.stringify(otlpFile(otlpSpan(2))))).toMatchObject({
      spans: 2,
      problems: []
    })
  })

  it('with a span that is no JSON loses that span alone', async () => {
    const text = JSON.stringify(otlpFile(...numbers(9).map((n) => otlpSpan(n))), null, 1)
    const at = text.split('\n').findIndex((line) => line.includes('"span 5"'))
    for (const broken of [
      text.replace('"span 5"', 'oops'),
      text.replace('"span 5"', '"span 5'),
      text.replace('"span 5"', ''),
      text.replace('"span 5"', '"sp\\xan 5"')
    ]) {
      const { names, problems } = await takeIn(broken)
      expect(names).toEqual(
        numbers(9)
          .filter((n) => n !== 5)
          .map((n) => `span ${n}`)
      )
      expect(problems).toEqual([{ line: at - 2, column: 7, why: 'this is not JSON' }])
    }
  })

  it('with spans that lack what a span must have names the line of each', async () => {
    const text = JSON.stringify(
      otlpFile(otlpSpan(1), otlpSpan(2, { traceId: 'x' }), otlpSpan(3), otlpSpan(4, { spanId: 7 })),
      null,
      2
    )
    const { names, problems } = await takeIn(text)
    expect(names).toEqual(['span 1', 'span 3'])
    const rows = text.split('\n')
    expect(problems.map(({ line }) => rows[line])).toEqual([
      expect.stringContaining('"traceId": "x"'),
      expect.stringContaining(`"traceId": "${traceIdOf(4)}"`)
    ])
    expect(problems[0]?.why).toContain('without a valid traceId')
  })

  it('with a process that cannot be read keeps its spans, as those of nobody', async () => {
    const bad = { resource: { attributes: 'BAD' }, scopeSpans: [{ spans: [otlpSpan(2)] }] }
    const file = { resourceSpans: [process(otlpSpan(1)), bad, process(otlpSpan(3))] }
    const text = JSON.stringify(file, null, 2).replace('"BAD"', 'BAD')
    const { kept, problems } = await takeIn(text)
    expect(kept.map(({ resource }) => resource.service)).toEqual([
      'shop',
      'unknown_service',
      'shop'
    ])
    expect(problems).toHaveLength(1)
    expect(text.split('\n')[(problems[0]?.line ?? 0) - 1]).toBe('    {')
  })

  it('that was cut off gives what is whole, and says where it ends', async () => {
    const text = JSON.stringify(otlpFile(...numbers(9).map((n) => otlpSpan(n))))
    const cut = text.slice(0, text.indexOf('"span 7"') + 3)
    const { names, problems } = await takeIn(cut)
    expect(names).toEqual(numbers(6).map((n) => `span ${n}`))
    expect(problems).toEqual([
      { line: 1, column: cut.lastIndexOf('{') + 1, why: 'what begins here never ends' }
    ])
  })

  it.each([
    ['nothing', '', 'no span'],
    ['blanks', ' \n ', 'no span'],
    ['OTLP without a span', '{"resourceSpans":[]}', 'no span'],
    ['prose', 'hello', 'not OTLP'],
    ['a list of nothing', '[]', 'not OTLP'],
    ['a list of numbers', '[1, 2]', 'not OTLP'],
    ['another object', '{"name":"x","version":"1.0"}', 'not OTLP'],
    ['a value that is called as a key is', '{"kind":"resourceSpans"}', 'not OTLP'],
    ['metrics', '{"resourceMetrics":[{"resource":{}}]}', 'not OTLP'],
    ['an endless list of spans', `{"resourceSpans":${'['.repeat(90_000)}`, 'never ends']
  ])('that is %s is refused with the reason', async (_, text, why) => {
    const { spans, problems } = await takeIn(text)
    expect(spans).toBe(0)
    expect(problems).toEqual([
      { line: 1, column: expect.any(Number) as number, why: expect.stringContaining(why) as string }
    ])
  })

  it('names a hundred problems and counts the rest', async () => {
    const result = await takeIn(Array.from({ length: 150 }, () => '{"x":1}').join('\n'))
    expect(result.problems).toHaveLength(100)
    expect(result.moreProblems).toBe(50)
  })

  it('of one trace with many spans is taken whole, in records of a few hundred', async () => {
    const spans = numbers(40_000).map((n) => otlpSpan(n, { traceId: traceIdOf(1) }))
    const { kept, ...result } = await takeIn(JSON.stringify(otlpFile(...spans)))
    expect(result).toMatchObject({ traces: 1, spans: 40_000, problems: [] })
    expect(Math.max(...kept.map((record) => record.spans.length))).toBeLessThan(1000)
    expect(kept.reduce((sum, record) => sum + record.droppedSpans, 0)).toBe(0)
  })

  it('of many processes is read in pieces, each span once', async () => {
    const file = { resourceSpans: numbers(9000).map((n) => process(otlpSpan(n))) }
    const { names } = await takeIn(JSON.stringify(file))
    expect(new Set(names).size).toBe(9000)
    expect(names).toHaveLength(9000)
  })
})

describe('whatever a file holds', () => {
  it('it is read to its end, and problems name places that it has', async () => {
    const begins = [
      '{"resourceSpans":[',
      '{"data":[',
      '{"traceEvents":[',
      '[{"traceId":',
      '[{"ph":',
      ''
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...begins),
        fc.array(
          fc.oneof(
            fc.constantFrom(
              ...Array.from('{}[],:"\\\n'),
              '"spans":[',
              '"scopeSpans":[',
              'null',
              lines(1)[0] as string
            ),
            fc.string({ maxLength: 5 }),
            fc.json({ maxDepth: 2 })
          ),
          { maxLength: 30 }
        ),
        async (begin, parts) => {
          const text = begin + parts.join('')
          const { problems, names } = await takeIn(text)
          const rows = text.split('\n')
          for (const { line, column, why } of problems) {
            expect(line).toBeGreaterThan(0)
            expect(line).toBeLessThanOrEqual(rows.length)
            expect(column).toBeGreaterThan(0)
            expect(why).not.toBe('')
          }
          for (const name of names) expect(name).toBe('span 1')
        }
      ),
      { numRuns: 500 }
    )
  })

  it('a change of one byte loses nothing without a word', async () => {
    const text = JSON.stringify(otlpFile(...numbers(5).map((n) => otlpSpan(n))), null, 1)
    const anywhere = fc.nat(text.length - 1)
    await fc.assert(
      fc.asyncProperty(anywhere, fc.constantFrom(...Array.from('x" 0{}[],')), async (at, by) => {
        const { names, problems } = await takeIn(text.slice(0, at) + by + text.slice(at + 1))
        expect(names.length).toBeLessThanOrEqual(5)
        if (names.length < 5) expect(problems.length).toBeGreaterThan(0)
      }),
      { numRuns: 1000 }
    )
  })

  it('a bracket too few or too many leaves the spans before it', async () => {
    const text = JSON.stringify(otlpFile(...numbers(5).map((n) => otlpSpan(n))), null, 1)
    for (const bracket of [...text.matchAll(/[{}[\]]/g)].slice(0, -6)) {
      const begin = text.slice(0, bracket.index)
      const before = begin.split('"startTime').length - 2
      for (const broken of [
        begin + text.slice(bracket.index + 1),
        `${begin}}${text.slice(bracket.index)}`
      ]) {
        const { names, problems } = await takeIn(broken)
        expect(names.length).toBeGreaterThanOrEqual(before)
        expect(problems.length).toBeGreaterThan(0)
      }
    }
  })
})
