import fc from 'fast-check'
import { expect, test } from 'vitest'
import { summariseSql } from '../../../src/watch/databases/sql-summary.ts'
import { sqlTokens } from '../../../src/watch/databases/sql-tokens.ts'

const cases: [statement: string, summary: string, operation: string, target: string][] = [
  ['SELECT 1', 'SELECT', 'SELECT', ''],
  ['select * from users where id = $1', 'SELECT users', 'SELECT', 'users'],
  ['SELECT * FROM songs, artists ORDER BY a, b', 'SELECT songs artists', 'SELECT', ''],
  ['SELECT * FROM public."User Data" u', 'SELECT public.User Data', 'SELECT', 'public.User Data'],
  ['SELECT a FROM t JOIN t AS t2 ON true', 'SELECT t', 'SELECT', 't'],
  ['SELECT * FROM (SELECT * FROM a JOIN b USING (x, y)) q', 'SELECT SELECT a b', 'SELECT', ''],
  ['SELECT * FROM (a JOIN b ON true) LEFT JOIN c ON true, d', 'SELECT a b c d', 'SELECT', ''],
  ['SELECT extract(year FROM at), trim(both FROM s) FROM t', 'SELECT t', 'SELECT', 't'],
  ['SELECT a IS DISTINCT FROM b FROM t', 'SELECT t', 'SELECT', 't'],
  ['SELECT * FROM generate_series(1, 2) g, t', 'SELECT t', 'SELECT', 't'],
  ['SELECT * FROM t WHERE a IN (SELECT id FROM u) FOR UPDATE', 'SELECT t SELECT u', 'SELECT', ''],
  ['(SELECT 1 FROM a) UNION (SELECT 2 FROM b)', 'SELECT a SELECT b', 'SELECT', ''],
  ["INSERT INTO t (a) VALUES ('FROM z', 1)", 'INSERT t', 'INSERT', 't'],
  ['INSERT INTO t(a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = 2', 'INSERT t', 'INSERT', 't'],
  ['INSERT INTO ship (a) SELECT a FROM orders', 'INSERT ship SELECT orders', 'INSERT', ''],
  ['update only t set a = 1 where b = 2', 'UPDATE t', 'UPDATE', 't'],
  ['UPDATE t SET a = o.a FROM o', 'UPDATE t o', 'UPDATE', ''],
  ['DELETE FROM a.b.c WHERE x', 'DELETE a.b.c', 'DELETE', 'a.b.c'],
  ['MERGE INTO t USING s ON x WHEN MATCHED THEN UPDATE SET a = 1', 'MERGE t', 'MERGE', 't'],
  ['WITH x AS (SELECT * FROM a) SELECT * FROM x', 'SELECT a SELECT', 'SELECT', 'a'],
  [
    'WITH x(a, b) AS MATERIALIZED (SELECT 1 FROM a) DELETE FROM z USING x',
    'SELECT a DELETE z',
    'DELETE',
    ''
  ],
  ['EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t', 'EXPLAIN SELECT t', 'EXPLAIN', 't'],
  [
    'CREATE TABLE IF NOT EXISTS t (a int REFERENCES o ON DELETE CASCADE)',
    'CREATE TABLE t',
    'CREATE TABLE',
    't'
  ],
  ['CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)', 'CREATE INDEX i', 'CREATE INDEX', 'i'],
  ['CREATE OR REPLACE VIEW v AS SELECT 1 FROM t', 'CREATE VIEW v SELECT t', 'CREATE VIEW', ''],
  ["ALTER ROLE app PASSWORD 'x'", 'ALTER ROLE app', 'ALTER ROLE', 'app'],
  ['DROP TABLE t', 'DROP TABLE t', 'DROP TABLE', 't'],
  ['TRUNCATE a, b', 'TRUNCATE a b', 'TRUNCATE', ''],
  ['COPY t (a) FROM STDIN', 'COPY t', 'COPY', 't'],
  ['BEGIN', 'BEGIN', 'BEGIN', ''],
  ['begin; insert into t values (1); commit;', 'BEGIN INSERT t COMMIT', 'BEGIN', 't'],
  ['GRANT SELECT, INSERT ON t TO x', 'GRANT', 'GRANT', ''],
  ["SET app.token = 'x'", 'SET', 'SET', ''],
  ['/* from a */ SELECT 1 -- from b\n FROM c /* /* nested */ from d */', 'SELECT c', 'SELECT', 'c'],
  ["SELECT $tag$ FROM z $tag$, E'\\' FROM y', $$ FROM x $$ FROM t", 'SELECT t', 'SELECT', 't'],
  ['my password is hunter2', '', '', ''],
  ['', '', '', '']
]

