import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { differences, spreadOf } from '../statistics.js'

const script = join(import.meta.dirname, 'child.js')

/** What is done in a request, and what it is called in the figures. The libraries' parts are measured without their servers. */
export const kinds = {
  span: 'a span by hand',
  console: 'a line of console.log',
  pino: 'a line of pino',
  query: 'a query of pg',
  command: 'a command of ioredis'
}
const perRequest = 20
const variants = ['bare', 'spanlight', 'without call sites', 'without runtime']

/** Asks a fresh process for one kind of thing. */
export async function ask(variant, kind, requests) {
  const child = new Child(script, { args: [variant], role: 'host' })
  try {
    const time = await child.ask({ ask: 'time', kind, requests }, 120_000)
    const { spans, lines } = await child.ask({ ask: 'recorded', kind })
    const made = spans + lines
    // Whoever recorded nothing would have won.
    if (made !== (variant === 'bare' ? 0 : perRequest))
      throw new Error(`${variant}: ${made} ${kind}`)
    return time
  } finally {
    await child.stop()
  }
}

/** What a call, a line or a span costs inside of a request, with everything that is on by default and without. */
export async function run({ say, quick }) {
  const rounds = quick ? 1 : 3
  const requests = quick ? 300 : 600
  const seen = {}
  for (let round = 0; round < rounds; round++) {
    for (const kind of Object.keys(kinds))
      for (const variant of variants) {
        const list = ((seen[kind] ??= {})[variant] ??= [])
        list.push(await ask(variant, kind, requests))
      }
    const each = Object.keys(kinds).map((kind) => {
      const [bare, on] = ['bare', 'spanlight'].map((variant) => seen[kind][variant][round].us)
      return `${kinds[kind]} ${(on - bare).toFixed(2)}`
    })
    say(`round ${round + 1} of ${rounds}, us: ${each.join('; ')}`)
  }
  return { figures: figuresOf(seen), rounds: seen }
}

/** Differences of the same round: a machine drifts. */
export function figuresOf(seen) {
  const added = (kind, on, off, key = 'us') =>
    spreadOf(
      differences(
        seen[kind][on].map((one) => one[key]),
        seen[kind][off].map((one) => one[key])
      )
    )
  const figures = Object.entries(kinds).flatMap(([kind, name]) => [
    figure(`${name}: added`, 'us', added(kind, 'without call sites', 'bare')),
    figure(`${name}: its call site`, 'us', added(kind, 'spanlight', 'without call sites'))
  ])
  return [
    ...figures.filter(({ name }) => !/^a line .*call site$/.test(name)),
    figure(
      'a trace: what the runtime did',
      'us',
      added('span', 'without call sites', 'without runtime', 'around'),
      undefined,
      'one after the other, which keeps the heartbeat at work'
    )
  ]
}
