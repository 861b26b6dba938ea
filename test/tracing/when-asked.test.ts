import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { queryApis } from '../../src/query-apis.ts'
import type { Reader } from '../../src/query/types.ts'
import { queryPrefixes } from '../../src/when-asked.ts'

const dist = join(import.meta.dirname, '../../dist')

/** The text of what an entry loads at once. */
function loadedBy(entry: string, seen = new Set<string>()): string {
  if (seen.has(entry)) return ''
  seen.add(entry)
  const text = readFileSync(entry, 'utf8')
  const imports = [
    ...text.matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)";|^import "(\.[^"]+)";/gm)
  ]
  return (
    text + imports.map(([, a, b]) => loadedBy(join(entry, '..', (a ?? b) as string), seen)).join('')
  )
}

describe('what is loaded later', () => {
  it('is of other systems known by its addresses before', () => {
    const apis = queryApis({} as Reader, () => 0)
    expect([...queryPrefixes].sort()).toEqual(apis.map(({ prefix }) => prefix).sort())
  })

  it('is in the package, and not in the one file that is loaded at once', () => {
    const atOnce = loadedBy(join(dist, 'index.js'))
    const all = readdirSync(join(dist, 'shared')).map((name) =>
      readFileSync(join(dist, 'shared', name), 'utf8')
    )
    for (const source of [
      'interop/jaeger/decode.ts',
      'interop/zipkin/decode.ts',
      'interop/chrome/encode.ts',
      'interop/mermaid/encode.ts',
      'importing.ts',
      'query/reader.ts',
      'serve/api.ts',
      'serve/live.ts',
      'interop/export/exporter.ts',
      'interop/otlp/encode-protobuf.ts'
    ]) {
      expect(all.join('')).toContain(`// src/${source}`)
      expect(atOnce).not.toContain(`// src/${source}`)
    }
    expect(atOnce).toContain('// src/tracing.ts')
  })
})
