import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanGraphql, cleanGraphqlMessage } from '../../src/redact/graphql.ts'
import { redactor } from '../watch/setup.ts'

const clean = (text: string): string => cleanGraphql(text, 4096)

describe('a GraphQL document', () => {
  test('keeps its names and loses its values', () => {
    const text = `
      query User($id: ID = "u-1", $top: Int = 10) { # the page's query
        user(id: $id, name: "ann \\"a\\" b", note: """secret \\""" "x" text""", at: -1.5e+3) {
          name, posts(first: $top, state: OPEN, draft: false, a1: 2) @include(if: true) { id }
        }
      }`
    expect(clean(text)).toBe(
      'query User($id: ID = ? $top: Int = ?) { ' +
        'user(id: $id name: ? note: ? at: ?) { ' +
        'name posts(first: $top state: OPEN draft: false a1: ?) @include(if: true) { id } } }'
    )
  })

  test.each(['{ a(b: "secret', '{ a(b: "secret\\', '{ a(b: """secret', '{ a(b: "\nsecret") }'])(
    'loses all behind a text that is not closed: %j',
    (text) => {
      expect(clean(text)).toBe('{ a(b: ?')
    }
  )

  test('shows no text that stands in it, whatever the text is', () => {
    const block = (text: string): string => `"""${text.replaceAll('"""', '\\"""')} """`
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer(), (text, number) => {
        const secret = `S3CRET${text}`
        const document = `{ f(a: ${JSON.stringify(secret)}, b: ${block(secret)}, c: ${number}) }`
        expect(clean(document)).toBe('{ f(a: ? b: ? c: ?) }')
      })
    )
  })

  test('is read in a time that grows with its length alone', () => {
    for (const piece of ['"', '\\', '"\\', '"""', '#', '-', '{', '\n'])
      expect(clean(piece.repeat(100_000)).length).toBeLessThanOrEqual(4096)
  })

  test('has no more characters than it may', () => {
    const text = clean('{ abcdefghijklmnop }'.repeat(1000))
    expect(text).toHaveLength(4096)
    expect(text.endsWith('…')).toBe(true)
  })

  test('is cleaned on whatever span it comes', () => {
    expect(redactor.attribute('graphql.document', '{ a(b: "c") }')).toBe('{ a(b: ?) }')
  })
})

test.each([
  ['Syntax Error: Expected Name, found String "ann".', 'Syntax Error: Expected Name, found ?'],
  ['Int cannot represent non-integer value: "ann"', 'Int cannot represent non-integer value: ?'],
  ['Expected value of type "Int", found "ann".', 'Expected value of type "Int", found ?'],
  ['Variable "$a" got invalid value "ann"; no', 'Variable "$a" got invalid value ?'],
  ['Cannot query field "a" on type "Query".', 'Cannot query field "a" on type "Query".']
])('a message shows no value: %s', (message, shown) => {
  expect(cleanGraphqlMessage(message)).toBe(shown)
})
