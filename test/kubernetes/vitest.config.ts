import { defineConfig } from 'vitest/config'
import { LongestFirst } from '../parts/longest-first.ts'

/** What holds events against the clock: with nothing else under way. */
const ALONE = ['test/kubernetes/watches.test.ts', 'test/kubernetes/copies.test.ts']
const limits = { pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000 } as const

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // An API server for each file: two at a time are what two cores start.
      {
        test: {
          ...limits,
          name: 'kubernetes',
          include: ['test/kubernetes/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...limits, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
})
