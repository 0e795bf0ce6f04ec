import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Real servers start in acceptance tests; a hang is still found well within this.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
