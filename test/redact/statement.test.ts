import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Dialect } from '../../src/redact/redactor.ts'
import { countSteps, redactor } from './setup.ts'

const clean = redactor()
const sql = (text: string, dialect: Dialect): string => clean.statement(text, dialect, false)
const dialects = ['postgresql', 'mysql', 'sqlite', 'other'] as const

describe('in every dialect', () => {
  const cases: [title: string, text: string, expected: string][] = [
    [
      'strings',
      "SELECT a FROM t WHERE b = 'x' AND c = 'it''s'",
      'SELECT a FROM t WHERE b = ? AND c = ?'
    ],
    ['prefixed strings', "SELECT N'a', X'0F', B'01' FROM t", 'SELECT ?, ?, ? FROM t'],
    [
      'numbers',
      'SELECT 1, -2, 3.5, .5, 1e10, 1.5E-3, 0xFF FROM t1 LIMIT 10',
      'SELECT ?, -?, ?, ?, ?, ?, ? FROM t1 LIMIT ?'
    ],
    [
      'words',
      'SELECT TRUE, false, NULL, CURRENT_DATE FROM t_2',
      'SELECT TRUE, false, NULL, CURRENT_DATE FROM t_2'
    ],
    ['dates', "SELECT DATE '2025-01-01', INTERVAL '1 day'", 'SELECT DATE ?, INTERVAL ?'],
    [
      'lists',
      'DELETE FROM t WHERE a IN (1, 2,3) OR b in ( ?, ? ) OR c IN (1)',
      'DELETE FROM t WHERE a IN (?) OR b in (?) OR c IN (?)'
    ],
    [
      'places of parameters',
      'SELECT ?, ?2, :name, :1, @p1 FROM t',
      'SELECT ?, ?2, :name, :1, @p1 FROM t'
    ],
    ['comments', "SELECT a -- it's a comment\nFROM /* 'b */ t", 'SELECT a FROM t'],
    ['space', '  SELECT\n\t a ,  b\r\nFROM t ', 'SELECT a , b FROM t'],
    [
      'an open string',
      "SELECT a FROM t WHERE b = 'secret AND c = 1",
      'SELECT a FROM t WHERE b = ?'
    ],
    ['an open comment', "SELECT a /* 'secret", 'SELECT a'],
    ['calls', "SELECT f(a, 'b', 3)::text", 'SELECT f(a, ?, ?)::text'],
    ['users', "ALTER USER bob WITH PASSWORD 'x'", 'ALTER USER bob WITH PASSWORD ?'],
    [
      'several statements',
      "INSERT INTO t VALUES (1, 'a'); COMMIT",
      'INSERT INTO t VALUES (?, ?); COMMIT'
    ],
    [
      'names beyond ASCII',
      "SELECT größe FROM 表 WHERE naïve = 'é'",
      'SELECT größe FROM 表 WHERE naïve = ?'
    ],
    ['nothing', '', '']
  ]
  for (const dialect of dialects) {
    test.each(cases)(`${dialect}: %s`, (_case, text, expected) => {
      expect(sql(text, dialect)).toBe(expected)
    })
  }
})

