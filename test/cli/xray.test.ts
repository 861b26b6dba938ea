import { createSocket } from 'node:dgram'
import { request } from 'node:http'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Status } from '../../src/wire/status.ts'
import { alone, endAll, freePorts, program, removeState, startHub } from './process.ts'
import { PageApi } from '../tracing/setup.ts'

afterEach(endAll)
afterAll(removeState)

/** A program with AWS's SDK and nothing of ours, which has its set-up from its variables alone. */
const stranger = `
  import sdk from 'aws-xray-sdk-core'
  const segment = new sdk.Segment('shop')
  segment.addNewSubsegment('load').close()
  segment.close()
`

const without = alone.filter((option) => !option.startsWith('--xray-port'))

describe('the hub', () => {
  it('shows what AWS’s SDK for X-Ray sends, and counts it apart', async () => {
    const [port] = (await freePorts(1)) as [number]
    const { hub, origin } = await startHub(['--port=0', ...without, `--xray-port=${port}`])
    expect(hub.stdout).toMatch(new RegExp(`^ +X-Ray +udp://localhost:${port}(?: |$)`, 'm'))
    const sent = await program(stranger, { AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${port}` }).ended
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const api = new PageApi(`${origin}/_traces`)
    expect(await api.named('shop')).toMatchObject({ service: 'shop', spans: 2 })
    const { hub: status } = await api.get<Status>('status')
    expect(status?.listeners).toMatchObject([
      { name: 'OTLP/HTTP', bodies: 0, spans: 0 },
      { name: 'X-Ray', bodies: 1, spans: 2 }
    ])
  })

  it('shows a segment in progress as in flight, until it comes again', async () => {
    const [port] = (await freePorts(1)) as [number]
    const { origin } = await startHub(['--port=0', ...without, `--xray-port=${port}`])
    const api = new PageApi(`${origin}/_traces`)
    const id = 'a'.repeat(16)
    const begun = { name: 'shop', id, start_time: Date.now() / 1000, in_progress: true }
    const socket = createSocket('udp4')
    const send = (document: object): void => {
      const text = JSON.stringify({ trace_id: `1-5759e988-${'b'.repeat(24)}`, ...document })
      socket.send(`{"format":"json","version":1}\n${text}`, port, '127.0.0.1')
    }
    send(begun)
    expect(await api.find(({ inFlight }) => inFlight)).toMatchObject({ service: 'shop', spans: 1 })
    expect(await api.status()).toMatchObject({ inFlight: 1 })
    send({ ...begun, in_progress: undefined, end_time: begun.start_time + 1 })
    expect(await api.named('shop')).toMatchObject({ spans: 1, duration: 1000 })
    send({ ...begun, id: 'c'.repeat(16) })
    await api.find(({ inFlight, spans }) => inFlight && spans === 2)
    const headers = { 'x-spanlight': '1' }
    const cleared = await fetch(`${origin}/_traces/api/clear`, { method: 'POST', headers })
    expect(cleared.status).toBe(200)
    expect(await api.traces()).toEqual([])
    socket.close()
  })

  it('tells such SDKs to sample everything, on the same port', async () => {
    const [port] = (await freePorts(1)) as [number]
    await startHub(['--port=0', ...without, `--xray-port=${port}`])
    const rules = await new Promise<string>((resolve, reject) => {
      request({ port, host: '127.0.0.1', method: 'POST', path: '/GetSamplingRules' }, (res) => {
        let text = ''
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        res.on('end', () => resolve(text))
      })
        .on('error', reject)
        .end('{}')
    })
    expect(JSON.parse(rules)).toMatchObject({
      SamplingRuleRecords: [{ SamplingRule: { RuleName: 'Default', FixedRate: 1 } }]
    })
  })
})
