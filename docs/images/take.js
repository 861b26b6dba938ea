// Takes the pictures of the README anew, from the demo: `npm run build && node docs/images/take.js`.
// Needs a Chromium; CHROMIUM says where, /usr/bin/chromium otherwise.
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const size = { width: 1280, height: 800 }
/** What a reader of the README should have to load at most, in bytes. */
const largest = 250_000
/** Seconds of traffic that fill the list and the chart. */
const warmUp = 45

const demo = fork(fileURLToPath(new URL('../../examples/demo/start.js', import.meta.url)), {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc']
})
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu']
})

try {
  const address = await addressOf(demo)
  await wait(warmUp * 1000)
  await take('list-dark', address, 'dark')
  const failed = await traceOf(address, 'status:5xx @db.system.name:postgresql svc:transform')
  await take('trace-light', `${address}t/${failed}`, 'light')
  const blocked = await traceOf(address, 'name:"GET /api/orders/:id" @spanlight.blocked_ms:>100')
  await take('blocked-light', `${address}t/${blocked}`, 'light')
  await take('map-light', `${address}map`, 'light', 400)
} finally {
  await browser.close()
  demo.kill()
}

/** The address of the page, from what the demo prints. */
function addressOf(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('exit', () => reject(new Error('the demo has ended; was the package built?')))
    child.stdout.on('data', (data) => {
      const found = /live:\s+(\S+)/.exec((text += data))
      if (found) resolve(found[1])
    })
  })
}

/** The newest trace that matches; the demo makes one of each kind in its first seconds. */
async function traceOf(address, query) {
  const answer = await fetch(`${address}api/traces?limit=1&q=${encodeURIComponent(query)}`)
  const { traces } = await answer.json()
  if (traces.length === 0) throw new Error(`no trace matches ${query}`)
  return traces[0].traceId
}

/** Runs in the page: what failed and what was slow are among the rows in sight. */
function tellsAStory() {
  const seen = (selector) =>
    [...document.querySelectorAll(selector)].filter(
      (row) => row.getBoundingClientRect().bottom < innerHeight - 60
    ).length
  return seen('.item.failed') >= 2 && seen('.item .badge') >= 1
}

async function take(name, url, colorScheme, height = size.height) {
  const context = await browser.newContext({
    viewport: { ...size, height },
    deviceScaleFactor: 1,
    colorScheme,
    timezoneId: 'UTC'
  })
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForSelector('.item, .elsewhere .error-card, .runtime, .map-node')
  if (name.startsWith('list')) await page.waitForFunction(tellsAStory, null, { timeout: 120_000 })
  // The chart, the formatted statement and the status line come in after the first paint.
  await wait(1500)
  const picture = await page.screenshot()
  if (picture.length > largest) throw new Error(`${name} has ${picture.length} bytes`)
  writeFileSync(new URL(`${name}.png`, import.meta.url), picture)
  console.log(`${name}.png  ${Math.round(picture.length / 1000)} kB`)
  await context.close()
}
