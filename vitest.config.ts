import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Suites of their own: .ci/suites/30-install installs the project twice from scratch, 06-postgres-regress fetches what it reads.
    exclude: [...configDefaults.exclude, 'test/install/**', 'test/postgres/regress/**'],
    // Real servers start in acceptance tests; a hang is still found well within this.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
