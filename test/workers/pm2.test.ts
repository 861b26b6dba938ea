import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Status } from '../../src/wire/status.ts'
import { library } from '../libraries/library.js'
import { Consumer } from '../tracing/child.ts'
import { type Connection, eventually, everyWorker, meetingPoints, temporary } from './setup.ts'

let consumer: Consumer
beforeAll(() => {
  consumer = new Consumer()
})
afterAll(() => consumer.remove())

const application = `
  import express from 'express'
  import { tracing } from 'spanlight'
  const app = express()
  app.use(tracing({ access: 'local' }))
  app.get('/pid', (req, res) => res.json({ pid: process.pid }))
  app.get('/work/:n', (req, res) => res.json({ name: process.env.name, instance: process.env.pm_id }))
  const server = app.listen(0, '127.0.0.1', () => console.log('at', server.address().port, 'ready'))`

/** PM2 in the foreground: the process that is started is its daemon, and ends its workers when it is ended. */
const daemon = `
  process.argv.splice(1, 1, 'pm2-runtime', 'start', 'shop.mjs', '-i', '2', '--name', 'shop')
  require(${JSON.stringify(library.resolve('pm2/bin/pm2-runtime'))})`

it('workers of PM2 in cluster mode are one family, and those that it starts anew', async () => {
  writeFileSync(join(consumer.folder, 'shop.mjs'), application)
  const child = consumer.run(
    daemon,
    {
      PM2_HOME: join(consumer.folder, 'pm2'),
      PM2_DISABLE_VERSION_CHECK: 'true',
      HOME: consumer.folder,
      TMPDIR: temporary(consumer)
    },
    'daemon.cjs'
  )
  const [, text] = await child.prints(/at (\d+) ready/)
  const port = Number(text)
  const before = await everyWorker(port, 2)
  const { pid } = await familyOf(before)
  for (const one of before) await one.ask(`/work/${one.pid}`)
  for (const one of before) expect(await one.routes('/work')).toHaveLength(2)
  const left = before.filter((one) => one.pid !== pid)
  process.kill(pid, 'SIGKILL')
  await eventually(async () => (await left[0]?.json<Status>('status'))?.pid !== pid)
  const after = await everyWorker(port, 2)
  await familyOf(after)
  for (const one of after) expect(await one.routes('/work')).toContain('/work/:n')
  expect(meetingPoints(consumer)).toHaveLength(1)
  for (const one of [...before, ...after]) one.close()
  child.kill('SIGINT')
  await child.ended
  for (const one of after) expect(() => process.kill(one.pid, 0)).toThrow('ESRCH')
})

/** Waits until they have met. */
async function familyOf(workers: readonly Connection[]): Promise<Status> {
  const pids = workers.map((one) => one.pid).sort((a, b) => a - b)
  let found: Status | undefined
  await eventually(async () => {
    found = await (workers[0] as Connection).json<Status>('status')
    const known = found.workers?.workers.map((one) => one.pid).sort((a, b) => a - b)
    return found.workers?.role === 'keeper' && known?.join() === pids.join()
  })
  return found as Status
}
