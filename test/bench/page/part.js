import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { pageBytes } from '../size/page.js'
import { recordedBySpanlight } from '../status.js'
import { launch } from './browser.js'
import { loadBudget } from './budgets.js'
import { feed } from './feed.js'
import { liveFigures, watchLists } from './live.js'
import { openingFigures, openings } from './openings.js'
import { soak, soakFigures } from './soak.js'

const speeds = [1, 4]
/** Traces that the list holds before it is looked at. */
const history = 10_000

/** The page of a real server in a real browser, with the budgets of its design; `all` takes the time for a long soak. */
export async function run({ say, quick, all = false }) {
  const browser = await launch()
  if (browser === undefined) return { figures: [], skipped: 'no browser: set CHROMIUM to one' }
  // Both on the host's core: the other one is the browser's.
  const server = new Child(join(import.meta.dirname, 'server.js'), { role: 'host' })
  const traffic = new Child(join(import.meta.dirname, 'traffic.js'), { role: 'host' })
  try {
    await traffic.ask()
    const { port } = await server.ask()
    const sizes = quick ? [1000] : [10_000, 80_000]
    const traces = []
    for (const spans of sizes) traces.push({ spans, id: await feed(port, spans) })
    await traffic.ask({ ask: 'burst', port, count: history })
    say(`${await recordedBySpanlight(port)} spans recorded`)
    const on = { browser, server, traffic, port, say, quick }
    const opened = await openAll({ ...on, traces })
    const live = await watchAll(on)
    const soaked = await soak({ ...on, seconds: all ? 140 : quick ? 2 : 6 })
    const load = pageBytes().first / 1e3
    return {
      figures: [
        figure('first load, gzipped', 'kB', load, { atMost: loadBudget }),
        ...opened.flatMap((one) => openingFigures(one, sizes)),
        ...live.flatMap(liveFigures),
        ...soakFigures(soaked)
      ],
      opened,
      live,
      soaked,
      browser: browser.version()
    }
  } finally {
    await browser.close()
    await traffic.stop()
    await server.stop()
  }
}

async function openAll(on) {
  const rounds = on.quick ? 1 : 2
  const results = []
  for (const speed of speeds) {
    results.push(await openings({ ...on, speed, rounds }))
    on.say(`each trace opened ${rounds} times, ${inWords(speed)}`)
  }
  return results
}

async function watchAll(on) {
  const results = []
  for (const speed of speeds) {
    const watched = await watchLists({ ...on, speed, windows: on.quick ? 1 : 3 })
    results.push(...watched)
    on.say(
      `list watched ${inWords(speed)}: ${watched.map(({ name, sent }) => `${name} ${sent}`).join('; ')} requests`
    )
  }
  return results
}

function inWords(speed) {
  return speed === 1 ? 'at full speed' : `${speed} times slower`
}
