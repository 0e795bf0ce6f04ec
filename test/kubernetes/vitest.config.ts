import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/kubernetes/**/*.test.ts'],
    pool: 'forks',
    // An API server for each file: two at a time are what two cores start.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
