import type { LibraryStatus } from '../wire/status.ts'
import { moduleNames } from './instrument.ts'
import { type KnownLibrary, knownLibraries, type Way } from './known-libraries.ts'
import type { Instrumented } from './watch.ts'

/** What is really recorded: nothing else makes a library a traced one. */
export interface Recorded {
  readonly instrumented: readonly Instrumented[]
  /** Libraries whose diagnostics channels are followed, whether anything came or not. */
  readonly followed: ReadonlySet<string>
  /** Frameworks and servers that requests came through. */
  readonly frameworks: ReadonlySet<string>
  /** Names of the tracers that were asked for through OpenTelemetry's API. */
  readonly scopes: ReadonlySet<string>
}

/** Says of each library that was found (name and version) how it stands; those that are not traced first. */
export function tellLibraries(
  found: ReadonlyMap<string, string>,
  recorded: Recorded
): LibraryStatus[] {
  const told = new Map<string, LibraryStatus>()
  const tell = (library: KnownLibrary): LibraryStatus => {
    const version = found.get(library.name) ?? ''
    const of = new Teller(library.name, version, recorded, (driver) => {
      const known = found.has(driver) ? knownLibraries.get(driver) : undefined
      return known && tell(known)
    })
    return { name: library.name, version, ...of.tell(library.ways) }
  }
  for (const name of found.keys()) {
    const library = knownLibraries.get(name)
    if (library !== undefined) told.set(name, tell(library))
  }
  return [...told.values()].sort(
    (a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  )
}

// What one line would change comes first.
function rankOf({ traced, line }: LibraryStatus): number {
  return traced ? 2 : line === undefined ? 1 : 0
}

type Told = Pick<LibraryStatus, 'traced' | 'how' | 'line'>

const no = (how: string, line?: string): Told => ({
  traced: false,
  how,
  ...(line !== undefined && { line })
})
const yes = (how: string): Told => ({ traced: true, how })

class Teller {
  readonly #name: string
  readonly #version: string
  readonly #recorded: Recorded
  readonly #driver: (name: string) => LibraryStatus | undefined

  constructor(
    name: string,
    version: string,
    recorded: Recorded,
    driver: (name: string) => LibraryStatus | undefined
  ) {
    this.#name = name
    this.#version = version
    this.#recorded = recorded
    this.#driver = driver
  }

  tell(ways: readonly [Way, ...Way[]]): Told {
    const watched = this.#instrumented(this.#name)
    if (watched?.on === true) return yes(watched.how)
    if (watched !== undefined) return no(watched.how)
    const told = ways.map((way) => this.#tellOf(way))
    return told.find((one) => one.traced) ?? told.find(possible) ?? (told[0] as Told)
  }

  #tellOf(way: Way): Told {
    switch (way.by) {
      case 'channels':
        return this.#channels(way.since)
      case 'module':
        return this.#module(way.importing, way.since)
      case 'server':
        return this.#server(way.of, way.line)
      case 'client':
        return this.#instrumented(way.of)?.on === true
          ? yes(`its calls, by ${way.of === 'http' ? 'http.request' : 'fetch'}`)
          : no(`${way.of} is not watched`)
      case 'drivers':
        return this.#drivers(way.drivers)
      case 'OpenTelemetry':
        return this.#openTelemetry(way.scopes, way.line)
      case 'nothing':
        return no(way.why)
    }
  }

  #instrumented(name: string): Instrumented | undefined {
    return this.#recorded.instrumented.find((one) => one.name === name)
  }

  #channels(since: string): Told {
    if (!this.#recorded.followed.has(this.#name))
      return no('its diagnostics channels are not followed')
    if (this.#version === '')
      return no(`it tells of its calls itself from ${since} on; none came yet`)
    if (isBefore(this.#version, since))
      return no(
        `it tells of its calls itself, but from ${since} on`,
        `npm install ${this.#name}@^${since}`
      )
    return yes('by its diagnostics channels; nothing came yet')
  }

  #module(importing: string, since: string): Told {
    if (!moduleNames.has(this.#name)) return no('this version of Spanlight does not watch it')
    if (since !== '' && this.#version !== '' && isBefore(this.#version, since))
      return no(`too old: from ${since} on`, `npm install ${this.#name}@^${since}`)
    const local = /^(?:\* as )?(\w+)/.exec(importing)?.[1] ?? ''
    const option = local === this.#name ? local : `'${this.#name}': ${local}`
    return no(
      'its module was not handed over; spanlight/register does so by itself',
      `tracing({ instrument: { ${option} } }) // import ${importing}`
    )
  }

  // A framework is noted with its version: `express 5`.
  #server(of: readonly string[], line: string): Told {
    const seen = [...this.#recorded.frameworks].map((name) => name.split(' ', 1)[0] as string)
    return seen.some((name) => of.includes(name))
      ? yes('one span for each request')
      : no('no request came through it yet', line)
  }

  // Which one of several it uses is not known: all of them have to be traced.
  #drivers(names: readonly string[]): Told {
    const found = names.flatMap((name) => this.#driver(name) ?? [])
    const missing = found.find((one) => !one.traced)
    if (missing !== undefined)
      return no(`through ${missing.name}, which is not traced`, missing.line)
    if (found.length === 0) return no(`through its driver; known are ${names.join(', ')}`)
    return yes(`its statements, by ${found.map((one) => one.name).join(', ')}`)
  }

  #openTelemetry(scopes: readonly string[], line: string): Told {
    const scope = scopes.find((name) => this.#recorded.scopes.has(name))
    return scope === undefined
      ? no('only through OpenTelemetry, whose backend Spanlight is', line)
      : yes(`through OpenTelemetry, by ${scope}`)
  }
}

function possible({ line }: Told): boolean {
  return line !== undefined
}

/** Whether a version is before another; what follows a hyphen does not count. */
export function isBefore(version: string, since: string): boolean {
  const [a, b] = [partsOf(version), partsOf(since)]
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function partsOf(version: string): number[] {
  return (version.split(/[-+]/)[0] as string)
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0)
}
