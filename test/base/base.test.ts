import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getAttribute, getString } from '../../src/base/attributes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { newSpanId, newTraceId, readSpanId, readTraceId } from '../../src/base/ids.ts'
import { clip, detach } from '../../src/base/limits.ts'
import { createReport, visible } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'

describe('ids', () => {
  it('are lower-case hex of their length and differ', () => {
    const ids = new Set<string>()
    for (let i = 0; i < 5000; i++) {
      const [trace, span] = [newTraceId(), newSpanId()]
      expect(trace).toMatch(/^[0-9a-f]{32}$/)
      expect(span).toMatch(/^[0-9a-f]{16}$/)
      ids.add(trace).add(span)
    }
    expect(ids.size).toBe(10_000)
  })

  it('of foreign origin are read in any case and kept in lower case', () => {
    expect(readTraceId('ABCDEF0123456789abcdef0123456789')).toBe('abcdef0123456789abcdef0123456789')
    expect(readSpanId('00F067AA0BA902B7')).toBe('00f067aa0ba902b7')
  })

  it('of foreign origin are refused when zero, of another length, not hex or no text', () => {
    for (const bad of [
      '0'.repeat(32),
      'a'.repeat(31),
      'g'.repeat(32),
      ` ${'a'.repeat(31)}`,
      `${'a'.repeat(32)}\n`,
      7,
      null,
      undefined,
      {}
    ]) {
      expect(readTraceId(bad)).toBeUndefined()
    }
    expect(readSpanId('0'.repeat(16))).toBeUndefined()
  })
})

describe('attributes', () => {
  it('are found by key, a key of the prototype included', () => {
    expect(getAttribute(['a', 1, '__proto__', true], '__proto__')).toBe(true)
    expect(getAttribute(['a', 1], 'constructor')).toBeUndefined()
  })

  it('never take a value for a key', () => {
    expect(getAttribute(['a', 'b', 'c', 'd'], 'b')).toBeUndefined()
    expect(getString(['a', 1], 'a')).toBe('')
  })
})

describe('the clock', () => {
  it('gives the time of day as anchor plus reading', () => {
    const before = Date.now()
    const time = systemClock.anchor(systemClock.now()) + systemClock.now()
    expect(time).toBeGreaterThanOrEqual(before - 3)
    expect(time).toBeLessThanOrEqual(Date.now() + 3)
  })
})

describe('cut text', () => {
  it('has at most the length asked for and says that it was cut', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (text, length) => {
          const cut = clip(text, length)
          expect(cut.length).toBeLessThanOrEqual(length)
          expect(cut === text || cut.endsWith('…')).toBe(true)
        }
      )
    )
  })

  it('does not keep alive what it was cut from', () => {
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external
    const kept: string[] = []
    const before = used()
    for (let i = 0; i < 60; i++) {
      const large = Buffer.alloc(1 << 20, 97 + (i % 20)).toString('latin1')
      kept.push(clip(large, 1024), detach(large.slice(5, 1029)))
    }
    globalThis.gc?.()
    expect(kept.length).toBe(120)
    if (globalThis.gc !== undefined) expect(used() - before).toBeLessThan(20 << 20)
  })
})

describe('the report', () => {
  it('prints one line of visible characters', () => {
    const lines: string[] = []
    createReport((text) => lines.push(text)).say('a\nb\u001b[31m\u2028\u202e')
    expect(lines).toEqual(['spanlight: a\\u000ab\\u001b[31m\\u2028\\u202e\n'])
  })

  it('says the same thing once when asked to', () => {
    const lines: string[] = []
    const report = createReport((text) => lines.push(text))
    report.once('x')
    report.once('x')
    expect(lines.length).toBe(1)
  })

  it('counts losses by reason', () => {
    const report = createReport(() => {})
    report.drop('slow page')
    report.drop('slow page', 4)
    expect([...report.drops]).toEqual([['slow page', 5]])
  })

  it('leaves ordinary text as it is', () => {
    expect(visible('GET /überblick 日本 😀')).toBe('GET /überblick 日本 😀')
  })
})

describe('the guard', () => {
  const silent = () => createReport(() => {})

  it('gives what the function gives, and undefined when it throws', () => {
    const guard = createGuard('part', silent())
    expect(guard(() => 5)).toBe(5)
    expect(
      guard(() => {
        throw new Error('no')
      })
    ).toBeUndefined()
  })

  it('survives thrown values that cannot be shown', () => {
    const report = silent()
    const guard = createGuard('part', report)
    guard(() => {
      throw Object.create(null)
    })
    expect(report.drops.get('internal error')).toBe(1)
  })

  it('counts errors caught by hand like its own, and none once the part is off', () => {
    const lines: string[] = []
    const report = createReport((line) => lines.push(line))
    const guard = createGuard('part', report)
    for (let i = 0; i < 30; i++) guard.failed(new Error('same'))
    expect(guard.on).toBe(false)
    expect(report.drops.get('internal error')).toBe(10)
    expect(lines.filter((line) => line.includes('switched off'))).toHaveLength(1)
  })

  it('switches a part off after ten errors, and says so', () => {
    const lines: string[] = []
    const guard = createGuard(
      'part',
      createReport((line) => lines.push(line))
    )
    let calls = 0
    for (let i = 0; i < 20; i++) {
      guard(() => {
        calls++
        throw new Error('no')
      })
    }
    expect(calls).toBe(10)
    expect(guard.on).toBe(false)
    expect(lines.at(-1)).toContain('part is switched off')
  })
})
