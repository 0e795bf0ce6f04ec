import { defineConfig } from 'vitest/config'
import { LongestFirst } from '../parts/longest-first.ts'

export default defineConfig({
  // Each file starts a world of its own, and Python frameworks in it: two at a time are what two cores carry, beside one in which an approval is waited for.
  test: {
    include: ['test/agents/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
})
