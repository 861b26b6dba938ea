import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatMany,
  formatMoment,
  formatTime,
  isoTime,
  visible,
  zoneName
} from '../../ui/format.ts'

describe('durations', () => {
  test.each([
    [0, '0 ms'],
    [0.0004, '<1 µs'],
    [0.005, '5 µs'],
    [0.82, '820 µs'],
    [0.99951, '1.00 ms'],
    [1.4, '1.40 ms'],
    [9.994, '9.99 ms'],
    [9.996, '10.0 ms'],
    [83.64, '83.6 ms'],
    [99.96, '100 ms'],
    [163, '163 ms'],
    [999.6, '1.00 s'],
    [1_240, '1.24 s'],
    [59_949, '59.9 s'],
    [59_999, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_999, '1 h 00 min'],
    [-12.5, '-12.5 ms'],
    [Number.NaN, '–'],
    [Infinity, '–']
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  test('never show more than three digits of a unit below a minute', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 59_000, noNaN: true }), (ms) => {
        const [number = ''] = formatDuration(ms).split(' ')
        expect(number.replace('.', '').replace(/^0+/, '').length).toBeLessThanOrEqual(3)
        expect(Number(number)).toBeGreaterThan(0)
      })
    )
  })
})

describe('times', () => {
  const at = Date.UTC(2026, 10, 22, 14, 3, 10, 492)

  test('are written in UTC when UTC is chosen', () => {
    expect(formatTime(at, 'utc')).toBe('14:03:10.492')
    expect(formatMoment(at, 'utc')).toBe('2026-11-22 14:03:10.492 UTC')
  })

  test('keep the fraction of a millisecond out', () => {
    expect(formatTime(at + 0.75, 'utc')).toBe('14:03:10.492')
  })

  test('name the zone by its offset', () => {
    expect(zoneName('utc')).toBe('UTC')
    expect(zoneName('local', at)).toMatch(/^UTC(?:[+-]\d{1,2}(?::\d\d)?)?$/)
  })

  test('that are none are a dash', () => {
    expect(formatTime(Number.NaN, 'utc')).toBe('–')
    expect(formatMoment(1e20, 'local')).toBe('–')
    expect(isoTime(Infinity)).toBe('–')
  })

  test('are copied as ISO', () => {
    expect(isoTime(at)).toBe('2026-11-22T14:03:10.492Z')
  })
})

describe('ages, bytes and counts', () => {
  test.each([
    [-5, '0 s'],
    [5_400, '5 s'],
    [59_400, '59 s'],
    [360_000, '6 min'],
    [3 * 3_600_000, '3 h'],
    [72 * 3_600_000, '3 days']
  ])('%d ms ago reads %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text)
  })

  test.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_536, '1.5 kB'],
    [18.4 * 1024 * 1024, '18 MB'],
    [32 * 1024 * 1024, '32 MB'],
    [1023.9 * 1024, '1 MB']
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test('counts have commas and the right number', () => {
    expect(formatCount(4078)).toBe('4,078')
    expect(formatMany(1, 'trace')).toBe('1 trace')
    expect(formatMany(4078, 'trace')).toBe('4,078 traces')
    expect(formatMany(2, 'match', 'matches')).toBe('2 matches')
  })
})

describe('foreign text', () => {
  test('shows what hides: overrides, zero widths, controls', () => {
    expect(visible('/a\u202Egpj.exe')).toBe('/a\\u202egpj.exe')
    expect(visible('pay\u200Bpal')).toBe('pay\\u200bpal')
    expect(visible('a\u0000b\u001B[31m')).toBe('a\\x00b\\x1b[31m')
  })

  test('is left alone where it can be read', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x20-\x7eäöüß漢字é]*$/), (text) => {
        expect(visible(text)).toBe(text)
      })
    )
    expect(visible('/größe/漢字?q=1')).toBe('/größe/漢字?q=1')
  })
})
