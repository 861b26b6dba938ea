import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import { chromeParts } from '../../../src/interop/chrome/encode.ts'
import { record, request, span, spanId } from '../../query/fixtures.ts'

interface TraceEvent {
  name: string
  cat: string
  ph: string
  ts: number
  dur: number
  pid: number
  tid: number
  id: number
  bp: string
  args: { span_id: string }
}

interface Slice {
  readonly begin: number
  readonly end: number
  readonly spanId: string
}

/**
 * What Perfetto makes of a file: slices by thread, in whole nanoseconds, none of which may end within another; arrows between the slices that
 * were begun last, known by a number of 64 bits, their begin before their end.
 */
class Perfetto {
  readonly slices: Slice[] = []
  readonly arrows: string[] = []
  readonly faults: string[] = []
  readonly #stacks = new Map<string, Slice[]>()
  readonly #flows = new Map<string, string>()

  constructor(file: string) {
    const { traceEvents } = JSON.parse(file) as { traceEvents: TraceEvent[] }
    const timed = traceEvents.filter(({ ph }) => ph !== 'M').sort((a, b) => nanos(a) - nanos(b))
    for (const event of timed) this.#take(event)
  }

  #take(event: TraceEvent): void {
    const { ph, dur, args } = event
    const begin = nanos(event)
    if (begin < 0) this.faults.push('a negative time')
    const stack = this.#stackOf(event)
    if (ph === 'X' || ph === 'i') {
      const end = begin + (ph === 'X' ? Math.round(dur * 1000) : 0)
      const slice = { begin, end, spanId: ph === 'X' ? args.span_id : 'an instant' }
      while (stack.length > 0 && isOver(stack.at(-1) as Slice, slice)) stack.pop()
      if (stack.some((open) => begin < open.end && end > open.end)) this.faults.push('an overlap')
      stack.push(slice)
      if (ph === 'X') this.slices.push(slice)
      return
    }
    const key = `${event.cat} ${event.name} ${event.id}`
    const top = stack.at(-1)?.spanId
    if (!Number.isSafeInteger(event.id)) this.faults.push('an id beyond 64 bits')
    else if (top === undefined) this.faults.push('an arrow from or to nowhere')
    else if (ph === 's') {
      if (this.#flows.has(key)) this.faults.push('two arrows of one id')
      this.#flows.set(key, top)
    } else if (!this.#flows.has(key)) this.faults.push('an arrow without a begin')
    else if (event.bp === 'e') this.arrows.push(`${this.#flows.get(key)} -> ${top}`)
  }

  #stackOf({ pid, tid }: TraceEvent): Slice[] {
    const key = `${pid} ${tid}`
    const stack = this.#stacks.get(key) ?? []
    this.#stacks.set(key, stack)
    return stack
  }
}

function nanos({ ts }: TraceEvent): number {
  return Math.round(ts * 1000)
}

/** Of two that meet the first is over, but for two without a length. */
function isOver(open: Slice, next: Slice): boolean {
  const instants = open.begin === open.end && next.begin === next.end
  return open.end < next.begin || (open.end === next.begin && !instants)
}

const file = (records: readonly TraceRecord[]): string => [...chromeParts(records)].join('')

describe('Perfetto', () => {
  it('draws every span and arrow, however they lie in time', () => {
    const seed = fc.record({
      parent: fc.nat(9),
      start: fc.nat(20_000),
      duration: fc.nat(20_000),
      service: fc.nat(2),
      event: fc.nat(20_000)
    })
    fc.assert(
      fc.property(fc.array(seed, { minLength: 1, maxLength: 30 }), (seeds) => {
        const spans = seeds.map(({ parent, start, duration, event }, i) =>
          span({
            id: i + 1,
            parent: i === 0 ? undefined : (parent % i) + 1,
            start,
            duration,
            events: [{ name: 'e', time: event, attributes: [] }]
          })
        )
        const records = [0, 1, 2]
          .map((of) =>
            record(
              spans.filter((_one, i) => seeds[i].service === of),
              { service: `service ${of}` }
            )
          )
          .filter((one) => one.spans.length > 0)
        const shown = new Perfetto(file(records))
        // One that was called and over before its caller began has no arrow.
        expect(shown.faults.filter((fault) => fault !== 'an arrow without a begin')).toEqual([])
        expect(shown.slices).toHaveLength(seeds.length)
      }),
      { numRuns: 300 }
    )
  })

  it('draws the arrow between the two sides of a call, whatever happens when it begins', () => {
    const at = { time: 2e6, attributes: [] }
    const call = span({ id: 2, parent: 1000, kind: 2, start: 1e6, duration: 4e6 })
    const served = span({
      id: 5,
      parent: 2,
      parentRemote: true,
      kind: 1,
      start: 2e6,
      duration: 1e6,
      events: [{ name: 'begun', ...at }],
      logs: [{ severity: 'info', body: 'begun', ...at }]
    })
    const shown = new Perfetto(
      file([request({ trace: 1, children: [call] }), record([served], { service: 'storage' })])
    )
    expect(shown.arrows).toEqual([`${spanId(2)} -> ${spanId(5)}`])
    expect(shown.faults).toEqual([])
  })

  it('is given no half of a surrogate pair, which it refuses a file for', () => {
    const one = span({
      id: 1,
      name: '\ud83d cut \\ud83d \u{1f600}',
      attributes: ['half \udc00', ['\ud800', 'whole \u{1f600}']]
    })
    const text = file([record([one])])
    expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/)
    expect(text).toContain('\ufffd cut \\\\ud83d \u{1f600}')
    expect(text).toContain('"half \ufffd":["\ufffd","whole \u{1f600}"]')
  })
})
