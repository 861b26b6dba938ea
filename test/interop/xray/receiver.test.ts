import { createSocket } from 'node:dgram'
import { afterEach, expect, it } from 'vitest'
import { createReport, type Report } from '../../../src/base/report.ts'
import { createSegmentReceiver, type SegmentReceiver } from '../../../src/interop/xray/receiver.ts'
import { until } from '../../until.ts'
import { header } from './setup.ts'

let receiver: SegmentReceiver | undefined
afterEach(() => receiver?.close())

async function start(
  take: (body: Buffer) => Promise<unknown> = async () => undefined,
  admitted = '127.0.0.1'
): Promise<{ port: number; bodies: string[]; report: Report; lines: string[] }> {
  const bodies: string[] = []
  const lines: string[] = []
  const report = createReport((text) => void lines.push(text))
  receiver = createSegmentReceiver({
    take: (body, format) => {
      expect(format).toBe('xray')
      bodies.push(body.toString())
      return take(body)
    },
    admits: (address) => address === admitted,
    report
  })
  return { port: await receiver.listen(0, '127.0.0.1'), bodies, report, lines }
}

async function send(port: number, ...datagrams: (string | Buffer)[]): Promise<void> {
  const socket = createSocket('udp4')
  for (const one of datagrams)
    await new Promise((resolve) => socket.send(one, port, '127.0.0.1', resolve))
  socket.close()
}

it('datagrams that come together are taken as one body, in their order', async () => {
  const { port, bodies } = await start()
  const sent = Array.from({ length: 20 }, (_, i) => `${header}{"n":${i}}`)
  await send(port, ...sent)
  const all = `${sent.join('\n')}\n`
  await until(() => bodies.join('').length === all.length)
  expect(bodies.join('')).toBe(all)
  expect(bodies.length).toBeLessThan(sent.length)
})

it('what has no header is counted and left, as is what comes from elsewhere', async () => {
  const { port, bodies, report, lines } = await start()
  await send(port, '', 'garbage', Buffer.alloc(60_000), '{"format":"json"}\n{}', `${header}{}`)
  await until(() => bodies.length > 0)
  expect(bodies).toEqual([`${header}{}\n`])
  expect(report.drops.get('ingest invalid')).toBe(4)
  expect(lines).toEqual([])
  receiver?.close()
  const other = await start(undefined, '10.0.0.1')
  await send(other.port, `${header}{}`)
  await until(() => other.report.drops.get('ingest refused') === 1)
  expect(other.bodies).toEqual([])
  const rules = await fetch(`http://127.0.0.1:${other.port}/GetSamplingRules`, { method: 'POST' })
  expect(rules.status).toBe(403)
})

it('what comes faster than it is taken waits within bounds, and the rest is counted', async () => {
  let free = (): void => undefined
  const { port, bodies, report } = await start(
    () => new Promise<void>((resolve) => (free = resolve))
  )
  await send(port, `${header}first`)
  await until(() => bodies.length === 1)
  const datagram = header + 'x'.repeat(60_000)
  let sent = 0
  while (report.drops.get('ingest refused') === undefined && sent < 1000) {
    await send(port, datagram)
    sent++
  }
  // 4 MiB of them, and none was taken meanwhile.
  expect(sent).toBeGreaterThanOrEqual(Math.floor((4 * 1024 * 1024) / datagram.length))
  expect(bodies).toHaveLength(1)
  free()
  await until(() => bodies.length === 2)
  expect(bodies[1]?.length).toBeLessThanOrEqual(1024 * 1024 + 20)
})

it('a body that fails is reported once, and the next one is taken', async () => {
  let fails = true
  const { port, bodies, lines } = await start(async () => {
    if (fails) throw new Error('ours')
  })
  await send(port, `${header}1`)
  await until(() => lines.length > 0)
  expect(lines[0]).toContain('the X-Ray port failed and went on')
  fails = false
  await send(port, `${header}2`)
  await until(() => bodies.length === 2)
})

it('a port that is taken is told, and a closed one is free again', async () => {
  const { port } = await start()
  const second = createSegmentReceiver({
    take: async () => undefined,
    admits: () => true,
    report: createReport(() => undefined)
  })
  await expect(second.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  receiver?.close()
  expect(await second.listen(port, '127.0.0.1')).toBe(port)
  second.close()
  // The one of the two protocols that could be had is given back when the other could not.
  const udp = createSocket('udp4')
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve))
  await expect(second.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await new Promise<void>((resolve) => udp.close(() => resolve()))
  expect(await second.listen(port, '127.0.0.1')).toBe(port)
  second.close()
})
