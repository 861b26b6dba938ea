import { expect, it } from 'vitest'
import { Settling } from '../../src/cli/settling.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { until } from '../until.ts'
import { summaryOf } from '../ui/fake.ts'

it('what came while the process stood still is told with what it belongs to', async () => {
  const told: Summary[] = []
  const settling = new Settling((summary) => void told.push(summary))
  const one = summaryOf({ traceId: 'a'.repeat(32), spans: 1 })
  settling.add(one)
  // Its next part is read in the turn in which the first has been quiet for long enough.
  for (const end = performance.now() + 1100; performance.now() < end;);
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => settling.add({ ...one, spans: 2 }))
  port1.start()
  port2.postMessage('')
  await until(() => told.length > 0)
  port1.close()
  expect(told.map(({ spans }) => spans)).toEqual([2])
})
