import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Installs the project twice from scratch: a suite of its own, .ci/suites/30-install.
    exclude: [...configDefaults.exclude, 'test/install/**'],
    // Real servers start in acceptance tests; a hang is still found well within this.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
