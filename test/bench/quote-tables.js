import { number } from './figures.js'

/**
 * What documents ask for by name, each made from the results. A `list` has a line for each figure of a part whose name fits, a `matrix`
 * a cell for each, with the pattern's groups `row` and `column` at its edges. Without any figure there is no table.
 */
export const tables = {
  machine,
  missed,
  features,
  request: matrix('request', /^(?<row>.+): (?:(?=CPU, bare$)|added, (?!of ))(?<column>.+)$/),
  'request, compared': matrix('request', /^(?<row>.+): added, of (?<column>.+)$/),
  inside: matrix('inside', /^(?<row>.+): (?<column>added|its call site|what the runtime did)$/),
  bytes: list('ring', /^(?:bytes a kept span|bytes of an HTTP)/),
  times: matrix('ring', /^(?<column>encode|keep) (?<row>.+)$/),
  heap: matrix('ring', /^(?<row>start, .+|V8 heap.+|.+ collection.*): (?<column>spanlight|otel)$/),
  search: matrix(
    'ring',
    /^search (?<column>.+ MiB) (?<row>by (?!service|an attribute that|a number in every).+)$/,
    /^(?<row>longest block), (?<column>.+ MiB)$/
  ),
  open: matrix(
    'ring',
    /^(?<row>open|find in|download) a trace of (?<column>.+)$/,
    /^(?<row>longest block), (?<column>.+ spans)$/
  ),
  live: matrix('live', /^(?<column>.+): (?<row>(?:no|\d+) page.*)$/),
  ingest: matrix('ingest', /^(?<column>spans a second.*|longest block.*): (?<row>.+)$/),
  page: matrix(
    'page',
    /^(?!.*(?:frame|elements|heap|first load|interactive))(?<row>.+?)(?:, (?<column>cpu\/4))?$/
  ),
  size: matrix('size', /^(?<row>import and mount|installed|packages): (?<column>.+)$/)
}

/** A figure in a sentence. */
export function shown({ value, unit }) {
  if (!Number.isFinite(value)) return 'not measured'
  const words = { x: '', B: 'bytes', '% of a core': '%' }
  return [number(value), words[unit] ?? unit].filter(Boolean).join(' ')
}

function judged(figure) {
  const value = figure.target === undefined ? shown(figure) : `${shown(figure)} (${goal(figure)})`
  return figure.met === false ? `**missed:** ${value}` : value
}

function goal({ target: { atMost, atLeast } }) {
  return atMost === undefined ? `at least ${plain(atLeast)}` : `at most ${plain(atMost)}`
}

function plain(bound) {
  return bound.toLocaleString('en-GB', { maximumFractionDigits: 2 })
}

function list(part, pattern) {
  return ({ parts }) => {
    const rows = figuresOf(parts, part)
      .filter(({ name }) => pattern.test(name))
      .map((figure) => [figure.name, judged(figure), spread(figure)])
    return markdown(['', 'median', 'least to most'], rows)
  }
}

function spread({ low, high }) {
  return low === undefined ? '' : `${number(low)} to ${number(high)}`
}

function matrix(part, ...patterns) {
  return ({ parts }) => {
    const cells = new Map()
    const columns = new Set()
    for (const figure of figuresOf(parts, part)) {
      const found = patterns.map((pattern) => pattern.exec(figure.name)).find(Boolean)
      if (found === undefined) continue
      const { row, column = 'at full speed' } = found.groups
      columns.add(column)
      if (!cells.has(row)) cells.set(row, new Map())
      cells.get(row).set(column, judged(figure))
    }
    const line = ([row, of]) => [row, ...[...columns].map((column) => of.get(column) ?? '')]
    return markdown(['', ...columns], [...cells].map(line))
  }
}

