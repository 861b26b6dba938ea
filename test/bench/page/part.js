import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { startLoad } from '../request/part.js'
import { recordedBySpanlight } from '../status.js'
import { spreadOf } from '../statistics.js'
import { feed } from './feed.js'
import { firstPaint, freshPage, launch, openTrace, smoothness } from './browser.js'

const perSecond = 200

/** The page of a real server in a real browser, with the budgets of its design. */
export async function run({ say, quick }) {
  const browser = await launch()
  if (browser === undefined) return { figures: [], skipped: 'no browser: set CHROMIUM to one' }
  const server = new Child(join(import.meta.dirname, 'server.js'))
  try {
    const { port } = await server.ask()
    const sizes = quick ? [1000] : [10_000, 80_000]
    const traces = []
    for (const spans of sizes) traces.push({ spans, id: await feed(port, spans) })
    const kept = await recordedBySpanlight(port)
    say(`${kept} spans fed over OTLP`)
    const rounds = quick ? 2 : 5
    const opened = await openAll(browser, server, port, traces, rounds)
    say(`each opened ${rounds} times`)
    const live = await liveList(browser, port, quick ? 1 : 3)
    say(`list watched at ${Math.round(live[0].perSecond)} requests a second`)
    return {
      figures: figuresOf({ opened, traces, live }),
      opened,
      live,
      browser: browser.version()
    }
  } finally {
    await browser.close()
    await server.stop()
  }
}

async function openAll(browser, server, port, traces, rounds) {
  const opened = {
    paint: [],
    scroll: [],
    traces: traces.map(() => []),
    blocked: traces.map(() => [])
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, { spans, id }] of traces.entries()) {
      const page = await freshPage(browser, `http://127.0.0.1:${port}/_traces/`)
      opened.paint.push(await firstPaint(page))
      await server.ask({ ask: 'watch' })
      const { ms, rows } = await openTrace(page, `/_traces/t/${id}`)
      opened.blocked[i].push((await server.ask({ ask: 'blocked' })).ms)
      if (!(rows > 1 && rows <= spans))
        throw new Error(`the tree of ${spans} spans has ${rows} rows`)
      opened.traces[i].push(ms)
      if (i === 0)
        opened.scroll.push(await smoothness(page, 1500, { scroll: '[role=treegrid] .scroller' }))
      await page.context().close()
    }
  }
  return opened
}

/** The list while requests come in, the reader at the top. */
async function liveList(browser, port, rounds) {
  const load = await startLoad()
  try {
    const results = []
    for (let round = 0; round < rounds; round++) {
      const page = await freshPage(browser, `http://127.0.0.1:${port}/_traces/`)
      const before = await recordedBySpanlight(port)
      const stream = load.ask({ ask: 'stream', port, perSecond, seconds: 7 })
      await new Promise((resolve) => setTimeout(resolve, 1500))
      const seen = await smoothness(page, 4000)
      const rate = await stream
      const rows = await page.$$eval('.traces-grid .item', (items) => items.length)
      const recorded = (await recordedBySpanlight(port)) - before
      if (rows === 0 || recorded < 1000)
        throw new Error(`the list shows ${rows} rows of ${recorded} requests`)
      results.push({ ...seen, perSecond: rate.perSecond })
      await page.context().close()
    }
    return results
  } finally {
    await load.stop()
  }
}

const budgets = { 10_000: 300, 80_000: 800 }

function figuresOf({ opened, traces, live }) {
  const of = (list, key) => spreadOf(list.map((one) => one[key]))
  const share = spreadOf(live.map(({ mainThread }) => mainThread * 100))
  const open = traces.map(({ spans }, i) => {
    const target = budgets[spans] && { atMost: budgets[spans] }
    return figure(
      `open a trace of ${spans.toLocaleString('en-GB')} spans`,
      'ms',
      spreadOf(opened.traces[i]),
      target
    )
  })
  const blocked = traces.map(({ spans }, i) =>
    figure(
      `longest block of the host meanwhile, ${spans.toLocaleString('en-GB')}`,
      'ms',
      spreadOf(opened.blocked[i]),
      {
        atMost: 10
      }
    )
  )
  return [
    figure('first paint', 'ms', spreadOf(opened.paint), { atMost: 150 }, 'nothing in the cache'),
    ...open,
    ...blocked,
    figure('scroll its waterfall', 'fps', of(opened.scroll, 'fps'), { atLeast: 55 }),
    figure('scroll its waterfall, slowest hundredth of frames', 'ms', of(opened.scroll, 'p99'), {
      atMost: 34
    }),
    figure(`list at ${perSecond}/s`, 'fps', of(live, 'fps'), { atLeast: 55 }),
    figure(`list at ${perSecond}/s, slowest hundredth of frames`, 'ms', of(live, 'p99'), {
      atMost: 34
    }),
    figure(`list at ${perSecond}/s, main thread`, '%', share, { atMost: 15 })
  ]
}
