import { defineConfig } from 'vitest/config'

/** One file at a time: most of them hold the end of a link, or a throughput, against the clock. */
export default defineConfig({
  test: {
    include: ['test/connector/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
