import { resolve } from 'node:path'
import type { CallSite } from '../base/call-site.ts'
import type { SourceFrame, SpanSource } from '../wire/source.ts'
import type { Excerpts } from './excerpts.ts'
import { type Frame, pathOf, readFrame } from './frame.ts'
import type { Project } from './project.ts'
import type { SourceMaps } from './source-maps.ts'

/** What a span of this process says about code, as it was recorded. */
export interface SpanCode {
  readonly site: CallSite | undefined
  readonly exceptions: readonly { readonly message: string; readonly stack: string }[]
}

export interface SourcesSetup {
  readonly project: Project
  readonly maps: SourceMaps
  readonly excerpts: Excerpts
}

const maxStacks = 8
const maxFrames = 100
/** Frames of the program's own that are shown with their lines, of each stack. */
const maxExcerpts = 5

/** Finds what was written where a span's call site and stacks point to. */
export class Sources {
  readonly #setup: SourcesSetup

  constructor(setup: SourcesSetup) {
    this.#setup = setup
  }

  async of({ site, exceptions }: SpanCode): Promise<SpanSource> {
    const stacks: SourceFrame[][] = []
    for (const { message, stack } of exceptions.slice(0, maxStacks))
      stacks.push(await this.#stack(stack, message))
    return { site: site === undefined ? null : await this.#site(site), stacks }
  }

  async #site(site: CallSite): Promise<SourceFrame> {
    const path = resolve(this.#setup.project.root, site.path)
    return this.#withLines(await this.#frame({ ...site, file: path }, 0))
  }

  async #stack(stack: string, message: string): Promise<SourceFrame[]> {
    const frames: SourceFrame[] = []
    let excerpts = 0
    // A message can be a stranger's text, with lines that look like frames.
    const begin = message === '' ? -1 : stack.indexOf(message)
    const skipped = begin < 0 ? 0 : stack.slice(0, begin + message.length).split('\n').length
    for (const [at, text] of stack.split('\n').entries()) {
      const read = at < skipped ? undefined : readFrame(text)
      if (read === undefined || frames.length >= maxFrames) continue
      const frame = await this.#frame(read, at)
      frames.push(frame.own && excerpts++ < maxExcerpts ? await this.#withLines(frame) : frame)
    }
    return frames
  }

  async #frame(frame: Frame, at: number): Promise<SourceFrame> {
    const { project, maps } = this.#setup
    const { line, column } = frame
    const ran = pathOf(frame.file)
    if (ran === undefined) return { ...frame, at, own: false, path: '', excerpt: null }
    const runs = { path: ran, line, column }
    // No other file is looked at: the path may be a stranger's text.
    const place = (project.holds(ran) && (await maps.onDisk(runs))) || runs
    return {
      at,
      function: frame.function,
      file: project.shown(place.path),
      line: place.line,
      column: place.column,
      own: project.owns(place.path),
      // An editor is sent nowhere else by a stranger's text either.
      path: project.holds(place.path) ? place.path : '',
      excerpt: null
    }
  }

  async #withLines(frame: SourceFrame): Promise<SourceFrame> {
    return { ...frame, excerpt: await this.#setup.excerpts.around(frame.path, frame.line) }
  }
}
