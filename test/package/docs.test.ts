import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { traced } from '../../src/http.ts'
import { withSpan } from '../../src/manual.ts'
import { decideMode } from '../../src/serve/mode.ts'
import { ask, closeAll, listen, PageApi } from '../tracing/setup.ts'
import { root } from './manifest.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const pages = [...documents.map((name) => `docs/${name}`), 'src/README.md']

describe('the documents', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const broken = [...read(page).matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
      ([link, path, anchor]) => {
        const target = path === '' ? page : join(dirname(page), path)
        if (path.startsWith('http')) return []
        if (!existsSync(join(root, target))) return [link]
        return anchor === undefined || anchors(read(target)).includes(anchor) ? [] : [link]
      }
    )
    expect(broken).toEqual([])
  })
})

// As GitHub makes them of headings.
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  )
}

describe('the API reference', () => {
  const text = read('docs/api.md')
  const examples = [...text.matchAll(/```json\n([^]*?)```/g)].map(
    ([, json]) => JSON.parse(json) as object
  )
  let api: PageApi

  beforeAll(async () => {
    const origin = await listen(
      traced((_req, res: ServerResponse) => {
        console.log('loading')
        withSpan('load', (span) => void span.addEvent('cache miss', { order: 'o7' }))
        res.end()
      })
    )
    api = new PageApi(`${origin}/_traces`)
    await ask(origin)
    await api.named('GET')
  })

  afterAll(closeAll)

  /** Names of all fields, those of the first item of a list included. */
  function fields(value: unknown, at = ''): string[] {
    if (Array.isArray(value)) return fields(value[0], `${at}[]`)
    if (typeof value !== 'object' || value === null) return [at]
    return Object.entries(value).flatMap(([name, inner]) => fields(inner, `${at}.${name}`))
  }

  it('shows the fields that there are', async () => {
    const [list, trace, span, source, activity, status] = examples
    const { traceId } = await api.named('GET')
    const ids = (await api.trace(traceId)).spans.id
    const full = (await api.span(traceId, ids[0])) as object
    const theirs = await api.get<object>('traces')
    expect(fields(theirs).sort()).toEqual(
      fields(list)
        .filter((name) => name !== '.next')
        .sort()
    )
    expect(Object.keys(await api.trace(traceId)).sort()).toEqual(Object.keys(trace).sort())
    expect(fields((await api.trace(traceId)).spans)).toEqual(
      fields((trace as { spans: object }).spans)
    )
    expect(Object.keys(full)).toEqual(Object.keys(span))
    const runtime = await api.get<object>(`traces/${traceId}/runtime`)
    expect(Object.keys(runtime)).toEqual(Object.keys(activity))
    const { explained } = runtime as { explained: object }
    expect(Object.keys(explained)).toEqual(
      Object.keys((activity as { explained: object }).explained)
    )
    expect(fields(await api.get(`traces/${traceId}/spans/${ids[1]}/source`))).toEqual(
      fields(source)
    )
    expect(Object.keys(await api.status())).toEqual(Object.keys(status))
    expect(Object.keys((await api.status()).ring)).toEqual(
      Object.keys((status as { ring: object }).ring)
    )
  })

  it('names only addresses that there are', async () => {
    const paths = [...text.matchAll(/\$T\/(api\/[^\s"?]+)/g)].map(([, path]) => path.slice(4))
    expect(paths.length).toBeGreaterThan(8)
    const { traceId } = await api.named('GET')
    const [spanId, childId] = (await api.trace(traceId)).spans.id
    for (const path of new Set(paths)) {
      if (/pin$|clear$|profile$|import$/.test(path)) continue
      const real = path
        .replace('816fe2c02be6f364f010f251352f82e1', traceId)
        .replace('ec9b29c5b33c1011', spanId)
        .replace('8c070abc84918b7c', childId)
      await api.get(real.endsWith('find') ? `${real}?text=load` : real)
    }
  })
})

describe('the security page', () => {
  const text = read('docs/security.md')

  it('has the limits that there are', () => {
    const { spansPerTrace, openTraces, openMs, attributes, events, links, logs } = defaultLimits
    const { keyLength, valueLength, nameLength, messageLength, statementLength, stackLength } =
      defaultLimits
    const list = (...numbers: number[]): string =>
      numbers.map((number) => number.toLocaleString('en')).join(', ')
    expect(text).toContain(
      `${list(spansPerTrace)}; ${list(openTraces)}; ${openMs / 60_000} minutes`
    )
    expect(text).toContain(`| ${list(attributes, events, links, logs)} |`)
    expect(text).toContain(
      `| ${list(keyLength, valueLength, nameLength, messageLength, statementLength, stackLength)} |`
    )
  })

  it('names every variable that is looked at for a platform', () => {
    const named = [...text.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name)
    const platforms = named.filter(
      (name) =>
        decideMode({ env: { [name]: '1' }, isTTY: true }).why ===
        `NODE_ENV is not set and ${name} is`
    )
    expect(platforms).toHaveLength(9)
  })
})

describe('the map of src', () => {
  const text = read('src/README.md')
  const rows = [...text.matchAll(/^\| (\d) \| `([^`]+)\/` \|.*\| (.*) \|$/gm)]

  it('has every folder, each with a file to begin with', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        name === 'interop'
          ? readdirSync(join(root, 'src/interop')).map((part) => `interop/${part}`)
          : [name]
      )
    expect(rows.map(([, , folder]) => folder).sort()).toEqual(folders.sort())
    for (const [, , folder, begin] of rows)
      for (const [, file] of begin.matchAll(/`([^`]+)`/g))
        expect(existsSync(join(root, 'src', folder, file)), file).toBe(true)
  })

  it('has the ranks that the imports are held to', () => {
    const ranks =
      /const ranks[^=]*= \{([^}]*)\}/.exec(read('test/package/layers.test.ts'))?.[1] ?? ''
    for (const [, rank, folder] of rows) expect(ranks).toContain(`${folder.split('/')[0]}: ${rank}`)
  })

  it('names only files that there are', () => {
    const files = [...text.matchAll(/`([\w/-]+\.ts)`/g)]
      .map(([, file]) => file)
      .filter((file) => file.includes('/'))
    const missing = files.filter(
      (file) => !existsSync(join(root, 'src', file)) && !existsSync(join(root, file))
    )
    expect(missing).toEqual([])
  })
})
