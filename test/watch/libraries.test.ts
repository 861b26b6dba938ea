import { describe, expect, it } from 'vitest'
import { moduleNames } from '../../src/watch/instrument.ts'
import { knownLibraries } from '../../src/watch/known-libraries.ts'
import { isBefore, type Recorded, tellLibraries } from '../../src/watch/libraries.ts'
import { instrumentable } from '../../src/watch/modules.ts'
import { published } from '../../src/watch/published.ts'
import type { LibraryStatus } from '../../src/wire/status.ts'

const nothing: Recorded = {
  instrumented: [],
  followed: new Set(),
  frameworks: new Set(),
  scopes: new Set()
}
const everything: Recorded = { ...nothing, followed: new Set(published.map(({ name }) => name)) }

function tell(found: Record<string, string>, recorded: Partial<Recorded> = {}): LibraryStatus[] {
  return tellLibraries(new Map(Object.entries(found)), { ...nothing, ...recorded })
}

function one(name: string, version: string, recorded: Partial<Recorded> = {}): LibraryStatus {
  return tell({ [name]: version }, recorded)[0] as LibraryStatus
}

describe('the table of libraries', () => {
  it('says of a channel only what is followed, and from the version that the watch names', () => {
    const own = new Map(published.map(({ name, since }) => [name, since]))
    for (const { name, ways } of knownLibraries.values())
      for (const way of ways)
        if (way.by === 'channels' && name !== 'pino') expect(own.get(name), name).toBe(way.since)
    for (const name of own.keys())
      expect(knownLibraries.get(name)?.ways[0], name).toMatchObject({ by: 'channels' })
  })

  it('has a line for every module that can be handed over', () => {
    expect([...instrumentable.keys()].filter((name) => !knownLibraries.has(name))).toEqual([])
    for (const name of moduleNames) {
      const { traced, line = '' } = one(name, '99.0.0', everything)
      expect(traced, name).toBe(false)
      // A name in quotes stands for a module whose name is none of JavaScript's.
      expect(line, name).toMatch(
        /^tracing\(\{ instrument: \{ (?:\w+|'[^']+': \w+) \} \}\) \/\/ import /
      )
      expect(line, name).toContain(`from '${name}'`)
    }
  })

  it('claims nothing as traced while nothing is recorded', () => {
    const found = Object.fromEntries([...knownLibraries.keys()].map((name) => [name, '99.0.0']))
    for (const library of tell(found)) {
      expect(library.traced, library.name).toBe(false)
      expect(library.how, library.name).not.toBe('')
    }
  })
})

describe('a library of the project', () => {
  it('is traced when a watch says so, in the words of the watch', () => {
    const instrumented = [{ name: 'pg', on: true, how: 'instrument: { pg }' }]
    expect(one('pg', '8.1.0', { instrumented })).toEqual({
      name: 'pg',
      version: '8.1.0',
      traced: true,
      how: 'instrument: { pg }'
    })
    const frozen = [{ name: 'pg', on: false, how: 'pg.Client is frozen' }]
    expect(one('pg', '8.1.0', { instrumented: frozen })).toMatchObject({
      traced: false,
      how: 'pg.Client is frozen'
    })
  })

  it('with channels of its own is traced from the first version that has them', () => {
    const [{ name, since }] = published as [(typeof published)[0]]
    expect(one(name, since, everything)).toMatchObject({ traced: true })
    expect(one(name, '1.0.0', everything)).toMatchObject({
      traced: false,
      how: expect.stringContaining(since) as string,
      line: `npm install ${name}@^${since}`
    })
    expect(one(name, '', everything)).toMatchObject({ traced: false })
    expect(one(name, since, nothing)).toMatchObject({ traced: false })
  })

  it('of pino is handed over when it is old, and found by itself when it is not', () => {
    const followed = new Set(['pino'])
    expect(one('pino', '8.21.0', { followed }).line).toContain('instrument: { pino }')
    expect(one('pino', '10.4.0', { followed })).toMatchObject({ traced: true })
    expect(one('pino', '10.4.0')).toMatchObject({ traced: false })
  })

  it('too old to be handed over says which version would do', () => {
    expect(one('winston', '2.4.0')).toMatchObject({ line: 'npm install winston@^3.3.0' })
  })

  it('that serves is traced once a request came through it', () => {
    expect(one('express', '5.0.0').line).toContain("'spanlight/express'")
    expect(one('express', '5.0.0', { frameworks: new Set(['express 5']) }).traced).toBe(true)
    expect(one('fastify', '5.0.0', { frameworks: new Set(['express 5']) })).toMatchObject({
      traced: false,
      line: 'node --import spanlight/register app.js'
    })
    expect(one('hono', '4.0.0', { frameworks: new Set(['http']) }).traced).toBe(true)
    expect(one('@nestjs/core', '12.0.0', { frameworks: new Set(['express 5']) }).traced).toBe(true)
  })

  it('that is a layer is as its drivers are, all of them', () => {
    const instrumented = [{ name: 'pg', on: true, how: 'x' }]
    expect(tell({ knex: '3.1.0', pg: '8.1.0' }, { instrumented })).toContainEqual({
      name: 'knex',
      version: '3.1.0',
      traced: true,
      how: 'its statements, by pg'
    })
    const two = tell({ knex: '3.1.0', pg: '8.1.0', 'better-sqlite3': '12.0.0' }, { instrumented })
    expect(two.find(({ name }) => name === 'knex')).toMatchObject({
      traced: false,
      how: 'through better-sqlite3, which is not traced',
      line: expect.stringContaining("'better-sqlite3': Database") as string
    })
    expect(one('knex', '3.1.0')).toMatchObject({ traced: false })
  })

  it('that sends by Node is traced as far as that is', () => {
    const instrumented = [{ name: 'http', on: true, how: 'x' }]
    expect(one('axios', '1.0.0', { instrumented }).traced).toBe(true)
    expect(one('undici', '7.0.0', { instrumented }).traced).toBe(false)
  })

  it('that OpenTelemetry traces is so once its tracer was asked for', () => {
    const scopes = new Set(['@opentelemetry/instrumentation-grpc'])
    expect(one('@grpc/grpc-js', '1.0.0').line).toContain('GrpcInstrumentation')
    expect(one('@grpc/grpc-js', '1.0.0', { scopes })).toMatchObject({ traced: true })
  })

  it('that nothing traces says why, and has no line', () => {
    const { traced, how, line } = one('postgres', '3.4.7')
    expect([traced, line]).toEqual([false, undefined])
    expect(how).not.toBe('')
  })

  it('stands in the order of what can be done about it; unknown ones do not stand there', () => {
    const instrumented = [{ name: 'pino', on: true, how: 'x' }]
    const names = tell(
      { pino: '10.0.0', unknown: '1.0.0', ws: '8.0.0', winston: '3.19.0', pg: '8.0.0' },
      { instrumented }
    ).map(({ name }) => name)
    expect(names).toEqual(['pg', 'winston', 'ws', 'pino'])
  })
})

it.each([
  ['3.19.9', '3.20.0', true],
  ['3.20.0', '3.20.0', false],
  ['3.20.0-beta.1', '3.20.0', false],
  ['10.0.0', '9.10.0', false],
  ['9', '9.10.0', true],
  ['odd', '1.0.0', true]
])('version %s is before %s: %s', (version, since, expected) => {
  expect(isBefore(version, since)).toBe(expected)
})
