import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { isGzip } from '../serve/body.ts'
import type { ImportResult } from '../wire/files.ts'
import { openInBrowser } from './browser.ts'
import type { Command } from './command.ts'
import { Failure, misuse } from './failure.ts'
import { accessOptions } from './hub-command.ts'
import { type Arguments, portOf } from './options.ts'
import { askPage, pageAddress } from './page-address.ts'
import { ports } from './ports.ts'
import { memoryOf, startHub } from './start.ts'
import type { Terminal } from './terminal.ts'

const MiB = 2 ** 20
/** Milliseconds that another page may read a file for. */
const readingMs = 300_000
/** More than the largest ring could hold. */
const maxFile = 512 * MiB

interface File {
  readonly name: string
  readonly bytes: Buffer
}

export const openCommand: Command = {
  usage: 'open FILE... [options]',
  summary: 'shows the traces of files',
  details: `Reads traces from files: OTLP, Jaeger and Zipkin as JSON, Chrome trace events, OTLP
as protobuf, each also gzipped; and shows them on a page of their own, or hands
them to one that is there. What cannot be read is named by its line.`,
  words: true,
  options: {
    to: { value: 'ADDRESS', help: 'hands the traces to the page at this address, and ends' },
    'no-open': { help: 'leaves the browser alone' },
    port: { value: 'PORT', help: 'for the page (any that is free)' },
    ...accessOptions,
    memory: { value: 'SIZE', help: 'most that traces may take, 8MB to 512MB (by the files)' }
  },
  async run(args, terminal, env) {
    if (args.words.length === 0) throw misuse('which file? spanlight open FILE...')
    const files = await Promise.all(args.words.map(readTraces))
    const to = args.value('to')
    if (to !== undefined) return handOver(files, to, args, terminal, env)

    const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0)
    // A span takes a tenth of its JSON.
    const memory = memoryOf(args, Math.min(maxFile, Math.max(64 * MiB, size)))
    const { hub, page } = await startHub(args, env, {
      memory,
      ports: new Map(ports.slice(0, 1).map((port) => [port, portOf(args, 'port', 0)]))
    })
    const ids = await takeIn(files, ({ bytes }) => hub.importFile(bytes), terminal)
    const { evictedSpans } = hub.store.stats.recent
    if (evictedSpans > 0)
      terminal.complain(`${evictedSpans} spans had to make room for others; --memory gives more`)
    const address = placeOf(page, ids)
    terminal.print(`\n  ${terminal.paint('cyan', address)}\n`)
    terminal.print(terminal.paint('dim', 'Ctrl-C ends it.'))
    if (terminal.columns !== undefined && !args.has('no-open')) openInBrowser(address, terminal)
  }
}

async function readTraces(name: string): Promise<File> {
  try {
    const bytes = await readFile(name)
    return { name, bytes: isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: maxFile }) : bytes }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Failure(`${name}: ${code === 'ENOENT' ? 'there is no such file' : message}`)
  }
}

async function handOver(
  files: readonly File[],
  to: string,
  args: Arguments,
  terminal: Terminal,
  env: NodeJS.ProcessEnv
): Promise<void> {
  const page = pageAddress(to, args.value('token') ?? env['SPANLIGHT_TOKEN'])
  const send = async ({ bytes }: File): Promise<ImportResult> => {
    const init = { method: 'POST', body: new Uint8Array(bytes) }
    const answer = await askPage(page, 'api/import', init, readingMs)
    return (await answer.json()) as ImportResult
  }
  const ids = await takeIn(files, send, terminal)
  terminal.print(`\n  ${terminal.paint('cyan', placeOf(page.url, ids))}`)
}

/** Says of each file what was read of it and what was not; gives the ids of the traces. */
async function takeIn(
  files: readonly File[],
  read: (file: File) => Promise<ImportResult>,
  { print, complain }: Terminal
): Promise<readonly string[]> {
  const all: string[] = []
  for (const file of files) {
    const { traces, spans, problems, moreProblems, ids } = await read(file)
    print(`${file.name}: ${many(traces, 'trace')}, ${many(spans, 'span')}`)
    for (const { line, column, why } of problems) complain(`${file.name}:${line}:${column}: ${why}`)
    if (moreProblems > 0) complain(`${file.name}: ${many(moreProblems, 'more problem')}`)
    all.push(...ids)
  }
  if (all.length === 0) throw new Failure('nothing could be read')
  return all
}

/** A single trace is shown at once; several, as a list. */
function placeOf(page: string, ids: readonly string[]): string {
  const url = new URL(page)
  if (new Set(ids).size === 1) url.pathname += `t/${ids[0]}`
  return url.href
}

function many(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}