describe('by dialect', () => {
  test.each<[Dialect, string, string]>([
    // PostgreSQL: no backslash escapes but in E'', dollar quotes, nested comments, operators with # and ?
    ['postgresql', "SELECT 'C:\\', 'x'", 'SELECT ?, ?'],
    ['postgresql', "SELECT E'it\\'s', e'\\\\', 'x'", 'SELECT ?, ?, ?'],
    ['postgresql', "SELECT $$it's$$, $tag$ $$ 'x' $tag$, $1, $22", 'SELECT ?, ?, $1, $22'],
    ['postgresql', 'SELECT $tag$ secret', 'SELECT ?'],
    ['postgresql', "SELECT a /* b /* 'c */ 'd */ FROM t", 'SELECT a FROM t'],
    [
      'postgresql',
      `SELECT "a" FROM "we""ird" WHERE "b" = "c"`,
      `SELECT "a" FROM "we""ird" WHERE "b" = "c"`
    ],
    ['postgresql', "SELECT a #>> '{x}', b->'c' @> d FROM t--x", 'SELECT a #>> ?, b->? @> d FROM t'],
    ['postgresql', "SELECT ARRAY['a','b'], x[1]", 'SELECT ARRAY[?,?], x[?]'],
    // MySQL: backslash escapes, double quotes are strings, # comments, a--b is no comment
    ['mysql', `SELECT 'it\\'s', "say \\"x\\"", 'C:\\\\', 'y'`, 'SELECT ?, ?, ?, ?'],
    ['mysql', 'SELECT `a``b` FROM `t` WHERE c = "secret"', 'SELECT `a``b` FROM `t` WHERE c = ?'],
    ['mysql', "SELECT a # don't\n, 'b'", 'SELECT a , ?'],
    ['mysql', "SELECT 5--3, 'a'", 'SELECT ?- -?, ?'],
    ['mysql', "SELECT _utf8'x', a$b FROM t", 'SELECT _utf8?, a$b FROM t'],
    // SQLite: double quotes are names, and strings where no name can stand; brackets and backticks are names
    [
      'sqlite',
      `SELECT "id" FROM "users" WHERE "name" = "alice"`,
      `SELECT "id" FROM "users" WHERE "name" = ?`
    ],
    [
      'sqlite',
      "SELECT [Order Details].[a], `b`, 'C:\\' FROM t--x",
      'SELECT [Order Details].[a], `b`, ? FROM t'
    ],
    [
      'sqlite',
      `INSERT INTO "t" ("a", "b") VALUES ("x", "y"), ("z", 1)`,
      `INSERT INTO "t" ("a", "b") VALUES (?, ?), (?, ?)`
    ],
    ['sqlite', "SELECT x'00', ?1, $name, @a", 'SELECT ?, ?1, $name, @a'],
    // No dialect: names in double quotes only where they are seen to be names, the end where the dialects disagree
    [
      'other',
      `SELECT "users"."id", "name" FROM "users" WHERE "id" = $1`,
      `SELECT "users"."id", "name" FROM "users" WHERE "id" = $1`
    ],
    [
      'other',
      `SELECT a FROM t WHERE b = "alice" AND c IN ("x", "y")`,
      'SELECT a FROM t WHERE b = ? AND c IN (?)'
    ],
    [
      'other',
      `SELECT "a" FROM t WHERE b = 'C:\\' AND c = 'secret'`,
      'SELECT ? FROM t WHERE b = ? …'
    ],
    ['other', "SELECT a--b\n, 'secret'", 'SELECT a …'],
    ['other', "SELECT a # don't\n, 'secret'", 'SELECT a …'],
    ['other', "SELECT a /* /* */ , 'secret' */", 'SELECT a …'],
    ['other', "SELECT q'[it's]' FROM dual", 'SELECT …'],
    [
      'other',
      "SELECT [a], E'it\\'s', $x$ secret $x$ FROM [t] WHERE b[1] = 2",
      'SELECT [a], ?, ? FROM [t] WHERE b[?] = ?'
    ],
    ['other', "SET search_path TO x; SET a = 'b'", 'SET search_path TO x; SET a = ?']
  ])('%s: %s', (dialect, text, expected) => {
    expect(sql(text, dialect)).toBe(expected)
  })
})

describe('MongoDB', () => {
  test.each([
    [
      '{"find":"users","filter":{"email":"a@b.c","n":{"$gt":5}}}',
      '{"find":?,"filter":{"email":?,"n":{"$gt":?}}}'
    ],
    [
      '[{"$match":{"a":{"$in":["x","y"]}}}, {"$limit": 5}]',
      '[{"$match":{"a":{"$in":[?]}}}, {"$limit": ?}]'
    ],
    [
      "{ name: 'x', _id: ObjectId('5f'), ok: true, re: /secret/i }",
      '{ name: ?, _id: ObjectId(?), ok: true, re: ? }'
    ],
    ['{"a":"open', '{"a":?'],
    ['{"a \\" secret":1}', '{?:?}']
  ])('%s', (text, expected) => {
    expect(sql(text, 'other')).toBe(expected)
  })
})

