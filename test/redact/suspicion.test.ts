import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { suspicion, suspicionsOf } from '../../src/redact/suspicion.ts'

// The patterns as they read: what the scan must never miss.
const value =
  /bearer |basic |-----BEGIN|gh[pousr]_|github_pat_|xox[abprs]-|[sr]k_live_|[sr]k_test_|sk-|A[KS]IA|AIza|glpat-|npm_|:\/\/|eyJ|\d(?:[ -]?\d){12}/
const scheme = /bearer |basic /i
const pair = /=|["']:|: ?\\?["']/
const path = /[%;@]/

const pieces = fc.constantFrom(
  'bearer ',
  'BASIC ',
  'Bearer',
  'eyJ',
  '-----BEGIN',
  '----',
  'ghp_',
  'ghx_',
  'github_pat_',
  'xoxb-',
  'xox',
  'sk_live_',
  'rk_test_',
  'sk_',
  'sk-',
  'AKIA',
  'ASIA',
  'AIza',
  'AI',
  'glpat-',
  'npm_',
  '://',
  ':/',
  '123456',
  '4111 1111 1111 1111',
  '-',
  ' ',
  '_',
  '=',
  '"',
  "'",
  ':',
  '\\',
  '%',
  ';',
  '@',
  'ü',
  'a',
  'z',
  '/orders/',
  '1.1'
)
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((list) => list.join('')),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 })
)

describe('a look at a text', () => {
  it('misses nothing that a pattern finds', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const found = suspicionsOf(text)
        if (value.test(text) || scheme.test(text)) expect(found & suspicion.value).not.toBe(0)
        if (pair.test(text)) expect(found & suspicion.pair).not.toBe(0)
        if (path.test(text)) expect(found & suspicion.path).not.toBe(0)
      }),
      { numRuns: 20_000 }
    )
  })

  it.each([
    'GET /api/orders/:id',
    '/api/orders/4711/history',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'application/json',
    'SELECT a, b FROM orders WHERE id = ?',
    'risk_level of task_7, a work_item',
    '2026-11-22T10:00:00Z',
    '203.0.113.7'
  ])('finds no value in %s', (text) => {
    expect(suspicionsOf(text) & suspicion.value).toBe(0)
  })
})
