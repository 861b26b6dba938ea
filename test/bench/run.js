// What Spanlight costs, beside those it is measured against, in one run. See --help.
//
// The result file is for programs, and for the documents, which quote figures from it by name:
//
//   { "parts": { "request": { "machine": { cpu, cores, memoryGiB, system, pinned, node, date },
//                             "busy": { before, after },  the share of the machine that others used
//                             "seconds": 240,
//                             "figures": [ { name, unit, value, low, high, target, met, note } ... ],
//                             ... what else the part tells: versions, rounds, what was skipped and why } ... } }
//
// `value` is the median, `low` and `high` the least and the most that was seen; `target` is { atMost } or { atLeast }. A name stays what it
// is from run to run. `quick: true` marks a part that was measured with `--quick`: not for quoting.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuilt } from './build.js'
import { stopChildren } from './child.js'
import { table } from './figures.js'
import { busyShare, machine } from './machine.js'

const titles = {
  request: 'CPU of one request',
  inside: 'Calls, lines and spans inside of a request',
  ring: 'Ended spans in memory',
  live: 'Pages that watch',
  ingest: 'Spans of other processes',
  page: 'The page in a browser',
  size: 'Start, installation, page'
}
const parts = Object.keys(titles)
/** Milliseconds for everything; a part that repeats itself stops in time. */
const bound = 10 * 60_000
const longest = { request: 190_000, live: 55_000, ingest: 40_000 }
const ownFile = join(import.meta.dirname, 'results.json')

const help = `npm run bench -- [${parts.join('] [')}] [options]

  request   CPU a request (Express 5, Koa 3, bare http; an answer at once, one with five child spans, one with a fetch): a bare server, a floor,
            Spanlight, OpenTelemetry, dd-trace, elastic-apm-node. Koa, http and Node 24 are asked for the answer at once only, as
            are the last two on Express; --all takes the rest, too
  inside    what a span, a log line, a query, a command and their call sites add inside of a request; what watching the runtime does
  ring      bytes and nanoseconds a span, V8 heap behind a million spans, search, opening large traces
  live      what connected pages cost the process that they watch
  ingest    OTLP spans a second into memory, and how long a body blocks the event loop
  page      first paint, opening large traces, the live list; needs a Chromium ($CHROMIUM)
  size      import and mount, installed bytes and packages, bytes of the page

Without a part all are run, in ten minutes at most, and each is written to test/bench/results.json when it is through. What is measured
against and no test needs is installed when it is first asked for: npm ci --prefix test/bench/peers (130 MB), and Node 24 from npm into
node_modules/.cache/node. What cannot be had is left out, with the reason.

  --json FILE   writes the results there; each takes the place of the same part in a file that exists
  --all         no bound of time, every combination of the request part
  --quick       fewer and smaller rounds: to see that it runs, not to quote
  --no-build    measures dist as it is`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    all: { type: 'boolean', default: false },
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
  if (!values.all)
    setTimeout(() => {
      console.error(`stopped: ten minutes are over`)
      process.exit(1)
    }, bound).unref()

  if (values.build) ensureBuilt(sayOf('build'))
  const done = {}
  for (const part of positionals.length > 0 ? positionals : parts) {
    console.log(`\n${titles[part]}`)
    done[part] = await measured(part)
    keep(part, done[part])
  }
  summarise(done)
  stopChildren()
}

/** One part, with where and how it was measured. */
async function measured(part) {
  const before = await busyShare()
  warnIfBusy(before, 'before it')
  const around = { machine: machine(), ...(values.quick && { quick: true }) }
  const started = performance.now()
  const until = started + (longest[part] ?? bound)
  try {
    const { run } = await import(`./${part}/part.js`)
    const { quick, all } = values
    const { text, ...result } = await run({ say: sayOf(part), quick, all, until })
    const seconds = Math.round((performance.now() - started) / 1000)
    console.log(`\n${text ?? (result.figures.length > 0 ? table(result.figures) : result.skipped)}`)
    const after = await busyShare()
    warnIfBusy(after, 'after it')
    return { ...around, busy: { before, after }, seconds, ...result }
  } catch (error) {
    console.error(`  ${part} failed: ${error.stack}`)
    process.exitCode = 1
    return { ...around, failed: error.message, figures: [] }
  }
}

function sayOf(part) {
  return (text) => console.log(`  ${part}: ${text}`)
}

function warnIfBusy(share, when) {
  if (share === undefined || share < 0.05) return
  const percent = Math.round(share * 100)
  console.log(
    `  NOISY: others use ${percent} % of this machine ${when}; these figures are not for quoting`
  )
}

function summarise(done) {
  const judged = Object.values(done).flatMap(({ figures }) =>
    figures.filter(({ met }) => met !== undefined)
  )
  const missed = judged.filter(({ met }) => !met)
  const { cpu, cores, node, pinned } = machine()
  const where = `${cores} cores of ${cpu}, Node ${node}${pinned ? ', host and load each on a core of its own' : ''}`
  console.log(`\n${judged.length - missed.length} of ${judged.length} targets met (${where})`)
  for (const { name } of missed) console.log(`  missed: ${name}`)
}

// At once, so that one that fails, or for which there was no time, takes nothing of the others with it.
function keep(part, result) {
  const whole = positionals.length === 0
  const file = values.json ?? (whole && !values.quick ? ownFile : undefined)
  if (file === undefined || result.failed !== undefined) return
  const earlier = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).parts : {}
  writeFileSync(
    file,
    `${JSON.stringify({ parts: { ...earlier, [part]: result } }, undefined, 2)}\n`
  )
  console.log(`written to ${file}`)
}
