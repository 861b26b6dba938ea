// The story of distributed tracing, live: a client calls an order API; the API calls a transform function; that one calls a
// storage function, which writes to a real PostgreSQL and reads through a Redis cache, where there is a server for it; each returns to
// its caller. Every part is a process of its own.
//
//   npm start                 the page is at http://localhost:3000/_traces
//   PORT=4000 npm start       another port
//   npm start -- --quiet      without the line per service
import { fork } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

if (process.argv.includes('--help')) {
  console.log(
    'usage: [PORT=3000] [REDIS_URL=redis://...] npm start [-- --quiet | --help]\n\nRuns four services and a client; open the printed address, stop with Ctrl+C. With a redis-server installed, or\nREDIS_URL set, one of the services has a cache.'
  )
  process.exit(0)
}

const quiet = process.argv.includes('--quiet')
const wanted = Number(process.env.PORT ?? 3000)
const children = []
let stopping = false

/** Starts one part and resolves with the address it listens on. */
function start(name, env = {}) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), {
      env: { NODE_ENV: 'development', ...process.env, PORT: '0', ...env },
      execArgv: [],
      // What the services log is on the page; here it would carry the address out of sight.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    children.push(child)
    child.once('message', ({ url, note = url }) => {
      if (!quiet && note !== undefined) console.log(`  ${name.padEnd(10)} ${note}`)
      resolve(url)
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (stopping) return
      console.error(`\n${name} has ended with code ${code}; stopping the others.`)
      stop(1)
    })
  })
}

function stop(code) {
  if (stopping) return
  stopping = true
  for (const child of children) child.kill()
  // The children close their servers; what does not within two seconds is ended.
  const deadline = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL')
  }, 2000)
  deadline.unref()
  process.exitCode = code
}

/** The port itself when it is free (any free one for 0), else undefined. */
function freePort(wanted) {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen(wanted, () => {
      const found = probe.address().port
      probe.close(() => resolve(found))
    })
  })
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0))

const port =
  Number.isInteger(wanted) && wanted >= 0 && wanted < 65_536 ? await freePort(wanted) : Number.NaN

if (Number.isNaN(port)) {
  console.error(`PORT must be a number from 0 to 65535, not '${process.env.PORT}'.`)
  process.exitCode = 1
} else if (port === undefined) {
  console.error(
    `Port ${wanted} is taken by another program. Choose another one:\n\n  PORT=${wanted === 65_535 ? 3001 : wanted + 1} npm start\n`
  )
  process.exitCode = 1
} else {
  if (!quiet) console.log('Starting four services, each a process of its own:')
  const api = `http://localhost:${port}`
  // Where the other services hand their spans in: the API's own page. This variable is all they need.
  const traces = { TRACES_URL: `${api}/_traces/v1/traces` }
  const database = await start('database')
  const cache = await start('cache')
  const storage = await start('storage', {
    ...traces,
    DATABASE_URL: database,
    ...(cache && { REDIS_URL: cache })
  })
  const transform = await start('transform', { ...traces, STORAGE_URL: storage })
  await start('api', { TRANSFORM_URL: transform, STORAGE_URL: storage, PORT: String(port) })
  await start('client', { API_URL: api })
  console.log(`\nTraces, live:  ${api}/_traces/\n\nStop with Ctrl+C.`)
}
