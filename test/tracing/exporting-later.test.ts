import { afterEach, describe, expect, it, vi } from 'vitest'
import { createReport } from '../../src/base/report.ts'
import { createExporting, type ExportingSetup } from '../../src/exporting.ts'
import { shutdown, tracing, withSpan } from '../../src/index.ts'
import { Collector, traceOf } from '../interop/export/collector.ts'
import { closeAll } from './setup.ts'

let collector = new Collector()
afterEach(async () => {
  vi.doUnmock('../../src/exporters.ts')
  await closeAll()
  await collector.kill()
  collector = new Collector()
})

const received = (): string[] =>
  collector.received.flatMap(({ records }) =>
    records.flatMap(({ spans }) => spans.map(({ name }) => name))
  )

function setupOf(more: Partial<ExportingSetup> = {}): ExportingSetup & { said: string[] } {
  const said: string[] = []
  const to = {
    url: `${collector.url}/v1/traces`,
    protocol: 'http/json',
    headers: {},
    timeoutMs: 1000,
    compression: 'none'
  } as const
  return {
    wanted: [to],
    tailSampling: undefined,
    sample: 1,
    store: { recordsAfter: () => [] },
    leaves: () => true,
    env: {},
    report: createReport((line) => said.push(line)),
    now: () => 0,
    said,
    ...more
  }
}

describe('what sends spans is loaded later, and', () => {
  it('sends what ended before it was there, even when the process shuts down at once', async () => {
    await collector.start()
    tracing({ export: { url: collector.url, protocol: 'http/json' }, access: 'local' })
    withSpan('in the first moment', () => {})
    await shutdown()
    expect(received()).toEqual(['in the first moment'])
  })

  it('sends everything once: from the ring what was there, the rest as it ends', async () => {
    await collector.start()
    const before = [traceOf(1, 'before'), traceOf(1, 'of others')]
    const store = { recordsAfter: () => before.map((record, i) => ({ seq: i + 1, record })) }
    const leaves: ExportingSetup['leaves'] = ({ spans }) => spans[0]?.name !== 'of others'
    const exporting = createExporting(setupOf({ store, leaves }))
    before.push(traceOf(1, 'meanwhile'))
    exporting.export(before[2] as (typeof before)[number])
    expect(exporting.status()).toMatchObject([{ protocol: 'http/json', failing: false, sent: 0 }])
    await vi.waitFor(() => expect(exporting.status()[0]?.waiting).toBe(2))
    exporting.export(traceOf(1, 'after'))
    exporting.export(traceOf(1, 'of others'))
    await exporting.close()
    expect(received().sort()).toEqual(['after', 'before', 'meanwhile'])
  })

  it('says so when it cannot be loaded, and the host goes on', async () => {
    vi.doMock('../../src/exporters.ts', () => {
      throw new Error('the file is gone')
    })
    const setup = setupOf()
    const exporting = createExporting(setup)
    exporting.export(traceOf(1))
    await exporting.close()
    expect(setup.said.join('')).toContain('export failed and went on')
    expect(exporting.status()).toMatchObject([
      { failing: true, lastError: 'what sends spans could not be loaded' }
    ])
  })

  it('is not loaded where nothing is to be sent', async () => {
    vi.doMock('../../src/exporters.ts', () => {
      throw new Error('it was loaded')
    })
    const setup = setupOf({ wanted: [] })
    const exporting = createExporting(setup)
    exporting.export(traceOf(1))
    await exporting.close()
    expect([setup.said, exporting.status(), exporting.tailSampling()]).toEqual([[], [], undefined])
  })
})