/** What each thing that Spanlight does adds to what it is done beside. */
function features({ parts }) {
  const has = (part, name) => figuresOf(parts, part).some((figure) => figure.name === name)
  const value = (part, name) => {
    const found = figuresOf(parts, part).find((figure) => figure.name === name)
    if (found === undefined) throw new Error(`the results do not have: ${name}`)
    return found.value ?? Number.NaN
  }
  const added = (handler, who) => value('request', `express, ${handler}: added, ${who}`)
  // Until they are measured apart, what is recorded has no layers.
  const layered = has('request', 'express, trivial: added, spanlight, no layers')
  const ours = layered ? 'spanlight, no layers' : 'spanlight'
  const ofRequests = (words, us) => [
    words,
    ...[ours, 'otel, same spans'].map((who) =>
      shown({ unit: 'us', value: us((handler) => added(handler, who)) })
    )
  ]
  // Of the trivial handler: a router and the handler.
  const layer = (withThem, without) =>
    shown({ unit: 'us', value: (added('trivial', withThem) - added('trivial', without)) / 2 })
  const ofOurs = (words, us) => [words, shown({ unit: 'us', value: us }), '']
  // Of a second in which there were 1,000 traces.
  const looking = value('live', 'CPU added: 5 pages') * 10
  const received = 1e6 / value('ingest', 'spans a second of CPU: spanlight, protobuf')
  return markdown(
    ['', 'spanlight', layered ? 'otel' : 'otel, same spans'],
    [
      ofRequests('a request with its span', (of) => of('trivial')),
      ...(layered
        ? [['each layer', layer('spanlight', ours), layer('otel', 'otel, same spans')]]
        : []),
      ofRequests('each span inside it', (of) => (of('five spans') - of('trivial')) / 5),
      ofRequests('an outgoing fetch, with span and headers', (of) => of('fetch') - of('trivial')),
      ofOurs('a request while the page is off', value('request', 'off, alone: express')),
      ofOurs('a trace that five pages are shown', looking),
      ofOurs('a span that another process sends', received)
    ]
  )
}

function missed({ parts }) {
  const withTarget = Object.keys(parts)
    .flatMap((part) => figuresOf(parts, part))
    .filter(({ target }) => target !== undefined)
  const rows = withTarget
    .filter(({ met }) => !met)
    .map((figure) => [figure.name, shown(figure), goal(figure)])
  const met = `${withTarget.length - rows.length} of ${withTarget.length} targets are met`
  return rows.length === 0 ? `${met}.` : markdown([`${met}; missed:`, 'measured', 'target'], rows)
}

/** On what, when and of which versions. */
function machine({ parts }) {
  const all = Object.values(parts)
  const days = [...new Set(all.map(({ machine }) => machine.date.slice(0, 10)))].join(' and ')
  const places = all.map(({ machine: { cores, cpu, memoryGiB, system, pinned } }) => {
    const cpus = `${cores} core${cores === 1 ? '' : 's'} of ${cpu}, ${memoryGiB} GiB, ${system}`
    return `${cpus}, ${pinned ? 'each side on a core of its own' : 'not pinned'}`
  })
  const busy = all.flatMap(({ busy }) => Object.values(busy ?? {}))
  const others = `between the parts others used at most ${number(Math.max(0, ...busy) * 100)} % of it`
  const versions = Object.entries(parts.request?.versions ?? {})
  const [nodes, packages] = [true, false].map((isNode) =>
    versions.filter(([name]) => name.startsWith('node of ') === isNode)
  )
  const measured = [
    `Node ${[...new Set(nodes.map(([, version]) => version))].join(' and ')}`,
    ...packages.map((pair) => pair.join(' '))
  ]
  return `${days}: ${[...new Set(places)].join('; ')}; ${others}.\n${measured.join(', ')}.`
}

function figuresOf(parts, part) {
  return parts[part]?.figures ?? []
}

function markdown(head, rows) {
  if (rows.length === 0) return ''
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = line(head.map((_, i) => (i === 0 ? '---' : '---:')))
  return [line(head), rule, ...rows.map(line)].join('\n')
}
