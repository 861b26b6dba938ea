import { createGuard } from './base/safely.ts'
import { FoundLibraries } from './found-libraries.ts'
import type { Settings } from './options.ts'
import { watchConsole } from './watch/logs/console.ts'
import { watchExceptions } from './watch/exceptions.ts'
import { watchFetch } from './watch/http/fetch.ts'
import { watchHttpClient } from './watch/http/http-client.ts'
import { knownLibraries } from './watch/known-libraries.ts'
import { tellLibraries } from './watch/libraries.ts'
import { LogLines } from './watch/logs/log-lines.ts'
import { watchFound, watchModules } from './watch/modules.ts'
import { followPino } from './watch/logs/pino.ts'
import { published, watchPublished } from './watch/published.ts'
import { Statements } from './watch/databases/statements.ts'
import { watchSignal } from './watch/signal.ts'
import type { Instrumented, Watch, WatchSetup } from './watch/watch.ts'
import type { LibraryStatus } from './wire/status.ts'

export interface Watches {
  /** What is recorded and what is not, for the page and the terminal. */
  readonly instrumented: readonly Instrumented[]
  /** How each library of the project stands. */
  libraries(): Promise<readonly LibraryStatus[]>
  /** Notes a tracer that was asked for through OpenTelemetry's API. */
  sawTracer(name: string): void
  /** Notes something that is instrumented elsewhere. */
  add(instrumented: Instrumented): void
  /** Watches a module that was found, not handed over by the user. Never throws. */
  handOver(name: string, module: unknown): void
  /** Notes a framework that requests came through. */
  saw(framework: string): void
  /** Stops to watch calls, which somebody else records; log lines and exceptions are watched on. */
  leaveCalls(to: Instrumented): void
  stop(): void
}

const notCalls: ReadonlySet<string> = new Set(['console', 'dump', 'exceptions', 'pino', 'winston'])

interface WatchesSetup extends Omit<WatchSetup, 'guard' | 'lines' | 'statements'> {
  readonly settings: Settings
  /** Told of an exception that nobody caught, before the process ends by it. */
  readonly onFatal: (error: unknown) => void
  /** Told of the signal of the `dump` option. */
  readonly onSignal: () => void
}

// Names come from the host's code; a program that makes them up must not fill the memory.
const maxScopes = 200

/** Starts to watch what the process calls and says. */
export function startWatches(given: WatchesSetup): Watches {
  const { settings, report } = given
  const setup = {
    ...given,
    trustIncoming: settings.trustIncoming,
    lines: new LogLines(),
    statements: new Statements(given)
  }
  const withGuard = (part: string): WatchSetup => ({ ...setup, guard: createGuard(part, report) })
  const watches: Watch[] = [
    // First, because a module that is none is the user's mistake and throws.
    ...watchModules(setup, settings.instrument),
    watchFetch(withGuard('fetch')),
    watchHttpClient(withGuard('http client')),
    watchExceptions({
      ...withGuard('exceptions'),
      onFatal: setup.onFatal
    }),
    ...(settings.dump ? [watchSignal(withGuard('dump'), settings.dump, setup.onSignal)] : []),
    ...(settings.capture.console ? [watchConsole(withGuard('console'))] : [])
  ]
  const instrumented = watches.map((watch) => watch.instrumented)
  const onFirst = ({ name }: { readonly name: string }): void => {
    const how = 'by its diagnostics channels'
    if (!instrumented.some((one) => one.name === name && one.on))
      instrumented.push({ name, on: true, how })
  }
  const stopPublished = watchPublished(setup, onFirst)
  const stopPino = settings.capture.pino
    ? followPino(withGuard('pino'), () => onFirst({ name: 'pino' }))
    : undefined
  if (!settings.capture.console)
    instrumented.push({
      name: 'console',
      on: false,
      how: 'capture: { console: false } switches it off'
    })
  const withoutPino = !settings.capture.pino && !('pino' in settings.instrument)
  if (withoutPino)
    instrumented.push({
      name: 'pino',
      on: false,
      how: 'capture: { pino: false } switches it off'
    })
  const found = new FoundLibraries(process.cwd(), knownLibraries.keys())
  const followed = new Set(published.map(({ name }) => name))
  if (stopPino !== undefined) followed.add('pino')
  const frameworks = new Set<string>()
  const scopes = new Set<string>()
  let left = false
  return {
    instrumented,
    libraries: async () =>
      tellLibraries(await found.versions(), { instrumented, followed, frameworks, scopes }),
    sawTracer: (name) => void (scopes.size < maxScopes && scopes.add(name)),
    add: (one) => void instrumented.push(one),
    handOver(name, module) {
      if (name === 'pino' && withoutPino) return
      const watch = left && !notCalls.has(name) ? undefined : watchFound(setup, name, module)
      if (watch === undefined) return
      watches.push(watch)
      const at = instrumented.findIndex((one) => one.name === name)
      if (at < 0) instrumented.push(watch.instrumented)
      // Of several copies of a library the first one speaks, and of all the one that the user handed over.
      else if (instrumented[at]?.on !== true) instrumented[at] = watch.instrumented
    },
    saw(framework) {
      frameworks.add(framework)
      const layers = settings.capture.layers && /^(?:express|koa)/.test(framework)
      const how = `one span for each request${layers ? ', and one for each of its layers' : ''}`
      instrumented.unshift({ name: framework, on: true, how })
    },
    leaveCalls(to) {
      left = true
      stopPublished()
      for (const { name } of published) followed.delete(name)
      const calls = watches.filter((watch) => !notCalls.has(watch.instrumented.name))
      for (const watch of calls) watch.stop()
      const others = instrumented.filter((one) => notCalls.has(one.name))
      instrumented.splice(0, instrumented.length, to, ...others)
    },
    stop() {
      stopPublished()
      stopPino?.()
      watches.forEach((watch) => watch.stop())
    }
  }
}
