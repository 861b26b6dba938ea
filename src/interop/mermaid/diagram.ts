import type { Folded } from './fold.ts'
import { sideName } from './steps.ts'
import { durationText, label } from './text.ts'

/** Mermaid refuses more than 50,000 characters, and nobody reads as many. */
const maxCharacters = 40_000
const maxSides = 40
/** Calls within calls; far below what would overflow the stack. */
const maxNested = 60

interface Place {
  /** Of the indentation. */
  readonly depth: number
  readonly inLoop: boolean
  readonly nested: number
}

/** Draws steps line by line, and says what it left out. */
export class Diagram {
  readonly #sides = new Map<string, string>()
  readonly #lines: string[] = []
  #characters = 0
  #left = 0

  draw(steps: readonly Folded[]): void {
    this.#draw(steps, { depth: 1, inLoop: false, nested: 0 })
  }

  text(): string {
    const head = ['sequenceDiagram']
    for (const [side, id] of this.#sides)
      head.push(`  participant ${id} as ${side === '' ? 'caller' : label(sideName(side))}`)
    if (this.#sides.size === 0) head.push('  participant p1 as nothing')
    const [first = 'p1'] = this.#sides.values()
    const more = `  Note over ${first}: ${this.#left} more are not drawn`
    return `${[...head, ...this.#lines, ...(this.#left > 0 ? [more] : [])].join('\n')}\n`
  }

  #draw(steps: readonly Folded[], place: Place): void {
    const deeper = { ...place, nested: place.nested + 1 }
    for (const one of steps) {
      if (!this.#fits(one, place)) this.#left += one.times
      // A call to nobody knows whom says nothing; what came of it may.
      else if (one.step.to === undefined) this.#draw(one.children, deeper)
      else this.#drawStep(one, deeper)
    }
  }

  #fits({ step: { from, to } }: Folded, { nested }: Place): boolean {
    const fresh = new Set([from, to ?? from].filter((side) => !this.#sides.has(side)))
    const room = to === undefined ? maxSides : maxSides - this.#sides.size
    return this.#characters < maxCharacters && nested <= maxNested && fresh.size <= room
  }

  #drawStep(one: Folded, place: Place): void {
    const { times, duration } = one
    const pad = '  '.repeat(place.depth)
    if (times === 1) return this.#drawOnce(one, place)
    this.#line(`${pad}loop ${times}x (${durationText(duration)})`)
    this.#drawOnce(one, { ...place, depth: place.depth + 1, inLoop: true })
    this.#line(`${pad}end`)
  }

  #drawOnce({ step, duration, children }: Folded, place: Place): void {
    const { failed, message } = step
    const from = this.#idOf(step.from)
    const to = this.#idOf(step.to as string)
    const pad = '  '.repeat(place.depth)
    const name = label(step.name)
    // Each turn of a loop takes its own time.
    const took = place.inLoop ? '' : durationText(duration)
    const note = [failed ? 'failed' : '', took].filter((part) => part !== '').join(', ')
    const brackets = note === '' ? '' : ` (${note})`
    if (children.length > 0) {
      this.#line(`${pad}${from}->>${to}: ${name}`)
      this.#line(`${pad}activate ${to}`)
      this.#draw(children, { ...place, depth: place.depth + 1 })
      this.#line(`${pad}${to}${failed ? '--x' : '-->>'}${from}: ${note || 'done'}`)
      this.#line(`${pad}deactivate ${to}`)
    } else if (from === to && !failed) this.#line(`${pad}Note over ${to}: ${name}${brackets}`)
    else {
      const arrow = failed ? '-x' : message ? '-)' : '->>'
      this.#line(`${pad}${from}${arrow}${to}: ${name}${brackets}`)
    }
  }

  #line(text: string): void {
    this.#lines.push(text)
    this.#characters += text.length + 1
  }

  #idOf(side: string): string {
    let id = this.#sides.get(side)
    if (id === undefined) {
      id = `p${this.#sides.size + 1}`
      this.#sides.set(side, id)
    }
    return id
  }
}
