// What Spanlight costs, beside those it is measured against, in one run.
//
//   npm run bench                          all parts
//   npm run bench -- request ring          only these
//   npm run bench -- --json results.json   for programs, too
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ensureBuilt } from './build.js'
import { stopChildren } from './child.js'
import { table } from './figures.js'
import { busyShare, machine } from './machine.js'

const parts = ['request', 'ring', 'size', 'page']
const titles = {
  request: 'CPU of one request (Express 5, one router, one handler)',
  ring: 'Ended spans in memory',
  size: 'Start, installation, page',
  page: 'The page in a browser'
}
/** Milliseconds for everything; a part that repeats itself stops in time. */
const bound = 10 * 60_000
const longest = { request: 270_000 }

const help = `npm run bench -- [${parts.join('] [')}] [--json FILE] [--quick] [--no-build]

  request   CPU a request: bare Express, a floor, Spanlight, OpenTelemetry
  ring      bytes and nanoseconds a span, V8 heap behind a million spans
  size      import and mount, installed bytes and packages, bytes of the page
  page      first paint, opening large traces, the live list; needs a Chromium ($CHROMIUM)

  --json FILE   writes the results with machine, Node version and date
  --quick       fewer and smaller rounds: to see that it runs, not to quote
  --no-build    measures dist as it is`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    build: { type: 'boolean', default: true },
    help: { type: 'boolean', short: 'h', default: false }
  },
  allowNegative: true
})

if (values.help) console.log(help)
else await main()

async function main() {
  const unknown = positionals.find((name) => !parts.includes(name))
  if (unknown !== undefined) {
    console.error(`there is no part '${unknown}'\n\n${help}`)
    process.exitCode = 2
    return
  }
  process.on('exit', stopChildren)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
  setTimeout(() => {
    console.error(`stopped: ten minutes are over`)
    process.exit(1)
  }, bound).unref()

  const say = (part) => (text) => console.log(`  ${part}: ${text}`)
  if (values.build) ensureBuilt(say('build'))
  const results = {
    machine: machine(),
    busy: { before: await busyShare() },
    quick: values.quick,
    parts: {}
  }
  warnIfBusy(results.busy.before, 'before the run')
  for (const part of positionals.length > 0 ? positionals : parts) {
    console.log(`\n${titles[part]}`)
    const until = performance.now() + (longest[part] ?? bound)
    try {
      const { run } = await import(`./${part}/part.js`)
      const started = performance.now()
      const result = await run({ say: say(part), quick: values.quick, until })
      results.parts[part] = { seconds: Math.round((performance.now() - started) / 1000), ...result }
      console.log(`\n${result.figures.length > 0 ? table(result.figures) : result.skipped}`)
    } catch (error) {
      console.error(`  ${part} failed: ${error.stack}`)
      results.parts[part] = { failed: error.message, figures: [] }
      process.exitCode = 1
    }
  }
  results.busy.after = await busyShare()
  warnIfBusy(results.busy.after, 'after the run')
  summarise(results)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`)
  stopChildren()
}

function warnIfBusy(share, when) {
  if (share === undefined || share < 0.05) return
  const percent = Math.round(share * 100)
  console.log(
    `  NOISY: others use ${percent} % of this machine ${when}; these figures are not for quoting`
  )
}

function summarise({ machine: { cpu, cores, node, pinned }, parts: done }) {
  const judged = Object.values(done).flatMap(({ figures }) =>
    figures.filter(({ met }) => met !== undefined)
  )
  const missed = judged.filter(({ met }) => !met)
  const where = `${cores} cores of ${cpu}, Node ${node}${pinned ? ', host and load each on a core of its own' : ''}`
  console.log(`\n${judged.length - missed.length} of ${judged.length} targets met (${where})`)
  for (const { name } of missed) console.log(`  missed: ${name}`)
}
