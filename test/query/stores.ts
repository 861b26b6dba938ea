import { createReport } from '../../src/base/report.ts'
import { createStore } from '../../src/store/store.ts'
import type { TraceStore } from '../../src/store/types.ts'
import { NaiveStore } from './fixtures.ts'

/** The stores that every reading test runs on. */
export const stores: [string, () => TraceStore][] = [
  ['a naive store', () => new NaiveStore()],
  ['the store', () => createStore({ memory: 2 ** 22, report: createReport(() => {}) })]
]
