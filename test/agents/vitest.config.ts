import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Each file starts a world of its own, and Python frameworks in it: two at a time are what two cores carry.
  test: {
    include: ['test/agents/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
})
