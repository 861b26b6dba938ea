import { afterEach, expect, test } from 'vitest'
import { type Program, start } from './child.ts'

const programs: Program[] = []

afterEach(async () => {
  for (const program of programs.splice(0)) await program.kill()
})

interface Told {
  readonly text: string
  readonly after: string
  readonly channels: readonly string[]
  readonly answers: readonly unknown[]
  readonly left: readonly string[]
}

test.each([
  ['that is traced by a call', { register: false, instrument: true }],
  ['that is traced by spanlight/register', { register: true, instrument: false }]
])('nonsense on the channels we listen to harms no process %s', async (_title, how) => {
  const program = start('channels-app.js', { NODE_ENV: 'development' })
  programs.push(program)
  program.tell(how)
  const told = await program.heard<Told>()
  expect(await program.ended).toEqual({ code: 0, signal: null })
  expect(told).toMatchObject({ text: 'ok', after: 'ok', answers: [7], left: [] })
  expect(program.output).not.toContain('Uncaught')
  for (const name of ['tracing:pino_asJson:end', 'tracing:ioredis:command:asyncStart'])
    expect(told.channels).toContain(name)
  expect(told.channels.includes('http.server.request.start')).toBe(how.register)
  expect(told.channels.length).toBeGreaterThan(40)
})