test.each(cases)('%s', (statement, summary, operation, target) => {
  expect(summariseSql(statement, 'postgresql')).toEqual({ summary, operation, target })
})

test('dialects quote in their own ways', () => {
  expect(summariseSql('SELECT "from a" FROM `b` # from c', 'mysql').summary).toBe('SELECT b')
  expect(summariseSql("SELECT 'it\\'s from a' FROM b", 'mysql').summary).toBe('SELECT b')
  expect(summariseSql('INSERT OR REPLACE INTO "b" VALUES (1)', 'sqlite').summary).toBe('INSERT b')
})

const dialect = fc.constantFrom('postgresql', 'mysql', 'sqlite', 'other')
const piece = fc.oneof(
  fc.constantFrom(
    ...'SELECT FROM JOIN INSERT INTO UPDATE DELETE WITH AS SET VALUES CREATE TABLE EXPLAIN ( ) , ; . \' " ` $$ $a$ -- /* */ E \n'.split(
      ' '
    )
  ),
  fc.string({ unit: 'binary', maxLength: 8 })
)

test('any text gives an answer, short and without a throw', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), dialect, (pieces, dialect) => {
      const { summary, operation, target } = summariseSql(pieces.join(' '), dialect)
      expect(summary.length).toBeLessThanOrEqual(255)
      expect(target.length).toBeLessThanOrEqual(128)
      if (operation !== '') expect(summary).toContain(operation)
    }),
    { numRuns: 2000 }
  )
})

const name = fc.stringMatching(/^[a-z]{3,8}_t$/)
const value = fc.stringMatching(/^[A-Z]{6,12}$/).map((text) => `CANARY${text}`)

test('no literal gets into a summary, however it is quoted', () => {
  const quoted = value.chain((text) =>
    fc.constantFrom(
      `'${text}'`,
      `E'\\'${text}'`,
      `$q$${text}$q$`,
      `'it''s ${text}'`,
      `/* ${text} */ 1`
    )
  )
  fc.assert(
    fc.property(name, quoted, quoted, (table, a, b) => {
      for (const statement of [
        `SELECT ${a} FROM ${table} WHERE x = ${b}`,
        `INSERT INTO ${table} VALUES (${a}, ${b})`,
        `UPDATE ${table} SET a = ${a}, b = (SELECT ${b} FROM ${table})`,
        `DELETE FROM ${table} WHERE a IN (${a}, ${b}`
      ]) {
        const { summary } = summariseSql(statement, 'postgresql')
        expect(summary).not.toContain('CANARY')
        expect(summary).toContain(table)
      }
    })
  )
})

test('tables are found whatever stands between the words', () => {
  const space = fc.constantFrom(' ', '\n\t', ' /* c */ ', ' -- c\n')
  const tables = fc.uniqueArray(name, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(tables, space, (tables, space) => {
      const [first, ...rest] = tables
      const text = ['SELECT', 'a', 'FROM', first, ...rest.flatMap((t) => ['JOIN', t, 'ON', 'true'])]
      expect(summariseSql(text.join(space), 'postgresql').summary).toBe(
        ['SELECT', ...tables].join(' ')
      )
    })
  )
})

test('tokens are linear in the text', () => {
  for (const text of [
    "'".repeat(4096),
    '/*'.repeat(2048),
    '$a'.repeat(2048),
    '('.repeat(4096),
    '"a'.repeat(2000)
  ])
    expect(sqlTokens(text, 'postgresql').length).toBeLessThanOrEqual(text.length)
})
