import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildPackage } from '../../src/build.mjs'

const root = resolve(import.meta.dirname, '../..')

// What a host calls itself stays whole: it is the code that holds the guards. Everything behind it breaks.
const whole =
  /^(?:base|context|wire)\/|^interop\/opentelemetry\/|^[\w-]+\.ts$|^host\/(?:connection|emit|exchange|express|express-app|koa|http|host|read)\.ts$|^span\/(?:span|tracer)\.ts$|^watch\/(?:patch|modules|logs\/console|http\/http-client)\.ts$|^redact\/redactor\.ts$|^serve\/(?:attach|serve)\.ts$|^store\/layout\.ts$/

/** The same of files of which the host meets a few functions only, by their names: each makes the host's call, or holds the guard of what it is called for. */
const wholeParts: Readonly<Record<string, RegExp>> = {
  // Are told what goes by, and guard what they do with it.
  'host/bodies.ts': /^Bodies\.request$/,
  'host/served-apps.ts': /^ServedApps\.(?:follow|look)$/,
  // The last word where answering has thrown.
  'serve/respond.ts': /^sendFailure$/,
  'watch/tracing-channel.ts': /^Follower\./,
  'watch/logs/log-lines.ts': /^LogLines\.writing$/,
  // Make a call of the host's, once.
  'watch/call.ts': /^followCall$/,
  'watch/settle.ts': /^follow(?:Callback|Promise)$/,
  'watch/queues/messaging.ts': /^run(?:Sending|Processing)$/,
  'watch/queues/amqplib.ts': /^(?:publish|receive)$/,
  'watch/queues/kafkajs.ts': /^(?:begin|send)$/,
  'watch/graphql.ts': /^Watcher\.follow$/,
  'watch/databases/pg-client.ts': /^run(?:Connect|Wait)$/,
  'watch/databases/pg-pool.ts': /^(?:runCheckOut|boundToCaller)$/,
  'watch/databases/pg-query.ts': /^runQuery$/
}

export interface FaultyPackage {
  /** The address of the package's root entry. */
  readonly entry: string
  /** Functions and methods that can be made to throw. */
  readonly points: number
  remove(): void
}

/**
 * The package, built from sources whose inner functions and methods throw at random, with the probability that `globalThis.faults` has at the
 * time; and whose guards never switch a part off, so that what is behind them is met again and again.
 */
export async function makeFaultyPackage(): Promise<FaultyPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'spanlight-faulty-'))
  const target = join(folder, 'node_modules/spanlight')
  mkdirSync(target, { recursive: true })
  symlinkSync(join(root, 'node_modules/ws'), join(folder, 'node_modules/ws'))
  cpSync(join(root, 'package.json'), join(target, 'package.json'))
  cpSync(join(root, 'dist/ui'), join(target, 'dist/ui'), { recursive: true })
  let points = 0
  const missing = new Set(Object.keys(wholeParts))
  await buildPackage(join(target, 'dist'), [
    {
      name: 'faults',
      setup({ onLoad, esbuild }) {
        onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
          const name = relative(join(root, 'src'), path).replaceAll('\\', '/')
          const { code } = await esbuild.transform(readFileSync(path, 'utf8'), { loader: 'ts' })
          const [contents, count] = breakable(name, code)
          points += count
          missing.delete(name)
          return { contents }
        })
      }
    }
  ])
  if (missing.size > 0) throw new Error(`there is no ${[...missing].join(', no ')}`)
  return {
    entry: pathToFileURL(join(target, 'dist/index.js')).href,
    points,
    remove: () => rmSync(folder, { recursive: true })
  }
}

function breakable(name: string, source: string): [text: string, points: number] {
  if (name === 'base/safely.ts') return [source.replace(/maxErrors = \d+/, 'maxErrors = 1e9'), 0]
  if (whole.test(name)) return [source, 0]
  const added: string[] = []
  const kept = (fn: string): boolean => wholeParts[name]?.test(fn) ?? false
  const text = source.replace(
    /^(export )?(async )?function (\w+)\(/gm,
    (all: string, exported = '', isAsync = '', fn: string) => {
      if (kept(fn)) return all
      added.push(
        `${exported}function ${fn}(...args) { breaks('${name} ${fn}'); return whole_${fn}.apply(this, args) }`
      )
      return `${isAsync}function whole_${fn}(`
    }
  )
  for (const [, one] of source.matchAll(/^(?:export )?class (\w+)/gm))
    added.push(`breakable(${one}, ${wholeParts[name] ?? /^$/})`)
  return [`${text}\n${added.join('\n')}\n${seam.replaceAll('FILE', name)}`, added.length]
}

const seam = `
function breaks(point) {
  if (Math.random() < (globalThis.faults ?? 0)) throw new Error('fault at ' + point)
}
function breakable(one, kept) {
  for (const [key, found] of Object.entries(Object.getOwnPropertyDescriptors(one.prototype))) {
    if (key === 'constructor' || kept.test(one.name + '.' + key)) continue
    for (const kind of ['value', 'get']) {
      const method = found[kind]
      if (typeof method !== 'function') continue
      found[kind] = function (...args) {
        breaks('FILE ' + one.name + '.' + key)
        return method.apply(this, args)
      }
    }
    Object.defineProperty(one.prototype, key, found)
  }
}
`
