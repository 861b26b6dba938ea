import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { PageApi } from '../tracing/setup.ts'
import { endAll, removeState, spanlight, startHub } from './process.ts'
import { otlpTrace, sendTrace } from './send.ts'

const folder = mkdtempSync(join(tmpdir(), 'spanlight-files-'))

afterEach(endAll)
afterAll(() => {
  removeState()
  rmSync(folder, { recursive: true })
})

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const traceId = 'cd'.repeat(16)
const one = JSON.stringify(otlpTrace({ name: 'from a file', traceId }))

describe('spanlight open', () => {
  it('shows the trace of a file on a page of its own, and prints the address of that trace', async () => {
    const path = file('one.json', one)
    const opened = spanlight(['open', path])
    const [, origin, place] = await opened.prints(/(http:\S+?)\/_traces\/(\S*)\n/)
    expect(place).toBe(`t/${traceId}`)
    await opened.prints(/Ctrl-C/)
    expect(opened.stdout).toContain(`${path}: 1 trace, 1 span\n`)
    expect(opened.stderr).toBe('')
    expect(await new PageApi(`${origin}/_traces`).named('from a file')).toMatchObject({ traceId })
  })

  it('reads several files, gzipped ones too, and names by line what it cannot read', async () => {
    const lines = [1, 2, 3].map((at) => JSON.stringify(otlpTrace({ name: `line ${at}` })))
    const good = file('lines.jsonl.gz', gzipSync(lines.join('\n')))
    const bad = file('broken.jsonl', `${lines[0]}\n${one.replace(traceId, 'no id')}\n${one}\n`)
    const opened = spanlight(['open', good, bad])
    const [, origin, place] = await opened.prints(/(http:\S+?)\/_traces\/(\S*)\n/)
    expect(place).toBe('')
    expect(opened.stdout).toContain(`${good}: 3 traces, 3 spans\n`)
    expect(opened.stdout).toContain(`${bad}: 2 traces, 2 spans\n`)
    const [said] = await opened.prints(/spanlight: .+\n/)
    expect(said).toMatch(new RegExp(`^spanlight: ${bad}:2:\\d+: .+\\n$`))
    const names = (await new PageApi(`${origin}/_traces`).traces()).map(({ name }) => name)
    expect(new Set(names)).toEqual(new Set(['line 1', 'line 2', 'line 3', 'from a file']))
  })

  it('hands files to a hub that runs, and ends', async () => {
    const { origin } = await startHub()
    await sendTrace(origin, { name: 'there before' })
    const { code, stdout, stderr } = await spanlight([
      'open',
      file('handed.json', one),
      '--to',
      origin
    ]).ended
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`${origin}/_traces/t/${traceId}`)
    const names = (await new PageApi(`${origin}/_traces`).traces()).map(({ name }) => name)
    expect(new Set(names)).toEqual(new Set(['there before', 'from a file']))
  })

  it('says what had to make room where the memory is too small', async () => {
    const traces = Array.from({ length: 40_000 }, (_, at) =>
      JSON.stringify(otlpTrace({ name: `a name of its own, ${at} of many, `.repeat(8) }))
    )
    const opened = spanlight(['open', file('many.jsonl', traces.join('\n')), '--memory', '8MB'])
    await opened.prints(/Ctrl-C/)
    const [, evicted] = await opened.prints(/(\d+) spans had to make room/)
    const [, origin] = await opened.prints(/(http:\S+?)\/_traces\//)
    const { ring } = await new PageApi(`${origin}/_traces`).get<{ ring: { evicted: number } }>(
      'status'
    )
    expect(ring.evicted).toBe(Number(evicted))
  })

  it('ends where there is nothing to show', async () => {
    const missing = join(folder, 'missing.json')
    const none = await spanlight(['open', missing]).ended
    expect(none).toMatchObject({
      code: 1,
      stderr: `spanlight: ${missing}: there is no such file\n`
    })
    const empty = await spanlight(['open', file('empty.json', '{}')]).ended
    expect([empty.code, empty.stderr]).toEqual([
      1,
      expect.stringContaining('nothing could be read')
    ])
    expect((await spanlight(['open']).ended).code).toBe(2)
  })
})
