import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { describeWith } from './describe.ts'
import { host, type Server } from './home.ts'
import { startMariadb } from './mariadb.ts'
import { startPostgres } from './postgres.ts'
import { startRabbitmq } from './rabbitmq.ts'
import { startRedis } from './redis.ts'

for (const start of [startMariadb, startPostgres, startRabbitmq, startRedis])
  await describeWith(start, start.name, (server) => {
    test('answers when it is there, and no more when it was stopped', async () => {
      expect(await answers(server)).toBe(true)
      await server.stop()
      expect(await answers(server)).toBe(false)
    })
  })

await describeWith(startRedis, 'a server whose test is killed', () => {
  test('ends with it and leaves nothing behind', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { startRedis } from './redis.ts'
          startRedis().then((server) => console.log(server.port))`,
        resolveDir: import.meta.dirname,
        loader: 'ts'
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false
    })
    const folder = await mkdtemp(join(tmpdir(), 'spanlight-'))
    const program = join(folder, 'program.mjs')
    await writeFile(program, (outputFiles[0] as { text: string }).text)
    const child = spawn(process.execPath, [program], { env: { ...process.env, TMPDIR: folder } })
    await chmod(folder, 0o777)
    const [port] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const server = { host, port: Number(port) }
    expect(await answers(server)).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(() => answers(server)).toBe(false)
    await expect.poll(() => readdir(folder)).toEqual(['program.mjs'])
    await rm(folder, { recursive: true })
  })
})

function answers(server: Pick<Server, 'host' | 'port'>): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(server.port, server.host)
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
