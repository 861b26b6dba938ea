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
