import { expect, test } from 'vitest'
import { createTracing } from '../../src/tracing.ts'
import { library } from '../libraries/library.js'
import { descriptorsOf } from '../watch/databases/sqlite-behaviour.ts'

type Classes = Record<string, { readonly prototype: object }>

const modules = {
  pg: library('pg'),
  mongodb: library('mongodb'),
  'better-sqlite3': library('better-sqlite3')
} as Record<'pg' | 'mongodb', Classes> & { 'better-sqlite3': { readonly prototype: object } }

const prototypes = [
  ...['Client', 'Pool'].map((name) => modules.pg[name]?.prototype as object),
  ...['Collection', 'Db', 'MongoClient', 'FindCursor', 'ClientSession'].map(
    (name) => modules.mongodb[name]?.prototype as object
  ),
  modules['better-sqlite3'].prototype
].flatMap((prototype) => [prototype, Object.getPrototypeOf(prototype) as object])

test('databases that are handed over are as they were once recording has ended, as often as it begins', async () => {
  const before = descriptorsOf(prototypes)
  for (let round = 0; round < 3; round++) {
    const recorder = createTracing({ access: 'local', instrument: modules })
    expect(descriptorsOf(prototypes)).not.toEqual(before)
    await recorder.close()
    expect(descriptorsOf(prototypes)).toEqual(before)
  }
})

test('where one of them is a mistake none is watched', () => {
  const before = descriptorsOf(prototypes)
  const wrong = { ...modules, 'node:sqlite': {} }
  expect(() => createTracing({ access: 'local', instrument: wrong })).toThrow("['node:sqlite']")
  expect(descriptorsOf(prototypes)).toEqual(before)
})
