import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './manifest.ts'

interface Source {
  path: string
  lines: string[]
  /** Without comments; strings stay. */
  code: string
}

function below(folder: string, ending: RegExp): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => {
      const text = readFileSync(join(root, folder, name), 'utf8')
      const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '').replace(/(^|\s)\/\/ .*$/gm, '')
      return { path: join(folder, name), lines: text.trimEnd().split('\n'), code }
    })
}

/** Each place where the pattern stands, as `file: match`. */
function found(sources: Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map((match) => `${path}: ${match[0].trim()}`)
  )
}

const src = below('src', /\.ts$/)
const ui = below('ui', /\.(?:ts|mjs|css)$/)
const examples = below('examples', /\.js$/)

describe('the sources', () => {
  it('have no file over 300 lines, and half of them below 100', () => {
    const all = [...src, ...ui, ...examples]
    expect(
      all
        .filter(({ lines }) => lines.length > 300)
        .map(({ path, lines }) => `${path}: ${lines.length}`)
    ).toEqual([])
    const lengths = src.map(({ lines }) => lines.length).sort((a, b) => a - b)
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(100)
  })

  it('leave nothing for later and silence no compiler', () => {
    const all = [...src, ...ui, ...examples]
    const marks = all.flatMap(({ path, lines }) =>
      lines
        .filter((line) => /\b(?:TODO|FIXME|XXX|HACK)\b|@ts-(?:ignore|nocheck)/.test(line))
        .map((line) => `${path}: ${line}`)
    )
    expect(marks).toEqual([])
  })

  it('have no default export, no enum and no namespace', () => {
    const offending =
      /^export default|^(?:export )?(?:const )?enum |^(?:export )?namespace |^export \* from/gm
    expect(found([...src, ...ui.filter(({ path }) => path.endsWith('.ts'))], offending)).toEqual([])
  })
})

describe('the code that runs in the host', () => {
  // The command line is a process of its own.
  const src = below('src', /\.ts$/).filter(({ path }) => !/^src\/cli(?:\.ts|\/)/.test(path))

  it('prints through the report only', () => {
    expect(found(src, /\bconsole\.\w+\(|process\.std(?:out|err)\.write/g)).toEqual([
      'src/base/report.ts: process.stderr.write'
    ])
  })

  it('listens to no event of the process that changes how it ends', () => {
    expect(found(src, /process\.(?:on|once|addListener|prependListener)\('[^']*'/g)).toEqual([
      "src/watch/exceptions.ts: process.on('uncaughtExceptionMonitor'",
      // It is told that the process ends, and has no say in it.
      "src/workers/family.ts: process.on('exit'"
    ])
    expect(found(src, /process\.exit\b/g)).toEqual([])
  })

  it('keeps no process alive: every timer is let go of', () => {
    const timers = src.flatMap(({ path, code }) =>
      // A connection's is no timer of ours.
      [...code.matchAll(/(?<!session\??\.)\bset(?:Timeout|Interval)\(/g)].map(({ index }) => ({
        path,
        // The call and what is done with its timer right after.
        text: code.slice(index, index + 200).split('\n\n', 1)[0] as string
      }))
    )
    expect(timers.length).toBeGreaterThan(5)
    const held = timers.filter(({ text }) => !text.includes('.unref()')).map(({ path }) => path)
    // A flush that somebody waits for.
    expect(held).toEqual(['src/interop/export/exporter.ts'])
  })

  it('runs no text as code, and no request names a file', () => {
    expect(
      found(src, /\beval\(|new Function\(|node:(?:vm|child_process|worker_threads|cluster)/g)
    ).toEqual([
      // To know whether it is one of several workers, and which: none is started.
      'src/worker-family.ts: node:worker_threads',
      'src/workers/belonging.ts: node:cluster',
      'src/workers/belonging.ts: node:worker_threads',
      'src/workers/belonging.ts: node:cluster'
    ])
    const files = found(src, /from 'node:fs(?:\/promises)?'/g).map((line) => line.split(':')[0])
    // Once each: the application's name, its copy of OpenTelemetry's API, the page, the token. The first two: code that this process ran.
    expect(files.sort()).toEqual([
      'src/code/excerpts.ts',
      'src/code/regular-file.ts',
      'src/environment.ts',
      // Certificates and credentials of exporters, at paths that the environment names.
      'src/interop/export/certificates.ts',
      'src/interop/export/files.ts',
      'src/interop/opentelemetry/copies.ts',
      'src/serve/assets.ts',
      'src/serve/token.ts',
      // The directory where workers meet, at a path of our own.
      'src/workers/meeting-point.ts'
    ])
  })

  it('awaits nothing at its top level, which require() could not load', () => {
    expect(found(src, /^(?:const .*= )?await /gm)).toEqual([])
  })
})

describe('the regular expressions of src', () => {
  // A repeated group that holds a repetition can be matched in exponentially many ways, unless each round begins with a character that
  // nothing inside can end with. These do, each for the reason given.
  const safe = new Set([
    // Segments begin with a slash, which none of their characters is.
    String.raw`/^(?:\/(?!\.+(?:\/|$))[\w.~-]+)+$/`,
    String.raw`/^(?:\/[\w.~!$()*+,;=:@%-]+)+$/`
  ])

  it('repeat no group that repeats itself', () => {
    const literals = src.flatMap(({ path, code }) =>
      [
        ...code.matchAll(
          /(?<=[=(,:?!&|]\s*|return |^\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*/gm
        )
      ].map((match) => ({ path, literal: match[0] }))
    )
    expect(literals.length).toBeGreaterThan(30)
    const doubtful = literals.filter(({ literal }) => {
      const plain = literal.replace(/\\./g, 'x').replace(/\[(?:[^\]])*\]/g, 'x')
      return /\((?:[^()]|\([^()]*\))*(?:[*+]|\{\d+,\})(?:[^()]|\([^()]*\))*\)(?:[*+]|\{\d+,\})/.test(
        plain
      )
    })
    expect(doubtful.filter(({ literal }) => !safe.has(literal))).toEqual([])
  })
})

describe('the comments and documents', () => {
  const all = [...src, ...ui, ...examples, ...below('docs', /\.md$/), ...below('src', /\.md$/)]

  it('name no place that a reader does not have', () => {
    const places = all.flatMap(({ path, lines }) =>
      lines
        .filter((line) =>
          /\/work\/|\/tmp\/|DESIGN\.md|\b(?:platform|page|style|peers)\.md/.test(line)
        )
        .map((line) => `${path}: ${line.trim()}`)
    )
    expect(places).toEqual([])
  })

  it('point at sections of docs/security.md that are there', () => {
    const text = readFileSync(join(root, 'docs/security.md'), 'utf8')
    const there = (reference: string): boolean => {
      if (reference.startsWith('T')) return text.includes(`| ${reference} |`)
      const [, section, item] = /^(\d+\.\d+)(?:\.(\d+))?$/.exec(reference) ?? []
      const body = text.split(/^(?=##+ )/m).find((part) => part.startsWith(`### ${section} `))
      return body !== undefined && (item === undefined || body.includes(`\n${item}. `))
    }
    const references = all.flatMap(({ lines }) =>
      lines.flatMap((line) =>
        [...line.matchAll(/security\.md (T\d+|\d+(?:\.\d+)+)/g)].map((match) => match[1] as string)
      )
    )
    expect(references.length).toBeGreaterThan(3)
    expect(references.filter((reference) => !there(reference))).toEqual([])
  })
})
