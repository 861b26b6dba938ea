import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../build.js'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { spreadOf } from '../statistics.js'
import { closure, installed } from './packages.js'
import { pageBytes } from './page.js'

const here = import.meta.dirname
const peersFolder = join(here, '../peers')

// What each is given to do: to follow the requests of an Express server.
const spanlight = { name: 'spanlight', script: 'spanlight.js' }
const otel = {
  name: 'otel',
  script: 'opentelemetry.js',
  from: root,
  packages: [
    '@opentelemetry/api',
    '@opentelemetry/sdk-trace-node',
    '@opentelemetry/instrumentation-http',
    '@opentelemetry/instrumentation-express'
  ]
}
const others = [
  { name: 'dd-trace', script: 'datadog.js', from: peersFolder, packages: ['dd-trace'] },
  { name: 'elastic-apm', script: 'elastic.js', from: peersFolder, packages: ['elastic-apm-node'] }
]
const quietPeers = {
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false'
}

/** Milliseconds from the import to the mounted middleware, in a fresh process. */
export async function start({ script }) {
  const child = new Child(join(here, script), { role: 'host', env: quietPeers })
  try {
    const { ms, mounted } = await child.ask()
    if (!mounted) throw new Error(`${script} has mounted nothing`)
    return ms
  } finally {
    await child.stop()
  }
}

export async function run({ say, quick }) {
  const peers = [otel, ...(await installedPeers(say))]
  const contestants = [spanlight, ...peers]
  const rounds = quick ? 3 : 9
  const times = Object.fromEntries(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const contestant of contestants) times[contestant.name].push(await start(contestant))
  say(`import and mount measured in ${rounds} fresh processes each`)
  const own = installed()
  say(`${own.files} files packed, ${own.packages} packages installed`)
  const closures = peers.map(({ name, packages, from }) => ({ name, ...closure(packages, from) }))
  const page = pageBytes()
  return {
    figures: [...startFigures(times), ...diskFigures(own, closures), ...pageFigures(page)],
    times,
    installed: { own, closures },
    page
  }
}

// They are installed when they are first asked for, and there may be no registry to ask.
async function installedPeers(say) {
  const file = join(peersFolder, 'install.js')
  if (!existsSync(file)) return []
  const { install } = await import(file)
  const why = install(say)
  if (why === undefined) return others
  say(`without ${others.map(({ name }) => name).join(' and ')}: ${why}`)
  return []
}

function startFigures(times) {
  return Object.entries(times).map(([name, ms]) =>
    figure(
      `import and mount: ${name}`,
      'ms',
      spreadOf(ms),
      name === 'spanlight' ? { atMost: 40 } : undefined,
      name === 'otel' ? 'SDK, http, express' : ''
    )
  )
}

function diskFigures(own, closures) {
  const bytes = closures.map(({ name, bytes }) => figure(`installed: ${name}`, 'MB', bytes / 1e6))
  const packages = closures.map(({ name, packages }) => figure(`packages: ${name}`, '', packages))
  const note = `of it the package itself ${(own.own / 1e6).toFixed(2)} MB`
  return [
    figure('installed: spanlight', 'MB', own.bytes / 1e6, { atMost: 3 }, note),
    ...bytes,
    figure('packages: spanlight', '', own.packages, { atMost: 4 }),
    ...packages
  ]
}

function pageFigures({ first, files, lazy }) {
  const all = lazy.reduce((sum, { bytes }) => sum + bytes, first)
  return [
    figure('page, first load, gzipped', 'kB', first / 1e3, { atMost: 60 }, `${files} files`),
    ...lazy.map(({ name, bytes }) =>
      figure(`page, when needed, gzipped: ${name}`, 'kB', bytes / 1e3)
    ),
    figure('page, all of it, gzipped', 'kB', all / 1e3)
  ]
}
