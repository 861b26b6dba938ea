import { LRUCache } from 'lru-cache'
import { findSourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { inSlices } from '../base/time-slices.ts'
import { pathOf } from './frame.ts'
import { Mappings } from './mappings.ts'
import { readRegularFile } from './regular-file.ts'

/** A place in a file, counted from 1. */
export interface Place {
  readonly path: string
  readonly line: number
  readonly column: number
}

/** Bytes of a file of code, and of a source map: what is larger takes too long to parse in one piece. */
const maxBytes = 6 * 2 ** 20
/** Bytes of mappings that are kept, of all files together. */
const maxKept = 32 * 2 ** 20
const mark = '//# sourceMappingURL='

/** What a file was made of, as far as it says so itself. */
interface FileMap {
  readonly size: number
  readonly sections: readonly Section[]
}

/** A part of the generated code; one is the rule, bundlers that join bundles write several. */
interface Section {
  readonly line: number
  readonly column: number
  readonly sources: readonly string[]
  readonly mappings: Mappings
}

/** From the code that runs to the code that was written. */
export class SourceMaps {
  readonly #root: string
  readonly #now: () => number
  readonly #kept = new LRUCache<string, FileMap>({ maxSize: maxKept })
  readonly #reading = new Map<string, Promise<FileMap>>()

  constructor(root: string, now: () => number) {
    this.#root = root
    this.#now = now
  }

  /** Where the code that runs at a place was written. */
  async find(place: Place): Promise<Place | undefined> {
    return (await this.onDisk(place)) ?? this.known(place)
  }

  /**
   * By the map that Node has, which is the only one of what a loader compiled while it loaded it (tsx). Node parses it in one piece, and stacks
   * that it has described are in its words already.
   */
  known({ path, line, column }: Place): Place | undefined {
    try {
      const entry = findSourceMap(path)?.findEntry(line - 1, column - 1)
      if (entry === undefined || !('originalSource' in entry)) return undefined
      const { originalSource, originalLine, originalColumn } = entry
      const source = pathOf(originalSource)
      if (source === undefined) return undefined
      return { path: source, line: originalLine + 1, column: originalColumn + 1 }
    } catch {
      return undefined
    }
  }

  /** By the map that the file itself names. Read once for a file; a place in what has no map stays unknown. */
  async onDisk({ path, line, column }: Place): Promise<Place | undefined> {
    const { sections } = await this.#mapOf(path)
    const at = sections.findLast(
      (one) => one.line < line - 1 || (one.line === line - 1 && one.column <= column - 1)
    )
    if (at === undefined) return undefined
    const first = at.line === line - 1 ? at.column : 0
    const found = at.mappings.find(line - 1 - at.line, column - 1 - first)
    const source = found && at.sources[found.source]
    return source ? { path: source, line: found.line + 1, column: found.column + 1 } : undefined
  }

  #mapOf(path: string): Promise<FileMap> {
    const kept = this.#kept.get(path)
    if (kept !== undefined) return Promise.resolve(kept)
    let reading = this.#reading.get(path)
    if (reading === undefined) {
      reading = this.#read(path)
        .catch(() => none)
        .then((map) => {
          this.#kept.set(path, map, { size: map.size })
          return map
        })
        .finally(() => this.#reading.delete(path))
      this.#reading.set(path, reading)
    }
    return reading
  }

  async #read(path: string): Promise<FileMap> {
    const code = await readRegularFile(path, maxBytes)
    const at = code?.text.lastIndexOf(mark) ?? -1
    if (code === undefined || at < 0) return none
    const url = /^\S*/.exec(code.text.slice(at + mark.length))?.[0] ?? ''
    const inline = /^data:application\/json[^,]*;base64,/.exec(url)?.[0]
    const mapPath = inline === undefined ? resolve(dirname(path), decodeURI(url)) : path
    const json =
      inline === undefined
        ? (await readRegularFile(mapPath, maxBytes))?.text
        : Buffer.from(url.slice(inline.length), 'base64').toString()
    const sections: Section[] = []
    for (const part of partsOf(JSON.parse(json ?? '{}'))) {
      sections.push({
        line: part.line,
        column: part.column,
        sources: part.sources.map((source) => this.#sourcePath(source, dirname(mapPath))),
        mappings: await inSlices(Mappings.read(part.mappings), this.#now)
      })
    }
    const size = sections.reduce((sum, { mappings }) => sum + mappings.size, 1000)
    return { size, sections }
  }

  #sourcePath(source: string, folder: string): string {
    // webpack names sources by its own scheme, below the folder it was started in.
    const packed = /^webpack:\/\/[^/]*\/(.*)$/s.exec(source)?.[1]
    if (packed !== undefined) return resolve(this.#root, packed)
    return pathOf(source) ?? resolve(folder, source)
  }
}

const none: FileMap = { size: 1000, sections: [] }

interface Part {
  readonly line: number
  readonly column: number
  readonly sources: readonly string[]
  readonly mappings: string
}

/** What counts of a source map's JSON, which anybody may have written. */
function* partsOf(json: unknown): Generator<Part> {
  const { sections, sources, sourceRoot, mappings } = (json ?? {}) as Record<string, unknown>
  if (Array.isArray(sections)) {
    for (const section of sections as readonly Record<string, unknown>[]) {
      const { line, column } = section['offset'] as { line: number; column: number }
      for (const part of partsOf(section['map'])) yield { ...part, line, column }
    }
    return
  }
  if (typeof mappings !== 'string' || !Array.isArray(sources)) return
  const root = typeof sourceRoot === 'string' && sourceRoot !== '' ? `${sourceRoot}/` : ''
  yield {
    line: 0,
    column: 0,
    sources: sources.map((source) => (typeof source === 'string' ? root + source : '')),
    mappings
  }
}
