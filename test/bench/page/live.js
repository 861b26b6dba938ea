import { figure } from '../figures.js'
import { recordedBySpanlight } from '../status.js'
import { spreadOf } from '../statistics.js'
import { elements, settled, smoothness, visit } from './browser.js'
import { atSpeed, budgets, elementBudgets } from './budgets.js'

const windowMs = 1000
/** How readers sit before the list while traces come in; `share` of them come to what is shown. */
const sittings = [
  {
    query: '',
    scenarios: [
      { name: '200/s at the top', perSecond: 200, share: 1 },
      { name: '200/s, scrolled away', perSecond: 200, share: 1, away: true },
      { name: '1,000/s at the top', perSecond: 1000, share: 1 }
    ]
  },
  {
    query: 'route:/api/orders/:id',
    scenarios: [{ name: '200/s, filtered', perSecond: 200, share: 0.6 }]
  }
]

/** How smoothly the list moves, each scenario in `windows` stretches of a second. */
export async function watchLists({ browser, traffic, port, speed, windows }) {
  const results = []
  for (const { query, scenarios } of sittings) {
    const search = query === '' ? '' : `?q=${encodeURIComponent(query)}`
    const visitor = await visit(browser, `http://127.0.0.1:${port}/_traces/${search}`, speed)
    await settled(visitor)
    for (const scenario of scenarios) {
      const seen = await watch({ visitor, traffic, port, scenario, windows }).catch(unmeasured)
      results.push({ name: scenario.name, speed, ...seen })
    }
    await visitor.close()
  }
  return results
}

// A machine that is too slow for the traffic has no figure, and misses the target.
function unmeasured({ message }) {
  return { why: message, windows: [], elements: Number.NaN, sent: 0 }
}

async function watch({ visitor, traffic, port, scenario, windows }) {
  const { name, perSecond, away = false } = scenario
  const { page } = visitor
  await page.evaluate(
    (top) => document.querySelector('.traces-grid').scrollTo(0, top),
    away ? 700 : 0
  )
  const recorded = await recordedBySpanlight(port)
  await traffic.ask({ ask: 'start', port, perSecond })
  const began = performance.now()
  await page.waitForTimeout(1000)
  const before = await stateOf(page)
  const seen = []
  for (let i = 0; i < windows; i++) seen.push(await smoothness(visitor, windowMs))
  const after = await stateOf(page)
  const seconds = (performance.now() - began) / 1000
  const count = await elements(visitor)
  const { sent } = await traffic.ask({ ask: 'stop' })
  const spans = (await recordedBySpanlight(port)) - recorded
  if (sent < perSecond * seconds * 0.9 || spans < sent)
    throw new Error(`${name}: ${sent} requests and ${spans} spans in ${seconds.toFixed(1)} s`)
  check({ ...scenario, away, before, after, windows })
  return { windows: seen, elements: count, sent }
}

/** Refuses the figures of a list that stood still, or of a reader who was carried away. */
export function check({ name, perSecond, share, away, before, after, windows }) {
  const came = away ? after.pending - before.pending : after.newest - before.newest
  // The list moves twice a second, so that the last moment's traces may not be there yet.
  const least = perSecond * share * 0.8 * Math.max(0.25, (windows * windowMs) / 1000 - 1)
  if (!(came >= least)) throw new Error(`${name}: ${came} traces came to the list, not ${least}`)
  if (away && after.newest !== before.newest)
    throw new Error(`${name}: the list moved under the reader`)
}

/** Ordinal of the newest row that is mounted, and how many traces wait to be shown. */
function stateOf(page) {
  return page.evaluate(() => {
    const ids = [...document.querySelectorAll('.traces-grid .item')].map(({ id }) => id.slice(3))
    const pill = document.querySelector('.pill')?.textContent.replace(/\D/g, '') ?? ''
    return { newest: Math.max(...ids.map(Number)), pending: Number(pill) }
  })
}

export function liveFigures({ name, speed, windows, elements: count, why }) {
  const budget = budgets[speed].live[name]
  const of = (key) => (windows.length > 0 ? spreadOf(windows.map((one) => one[key])) : Number.NaN)
  const nodes = figure('elements, the list', '', count, { atMost: elementBudgets.list })
  return [
    figure(atSpeed(name, speed), 'fps', of('fps'), { atLeast: budget.fps }, why),
    figure(
      atSpeed(`${name}, slow frames`, speed),
      'ms',
      of('p99'),
      { atMost: budget.p99 },
      'the slowest hundredth'
    ),
    figure(atSpeed(`${name}, main thread`, speed), '%', of('mainThread'), {
      atMost: budget.mainThread
    }),
    ...(speed === 1 && name === '200/s at the top' ? [nodes] : [])
  ]
}
