import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Each file in its own process: the product patches node:http, console and AsyncLocalStorage.
    pool: 'forks',
    maxWorkers: 2
  }
})
