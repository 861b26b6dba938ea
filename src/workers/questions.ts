import type { Question } from './knowledge.ts'
import type { Link } from './link.ts'

/** Milliseconds that a worker may think: a large trace is read in many short slices. */
const answerMs = 2000

/** What a worker was asked, until it answers. */
export class Questions {
  readonly #link: Pick<Link, 'send'>
  readonly #open = new Map<number, (value: unknown) => void>()
  #last = 0

  constructor(link: Pick<Link, 'send'>) {
    this.#link = link
  }

  /** Undefined when no answer comes. */
  ask(question: Question): Promise<unknown> {
    const id = ++this.#last
    this.#link.send({ type: 'question', id, question })
    return new Promise((resolve) => {
      this.#open.set(id, resolve)
      setTimeout(() => this.answered(id, undefined), answerMs).unref()
    })
  }

  answered(id: number, value: unknown): void {
    this.#open.get(id)?.(value)
    this.#open.delete(id)
  }

  close(): void {
    for (const id of this.#open.keys()) this.answered(id, undefined)
  }
}
