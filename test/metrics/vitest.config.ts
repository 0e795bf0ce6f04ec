import { defineConfig } from 'vitest/config'

/** What needs a real Prometheus. */
export default defineConfig({
  test: {
    include: ['test/metrics/prometheus/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
