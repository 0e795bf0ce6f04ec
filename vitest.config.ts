import { configDefaults, defineConfig } from 'vitest/config'

/** What holds a start or an answer against the clock as people would: measured with nothing else under way. */
const ALONE = ['test/postgres/start-stop.test.ts', 'src/protocols/postgres/relay/streaming.test.ts', 'src/protocols/http/door/door.test.ts']
/** Suites of their own: .ci/suites/30-install installs the project twice from scratch, 06-postgres-regress fetches what it reads, 07-kubernetes uses what 04 has built, 08-agents what it installs itself, 09-deploy builds images, 09-connector needs a network of its own, 09-metrics a Prometheus. */
const ELSEWHERE = [
  ...configDefaults.exclude,
  'test/install/**',
  'test/postgres/regress/**',
  'test/kubernetes/**',
  'test/agents/**',
  'test/containers/**',
  'test/connector/**',
  'test/metrics/prometheus/**',
]

export default defineConfig({
  test: {
    // Real servers start in acceptance tests; a hang is still found well within this.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is waited for is waited for: Vitest's own second is over where two files start servers at once. What is to be quick is measured by its test.
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'all',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...ALONE],
          // By default one less than there are processors, which is one on two: most files wait for servers more than they compute.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
