import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { spreadOf } from '../statistics.js'
import { closure, installed } from './packages.js'
import { pageBytes } from './page.js'

const here = import.meta.dirname
const otelPackages = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/instrumentation-express'
]

/** Milliseconds from the import to the mounted middleware, in a fresh process. */
async function start(script) {
  const child = new Child(join(here, script), { role: 'host' })
  try {
    const { ms, mounted } = await child.ask()
    if (!mounted) throw new Error(`${script} has mounted nothing`)
    return ms
  } finally {
    await child.stop()
  }
}

export async function run({ say, quick }) {
  const rounds = quick ? 3 : 15
  const times = { ours: [], otel: [] }
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await start('spanlight.js'))
    times.otel.push(await start('opentelemetry.js'))
  }
  say(`import and mount measured in ${rounds} fresh processes each`)
  const own = installed()
  say(`${own.files} files packed, ${own.packages} packages installed`)
  const otel = closure(otelPackages)
  const page = pageBytes()
  return { figures: figuresOf({ times, own, otel, page }), times, installed: own, page }
}

function figuresOf({ times, own, otel, page }) {
  const lazy = page.lazy.reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    figure('import and mount: spanlight', 'ms', spreadOf(times.ours), { atMost: 40 }),
    figure('import and mount: otel', 'ms', spreadOf(times.otel), undefined, 'SDK, http, express'),
    figure(
      'installed: spanlight',
      'MB',
      own.bytes / 1e6,
      { atMost: 3 },
      `of it the package itself ${megabytes(own.own)}`
    ),
    figure(
      'installed: otel',
      'MB',
      otel.bytes / 1e6,
      undefined,
      'the same four packages and what they need'
    ),
    figure('packages: spanlight', '', own.packages, { atMost: 4 }),
    figure('packages: otel', '', otel.packages),
    figure(
      'page, first load, gzipped',
      'kB',
      page.first / 1e3,
      { atMost: 60 },
      `${page.files} files`
    ),
    figure(
      'page, loaded when needed, gzipped',
      'kB',
      lazy / 1e3,
      undefined,
      `${page.lazy.length} files`
    )
  ]
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`
}
