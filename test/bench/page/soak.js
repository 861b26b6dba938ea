import { figure } from '../figures.js'
import { heapAfterCollection, settled, visit } from './browser.js'
import { soakBudget } from './budgets.js'

const perSecond = 500
/** Traces that the page holds at most. */
const capacity = 10_000

/** The page's heap before and after so many seconds of traces, its list full from the beginning. */
export async function soak({ browser, traffic, port, seconds }) {
  const visitor = await visit(browser, `http://127.0.0.1:${port}/_traces/`)
  await settled(visitor)
  const { page } = visitor
  await fill(page)
  const before = await heapAfterCollection(visitor)
  await traffic.ask({ ask: 'start', port, perSecond })
  await page.waitForTimeout(seconds * 1000)
  const { sent } = await traffic.ask({ ask: 'stop' })
  const after = await heapAfterCollection(visitor)
  await visitor.close()
  if (sent < perSecond * seconds * 0.9)
    throw new Error(`${sent} requests in ${seconds} s of the soak`)
  return { seconds, sent, before, after }
}

/** Scrolls down until the list holds as many as it can, and back to the top. */
async function fill(page) {
  for (let i = 0; (await held(page)) < capacity; i++) {
    if (i === 100) throw new Error(`the list holds ${await held(page)} traces, not ${capacity}`)
    await page.evaluate(() => document.querySelector('.traces-grid').scrollBy(0, 1e6))
    await page.waitForTimeout(50)
  }
  await page.evaluate(() => document.querySelector('.traces-grid').scrollTo(0, 0))
}

function held(page) {
  return page.evaluate(() => {
    const [, size = ''] =
      /of ([\d,]+)/.exec(document.querySelector('.facts-line').textContent) ?? []
    return Number(size.replaceAll(',', ''))
  })
}

export function soakFigures({ seconds, before, after }) {
  return [
    figure("the page's heap, its list full", 'MiB', before),
    figure(
      "growth of the page's heap",
      'MiB',
      after - before,
      { atMost: soakBudget },
      `after ${seconds} s of ${perSecond} traces a second`
    )
  ]
}