describe('Redis', () => {
  test.each([
    ['GET user:1', 'GET user:1'],
    ['set user:1 hello world', 'set user:1 [2 args]'],
    ['HSET h f v', 'HSET h [2 args]'],
    ['get session:abc', 'get [redacted]'],
    ['AUTH user pass', 'AUTH [2 args]'],
    ['EVAL "return 1" 0', 'EVAL [3 args]'],
    ['CONFIG SET requirepass x', 'CONFIG [3 args]'],
    ['ACL SETUSER bob >x', 'ACL [3 args]'],
    ['PING', 'PING'],
    ['SET k [1 args]', 'SET k [1 args]']
  ])('%s', (text, expected) => {
    expect(sql(text, 'other')).toBe(expected)
  })
})

test.each<[string, unknown[], string]>([
  ['get', ['user:1'], 'get user:1'],
  ['SET', ['user:1', 'canary', 'EX', '10'], 'SET user:1 [3 args]'],
  ['SET', ['a key with spaces', 'canary'], 'SET a key with spaces [1 args]'],
  ['JSON.SET', ['doc:1', '$', 'canary'], 'JSON.SET doc:1 [2 args]'],
  ['ZREVRANGE', ['best', '0', '9'], 'ZREVRANGE best [2 args]'],
  ['GET', ['sess:canary'], 'GET [redacted]'],
  ['GET', ['reset-token:canary'], 'GET [redacted]'],
  ['GET', ['shop:session:canary'], 'GET [redacted]'],
  ['GET', [`k${'x'.repeat(200)}`], 'GET [redacted]'],
  ['GET', [Buffer.from('canary')], 'GET [1 args]'],
  ['AUTH', ['ann', 'canary'], 'AUTH [2 args]'],
  ['HELLO', ['3', 'AUTH', 'ann', 'canary'], 'HELLO [4 args]'],
  ['ACL', ['SETUSER', 'ann', '>canary'], 'ACL [3 args]'],
  ['CONFIG', ['SET', 'requirepass', 'canary'], 'CONFIG [3 args]'],
  ['EVAL', ['return "canary"', '0'], 'EVAL [2 args]'],
  ['MSET', ['a', 'canary'], 'MSET [2 args]'],
  ['loadUser', ['user:1'], 'loadUser [1 args]'],
  ['it is a canary', [], '[redacted]'],
  ['PING', [], 'PING']
])('a Redis command %s %j is told as %s', (name, args, expected) => {
  expect(clean.command(name, args)).toBe(expected)
})

describe('a parameterised statement', () => {
  test.each<[Dialect, string, string]>([
    [
      'postgresql',
      `SELECT "a", 'lit--x'\n FROM t -- c\n WHERE b = $1 AND c IN ($2, $3)`,
      `SELECT "a", 'lit--x'\n FROM t  \n WHERE b = $1 AND c IN ($2, $3)`
    ],
    ['mysql', 'SELECT `a` /* c */ FROM t WHERE b = ? # d', 'SELECT `a`   FROM t WHERE b = ?'],
    ['other', "SELECT 'Bearer abc'", "SELECT 'Bearer [redacted]'"]
  ])('%s: %s', (dialect, text, expected) => {
    expect(clean.statement(text, dialect, true)).toBe(expected)
  })
})

