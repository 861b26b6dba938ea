import { beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt, root } from './build.js'
import { closure } from './size/packages.js'
import { pageBytes } from './size/page.js'
import { start } from './size/part.js'

describe('packages that are counted', () => {
  it('are those that are needed, each once', () => {
    const ws = closure(['ws'], root)
    expect(ws.packages).toBe(1)
    expect(ws.bytes).toBeGreaterThan(50_000)
    expect(closure(['ws', 'ws'], root)).toEqual(ws)
    expect(closure(['express'], root).packages).toBeGreaterThan(20)
  })

  it('are not counted as nothing when they are missing', () => {
    expect(() => closure(['no-such-package'], root)).toThrow('no-such-package is not installed')
  })
})

describe('what is built', () => {
  beforeAll(() => ensureBuilt(() => {}), 120_000)

  it('is told by what a browser loads at once and what it loads when needed', () => {
    const { first, files, lazy } = pageBytes()
    expect(first).toBeGreaterThan(20_000)
    expect(files).toBeGreaterThanOrEqual(4)
    expect(lazy.map(({ name }) => name).sort()).toEqual([
      'a CPU profile',
      'a selection',
      'a trace',
      'an import',
      'exporting',
      'statements',
      'the chart',
      'the map'
    ])
    expect(lazy.every(({ bytes }) => bytes > 500)).toBe(true)
  })

  it('mounts within the time that is measured', async () => {
    expect(await start({ script: 'spanlight.js' })).toBeGreaterThan(0)
    expect(await start({ script: 'opentelemetry.js' })).toBeGreaterThan(0)
  })
})
