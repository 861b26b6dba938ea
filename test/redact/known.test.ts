import { describe, expect, it } from 'vitest'
import { KnownTexts } from '../../src/redact/known.ts'
import { redactor } from './setup.ts'

const long = (text: string): string => text.padEnd(60, '.')

describe('texts that were found clean', () => {
  it('are taken in when they come again and again, and not when they come once', () => {
    const known = new KnownTexts()
    for (let i = 0; i < 7; i++) known.add(long(`path ${i}`))
    expect(Array.from({ length: 7 }, (_, i) => known.has(long(`path ${i}`)))).not.toContain(true)
    for (let i = 0; i < 8; i++) known.add(long('agent'))
    expect(known.has(long('agent'))).toBe(true)
  })

  it('are bounded in number and in length', () => {
    const known = new KnownTexts()
    const tooLong = 'x'.repeat(513)
    for (let i = 0; i < 8; i++) known.add(tooLong)
    expect(known.has(tooLong)).toBe(false)
    for (let i = 0; i < 8; i++) known.add('short')
    expect(known.has('short')).toBe(false)
    for (let i = 0; i < 8 * 5000; i++) known.add(long(`text ${i}`))
    const kept = Array.from({ length: 8 * 5000 }, (_, i) => known.has(long(`text ${i}`))).filter(
      Boolean
    )
    expect(kept.length).toBeLessThanOrEqual(1024)
  })

  it('do not make the redactor let a secret pass, however often it comes', () => {
    const { text, statement } = redactor()
    for (let i = 0; i < 40; i++) {
      expect(text('password=hunter2', 100)).not.toContain('hunter2')
      expect(text('a plain text', 100)).toBe('a plain text')
      expect(text('a plain text', 5)).toHaveLength(5)
      expect(statement("SELECT * FROM t WHERE a = 'hunter2'", 'other', false)).not.toContain(
        'hunter2'
      )
      expect(statement('SELECT * FROM t WHERE a = $1', 'other', false)).toBe(
        'SELECT * FROM t WHERE a = $1'
      )
    }
  })

  it('are known of one dialect only, and apart from statements whose values travel elsewhere', () => {
    const { statement } = redactor()
    const text = 'SELECT a FROM t WHERE b = "x"'
    for (let i = 0; i < 20; i++) expect(statement(text, 'other', true)).toBe(text)
    expect(statement(text, 'mysql', false)).toBe('SELECT a FROM t WHERE b = ?')
  })
})