describe('the limit', () => {
  const small = redactor({ limits: { statementLength: 40 } })
  test('cuts between tokens', () => {
    expect(
      small.statement(`SELECT "aaaaaaaaaaaa", "bbbbbbbbbbbb" FROM "t"`, 'postgresql', false)
    ).toBe('SELECT "aaaaaaaaaaaa", "bbbbbbbbbbbb" …')
    expect(small.statement(`SELECT ${'a'.repeat(60)}`, 'postgresql', false)).toBe('SELECT …')
  })
  test('cuts a document between its pieces', () => {
    const text = '{"aaaaaaaaaaaa":1,"bbbbbbbbbbbb":{"cccccccccccc":1}}'
    expect(small.statement(text, 'other', false)).toBe('{"aaaaaaaaaaaa":?,"bbbbbbbbbbbb":{ …')
  })
  test('is of what is left', () => {
    expect(small.statement(`SELECT a FROM t WHERE b = '${'x'.repeat(400)}'`, 'mysql', false)).toBe(
      'SELECT a FROM t WHERE b = ?'
    )
  })
})

test('what is no text is empty', () => {
  expect(clean.statement(undefined as never, 'other', false)).toBe('')
})

const literal = fc
  .constantFrom("'", '"')
  .chain((quote) =>
    fc
      .array(
        fc.constantFrom('Canary7', 'x', ' ', '--', '/*', '*/', '#', '`', '$$', '(', quote + quote),
        { maxLength: 6 }
      )
      .map((parts) => `${quote}${parts.join('')}Canary7${quote}`)
  )
const code = fc.constantFrom(
  'SELECT',
  'a',
  'FROM t',
  'WHERE b =',
  ',',
  '(',
  ')',
  'IN (',
  '=',
  '1',
  'E',
  '::text',
  '$1',
  '?',
  '-',
  '\n',
  '/* x */',
  '-- y\n',
  '[a]',
  '`b`'
)
const statement = fc
  .array(fc.oneof(code, literal), { maxLength: 20 })
  .map((parts) => parts.join(' '))

test.each(dialects)('%s: no literal is ever seen', (dialect) => {
  fc.assert(
    fc.property(statement, (text) => {
      // Double quotes hold names in these two.
      const strings = dialect === 'mysql' || dialect === 'other' ? text : text.replaceAll('"', "'")
      expect(sql(strings, dialect)).not.toContain('Canary7')
    }),
    { numRuns: 3000 }
  )
})

const piece = fc.constantFrom(
  "'",
  '"',
  '`',
  '\\',
  '$',
  '$a$',
  '/*',
  '*/',
  '--',
  '#',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  ',',
  '.',
  ':',
  '?',
  '1',
  '12345',
  '0x1',
  'e',
  'E',
  'q',
  'N',
  'a',
  'FROM',
  'IN (',
  'VALUES',
  'SET',
  'GET',
  ' ',
  '\n',
  'é',
  '…',
  '\ud800'
)
const soup = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(''))
)

test.each(dialects)(
  '%s: anything is taken without an exception, and hiding twice is hiding once',
  (dialect) => {
    const short = redactor({ limits: { statementLength: 30 } })
    fc.assert(
      fc.property(soup, fc.boolean(), (text, parameterised) => {
        for (const redact of [clean, short]) {
          const once = redact.statement(text, dialect, parameterised)
          expect(redact.statement(once, dialect, parameterised)).toBe(once)
        }
        expect(short.statement(text, dialect, parameterised).length).toBeLessThanOrEqual(30)
      }),
      { numRuns: 3000 }
    )
  }
)

describe.each(dialects)('%s: twice as much takes no more than about twice the steps', (dialect) => {
  test.each([
    "'",
    '"',
    '"a"',
    '"a" ',
    '`',
    '\\',
    '$',
    '$a$',
    '$a',
    '/*',
    '/* ',
    '--',
    '#',
    '[',
    '[a',
    '(',
    '1',
    '1e+',
    "E'",
    '{"a"',
    '{a ',
    'a ',
    '\ud800',
    ' '
  ])('%j', (text) => {
    const large = redactor({ limits: { statementLength: 100_000 } })
    const steps = (count: number): number =>
      countSteps(() => large.statement(text.repeat(count), dialect, false))
    expect(steps(4000)).toBeLessThan(steps(2000) * 2.3 + 200)
  })
})
