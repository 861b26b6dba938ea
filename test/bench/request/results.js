import { figure, number, table } from '../figures.js'
import { differences, median, ratioOf, spreadOf } from '../statistics.js'

/** What Spanlight's cost is divided by; of those that record no layers it is the cost without them. */
const rivals = [
  {
    words: "otel's with the same spans",
    who: 'otel, same spans',
    ours: 'spanlight, no layers',
    target: { atMost: 0.2 }
  },
  { words: "otel's", who: 'otel' },
  { words: "dd-trace's", who: 'dd-trace' },
  { words: "elastic-apm's", who: 'elastic-apm' },
  { words: "the floor's", who: 'floor', ours: 'spanlight, no layers', target: { atMost: 1.5 } }
]

/** The case of a middleware that is off, without a server around it. */
export const alone = 'off, alone'

/** The name that a setting's handler has in the figures: `express, trivial`. */
export function caseOf({ name }, handler) {
  return `${name}, ${handler}`
}

/**
 * What the rounds say; each contestant is compared with the bare server of its own round. Documents quote these by name:
 * `express, trivial: CPU, otel`, `express, trivial: added, otel`, `express, trivial: added, of otel's`, `off, alone: express`.
 */
export function figuresOf(samples) {
  return Object.entries(samples).flatMap(([name, us]) =>
    name === alone ? ofPassing(us) : ofRequests(name, us)
  )
}

function ofRequests(name, us) {
  const added = addedIn(us)
  const whole = Object.entries(us).map(([contestant, values]) =>
    figure(`${name}: CPU, ${contestant}`, 'us', spreadOf(values))
  )
  const beyond = Object.entries(added).map(([contestant, values]) =>
    figure(`${name}: added, ${contestant}`, 'us', spreadOf(values))
  )
  const parts = rivals
    .filter(({ who }) => who in added)
    .map(({ words, who, ours = 'spanlight', target }) => {
      // Bare http has no layers, and no contestant without.
      const part = partOf(added[ours] ?? added.spanlight, added[who])
      return figure(`${name}: added, of ${words}`, 'x', part, target)
    })
  return [...whole, ...beyond, ...parts]
}

// What cost nothing that could be measured is no measure.
function partOf(ours, theirs) {
  return median(theirs) > 0 ? ratioOf(ours, theirs) : Number.NaN
}

function ofPassing(us) {
  const note = 'the middleware in a loop, page off'
  return Object.entries(us).map(([framework, values]) =>
    figure(`${alone}: ${framework}`, 'us', spreadOf(values), { atMost: 1 }, note)
  )
}

function addedIn({ bare, ...others }) {
  return Object.fromEntries(
    Object.entries(others).map(([name, values]) => [name, differences(values, bare)])
  )
}

/** For people: a line for each case, a column for each contestant; then how they compare. */
export function textOf(samples, figures) {
  const cases = Object.entries(samples).filter(([name]) => name !== alone)
  const names = [...new Set(cases.flatMap(([, us]) => Object.keys(us)))]
  const rows = cases.map(([name, us]) => {
    const added = addedIn(us)
    const cells = names.map((contestant) => {
      if (contestant === 'bare') return number(median(us.bare))
      return contestant in added ? signed(median(added[contestant])) : ''
    })
    return [name, ...cells]
  })
  const all = [['', ...names], ...rows]
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)))
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd()
  )
  const compared = figures.filter(({ unit, target }) => unit === 'x' || target !== undefined)
  return `us of CPU a request: of the bare server, and what each adds to it\n${lines.join('\n')}\n\n${table(compared)}`
}

function signed(value) {
  return value < 0 ? number(value) : `+${number(value)}`
}
