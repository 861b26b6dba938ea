import { defineConfig } from 'vitest/config'
import { patienceMs } from './until.ts'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 2 * patienceMs,
    hookTimeout: 2 * patienceMs,
    expect: { poll: { timeout: patienceMs } },
    // Each file in its own process: the product patches node:http, console and AsyncLocalStorage.
    pool: 'forks',
    maxWorkers: 2
  }
})
