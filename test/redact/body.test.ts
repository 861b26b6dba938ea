import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactor } from './setup.ts'

const rules = redactor()
const json = (value: unknown): string | undefined =>
  rules.body(JSON.stringify(value), 'application/json')

describe('a body', () => {
  it('of JSON is written anew, its secrets hidden by their names at every depth', () => {
    const shown = json({
      name: 'Ada',
      password: 'hunter2-canary',
      nested: [{ apiKey: 'canary-1', deep: { sessionId: 'canary-2', cents: 12 } }],
      token: null,
      tokens: 17,
      remember: true
    })
    expect(shown).toBe(
      '{"name":"Ada","password":"[redacted]","nested":[{"apiKey":"[redacted]","deep":{"sessionId":"[redacted]","cents":12}}],"token":null,"tokens":17,"remember":true}'
    )
  })

  it('hides a whole tree below a secret name', () => {
    expect(json({ credentials: { user: 'canary', list: ['canary'] } })).toBe(
      '{"credentials":"[redacted]"}'
    )
  })

  it('hides what shows itself to be a credential, as a value or as a name', () => {
    const shown = json({ note: 'use Bearer abcdefghijklmnop', ghp_0123456789abcdefghijkl: 1 })
    expect(shown).not.toContain('abcdefghijklmnop')
    expect(shown).not.toContain('0123456789abcdefghijkl')
  })

  it('hides what stands beside a secret name: in a pair, in a field of a form', () => {
    expect(
      json([
        ['password', 'canary'],
        ['city', 'Oslo'],
        ['token', 'canary', 'three']
      ])
    ).toBe('[["password","[redacted]"],["city","Oslo"],["token","canary","three"]]')
    expect(
      json([
        { name: 'password', value: 'canary' },
        { name: 'city', value: 'Oslo' }
      ])
    ).toBe('[{"name":"password","value":"[redacted]"},{"name":"city","value":"Oslo"}]')
    expect(json({ field: 'apiKey', Value: { deep: 'canary' } })).toBe(
      '{"field":"apiKey","Value":"[redacted]"}'
    )
  })

  it('hides the number of a card, whatever it is called and wherever it stands', () => {
    expect(json({ n: 4_111_111_111_111_111, list: [4_111_111_111_111_111, 17], cents: 12 })).toBe(
      '{"n":"[redacted]","list":["[redacted]",17],"cents":12}'
    )
  })

  it('of a form loses the values of secret fields', () => {
    const shown = rules.body(
      'user=ada&password=canary&age=36',
      'application/x-www-form-urlencoded; charset=utf-8'
    )
    expect(shown).toMatch(/user=ada/)
    expect(shown).toMatch(/age=36/)
    expect(shown).not.toContain('canary')
  })

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/problem+json'])(
    'is read as JSON when its type is %s',
    (type) => {
      expect(rules.body('{"a":1}', type)).toBe('{"a":1}')
    }
  )

  it.each([
    ['text/plain', 'password is hunter2'],
    ['multipart/form-data; boundary=x', '--x'],
    ['', '{"a":1}'],
    ['application/json', '{"password":"half of i'],
    ['application/json', '']
  ])('of type %s that cannot be understood is not kept: %s', (type, text) => {
    expect(rules.body(text, type)).toBeUndefined()
  })

  it('is cut where it goes too deep or too far', () => {
    let deep: unknown = 'canary'
    for (let i = 0; i < 5000; i++) deep = [deep]
    const shown = rules.body(`{"a":${'['.repeat(5000)}1${']'.repeat(5000)}}`, 'application/json')
    expect(shown).toBe('{"a":[[[[["..."]]]]]}')
    expect(json({ long: 'x'.repeat(60_000) })).toHaveLength(8192)
  })

  it('keeps a name that an object of ours would take for its prototype', () => {
    expect(rules.body('{"__proto__":{"admin":true}}', 'application/json')).toBe(
      '{"__proto__":{"admin":true}}'
    )
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('never throws, and what is kept of JSON is JSON while it is short', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, garbage) => {
        const shown = json(value) as string
        if (shown.length < 8192) expect(() => JSON.parse(shown) as unknown).not.toThrow()
        rules.body(garbage, 'application/json')
        rules.body(garbage, garbage)
      })
    )
  })
})
