import { readTraceId } from '../base/ids.ts'
import { visible } from '../base/report.ts'
import { parseQuery } from '../wire/query.ts'
import type { Summary, TraceList } from '../wire/summary.ts'
import type { TraceColumns } from '../wire/trace.ts'
import type { Command } from './command.ts'
import { misuse } from './failure.ts'
import { followTraces } from './follow.ts'
import type { Arguments } from './options.ts'
import { askPage, type PageAddress, pageAddress } from './page-address.ts'
import { Settling } from './settling.ts'
import type { Terminal } from './terminal.ts'
import { traceLine } from './trace-line.ts'
import { traceTree } from './trace-tree.ts'

const hubAddress = 'http://localhost:4318'
const maxInMemory = 500

export const tailCommand: Command = {
  usage: 'tail [ADDRESS] [options]',
  summary: 'prints traces as they come, of a hub or of any page',
  details: `Prints each trace once, when its parts are together: a second after the last
one came, six where the first span has not come yet. ADDRESS is that of a page,
as it was printed when it started; without one it is the hub of this machine.`,
  words: true,
  options: {
    query: {
      value: 'QUERY',
      short: 'q',
      help: 'only what matches: status:5xx dur:>200ms service:api'
    },
    format: { value: 'FORMAT', help: 'human, or json: one summary in each line (human)' },
    token: { value: 'TOKEN', help: "the page's, where it needs one (SPANLIGHT_TOKEN)" },
    count: { value: 'N', short: 'n', help: 'ends after so many traces' },
    trace: { value: 'ID', help: 'prints this trace as a tree, and ends' },
    once: { help: 'prints what is in memory, the newest last, and ends' }
  },
  async run(args, terminal, env) {
    const page = pageAddress(
      args.words[0] ?? hubAddress,
      args.value('token') ?? env['SPANLIGHT_TOKEN']
    )
    if (args.words.length > 1) throw misuse(`one address, not ${args.words.length}`)
    const traceId = args.value('trace')
    if (traceId !== undefined) return printTree(page, traceId, terminal)
    const query = queryOf(args)
    const count = countOf(args)
    const write = writerOf(args, terminal)
    if (args.has('once')) {
      const limit = Math.min(count, maxInMemory)
      const search = new URLSearchParams({ q: query, limit: String(limit) })
      const list = (await (
        await askPage(page, `api/traces?${search.toString()}`)
      ).json()) as TraceList
      for (const summary of list.traces.reverse()) write(summary)
      return
    }
    let left = count
    const settling = new Settling((summary) => {
      write(summary)
      if (--left === 0) process.exit(0)
    })
    const onState = (line: string): void => terminal.complain(`${page.url}: ${line}`)
    for await (const summary of followTraces({ page, query, onState })) settling.add(summary)
  }
}

async function printTree(page: PageAddress, text: string, terminal: Terminal): Promise<void> {
  const traceId = readTraceId(text)
  if (traceId === undefined) throw misuse('--trace must be 32 hex digits')
  const trace = (await (await askPage(page, `api/traces/${traceId}`)).json()) as TraceColumns
  for (const line of traceTree(trace, terminal)) terminal.print(line)
}

function writerOf(args: Arguments, terminal: Terminal): (summary: Summary) => void {
  const format = args.value('format') ?? 'human'
  if (format === 'human') return (summary) => terminal.print(traceLine(summary, terminal))
  // The escapes that make characters visible are those of JSON, too.
  if (format === 'json') return (summary) => terminal.print(visible(JSON.stringify(summary)))
  throw misuse('--format must be human or json')
}

/** What is not understood would be left out, and everything shown instead of little. */
function queryOf(args: Arguments): string {
  const query = args.value('query') ?? ''
  const { ignored } = parseQuery(query)
  if (ignored.length > 0) throw misuse(`the query is not understood: ${ignored.join('; ')}`)
  return query
}

function countOf(args: Arguments): number {
  const text = args.value('count')
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw misuse('--count must be a whole number from 1 on')
}
