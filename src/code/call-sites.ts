import type { CallSite } from '../base/call-site.ts'
import type { Report } from '../base/report.ts'
import { type Frame, pathOf, readFrame } from './frame.ts'
import type { Project } from './project.ts'
import type { Place, SourceMaps } from './source-maps.ts'

export interface CallSitesSetup {
  readonly project: Project
  readonly maps: SourceMaps
  /** A name of the host's, as it may be stored. */
  readonly text: (text: string) => string
  readonly report: Report
}

/** Places of one file, by line and column of the code that runs. */
type Places = Map<number, Site>

interface File {
  readonly path: string
  readonly places: Places
}

interface Site extends CallSite {
  path: string
  line: number
  column: number
  function: string
  /** The code there is a dependency's, which a bundler put into a file of the application. */
  library: boolean
}

const usualDepth = 12
/** Frames that are looked at when fewer do not reach the host's code; undici alone takes 28. */
const deepest = 64
const maxFiles = 4096
const maxPlaces = 20_000
const maxNames = 1024
const columns = 2 ** 26
/** Of anything else (TypeScript) the map is known with the code, which a loader made of it. */
const javaScript = /\.[cm]?js$/

const keep: typeof Error.prepareStackTrace = (_error, frames) => frames

/**
 * Finds the line of the host's code that the running call comes from. Each frame that V8 collects costs 0.4 us, a description of one 3 us: so
 * only as many are collected as the same operation needed before, and each place is described once.
 */
export class CallSites {
  readonly #setup: CallSitesSetup
  /** By the name that stands in a frame; undefined for what is not the host's. */
  readonly #files = new Map<string, File | undefined>()
  /** How many frames an operation needs, the most of all places that it is called from. */
  readonly #depths = new Map<string, number>()
  #places = 0
  #on = true

  constructor(setup: CallSitesSetup) {
    this.#setup = setup
  }

  /** The site of the running call; undefined when no code of the host is below it. `operation` is what is called: a span's name. */
  find(operation: string, limit: number = this.#needed(operation)): CallSite | undefined {
    if (!this.#on) return undefined
    const limitBefore: unknown = Reflect.get(Error, 'stackTraceLimit')
    const formatBefore: unknown = Reflect.get(Error, 'prepareStackTrace')
    const holder: { stack?: unknown } = {}
    let frames: unknown
    try {
      Error.stackTraceLimit = limit
      Error.prepareStackTrace = keep
      Error.captureStackTrace(holder)
      // V8 asks for the frames' description when it is read first: here, while that is ours.
      frames = holder.stack
    } catch (error) {
      return this.#switchOff(error)
    } finally {
      giveBack('stackTraceLimit', limitBefore)
      giveBack('prepareStackTrace', formatBefore)
    }
    if (!Array.isArray(frames)) return undefined
    const stack = frames as readonly NodeJS.CallSite[]
    for (let i = 0; i < stack.length; i++) {
      const site = this.#siteOf(stack[i] as NodeJS.CallSite)
      if (site === undefined || site.library) continue
      this.#learn(operation, i + 1)
      return site
    }
    return stack.length < limit || limit >= deepest ? undefined : this.find(operation, deepest)
  }

  /** Nothing is looked for any more. */
  stop(): void {
    this.#on = false
  }

  #needed(operation: string): number {
    return this.#depths.get(operation) ?? usualDepth
  }

  #learn(operation: string, depth: number): void {
    const before = this.#depths.get(operation)
    if (before !== undefined && before >= depth) return
    if (this.#depths.size >= maxNames) this.#depths.clear()
    this.#depths.set(operation, depth)
  }

  #siteOf(frame: NodeJS.CallSite): Site | undefined {
    const name = frame.getFileName()
    if (typeof name !== 'string') return undefined
    let file = this.#files.get(name)
    if (file === undefined) {
      if (this.#files.has(name)) return undefined
      file = this.#read(name)
      if (file === undefined) return undefined
    }
    // Not by its position in the source text: a module that is loaded anew has the same name and other lines.
    const key = (frame.getLineNumber() ?? 0) * columns + (frame.getColumnNumber() ?? 0)
    return file.places.get(key) ?? this.#describe(frame, file, key)
  }

  #read(name: string): File | undefined {
    const path = pathOf(name)
    const own = path !== undefined && this.#setup.project.owns(path)
    const file = own ? { path, places: new Map() } : undefined
    if (this.#files.size >= maxFiles) this.#files.clear()
    this.#files.set(name, file)
    return file
  }

  #describe(frame: NodeJS.CallSite, file: File, key: number): Site {
    const { maps, text } = this.#setup
    const runs = { path: file.path, line: Math.floor(key / columns), column: key % columns }
    const told = describe(frame)
    const shown = told && { ...told, path: pathOf(told.file) ?? file.path }
    const moved = shown !== undefined && (shown.line !== runs.line || shown.path !== runs.path)
    const known = moved ? shown : javaScript.test(file.path) ? undefined : maps.known(runs)
    const site: Site = { ...this.#place(known ?? runs), function: text(told?.function ?? '') }
    if (this.#places++ >= maxPlaces) this.#forget()
    file.places.set(key, site)
    if (known === undefined)
      maps.find(runs).then(
        (found) => found && Object.assign(site, this.#place(found)),
        () => {}
      )
    return site
  }

  #place({ path, line, column }: Place): Omit<Site, 'function'> {
    const { project, text } = this.#setup
    return { path: text(project.shown(path)), line, column, library: !project.owns(path) }
  }

  #forget(): void {
    this.#files.clear()
    this.#places = 0
  }

  // A frozen Error (SES, --frozen-intrinsics) lets nobody look: every later attempt would end the same.
  #switchOff(error: unknown): undefined {
    this.#on = false
    const { report } = this.#setup
    report.once(`call sites are not recorded: ${report.hide(String(error))}`)
  }
}

/** What is undefined was not there, and stays so. */
function giveBack(key: 'stackTraceLimit' | 'prepareStackTrace', before: unknown): void {
  if (Reflect.get(Error, key) === before) return
  if (before === undefined) Reflect.deleteProperty(Error, key)
  else Reflect.set(Error, key, before)
}

/** In the words of whoever describes stacks in this process: a loader that compiles (ts-node) knows the lines as they were written. */
function describe(frame: NodeJS.CallSite): Frame | undefined {
  try {
    const told: unknown = Error.prepareStackTrace?.(new Error('call site'), [frame])
    const line = typeof told === 'string' ? told.slice(told.lastIndexOf('\n') + 1) : ''
    return readFrame(line) ?? readFrame(`at ${(frame as { toString(): string }).toString()}`)
  } catch {
    return undefined
  }
}
