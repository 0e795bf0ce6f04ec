import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './test/parts/longest-first.ts'

/** What holds a start or an answer against the clock as people would: measured with nothing else under way. */
const ALONE = ['test/postgres/start-stop.test.ts', 'src/protocols/postgres/relay/streaming.test.ts', 'src/protocols/http/door/door.test.ts']
/**
 * What waits for most of its time, for durations that the product or a driver has: three at a time compute no more than one of the others. CI runs these,
 * one after the other, beside all others (.ci/suites/10-test).
 */
const WAITING = [
  'test/breakglass/its-time.test.ts',
  'test/approvals/ends.test.ts',
  'test/people/planes.test.ts',
  'test/postgres/masks/reload.test.ts',
  'test/people/two-persons.test.ts',
  'test/approvals/clients.test.ts',
  'src/mcp-stdio/host/hostile.test.ts',
  'test/approvals/approve-then-change.test.ts',
  'src/connector/links.test.ts',
  'test/approvals/by-the-wire.test.ts',
  'test/mcp/asked.test.ts',
  'src/protocols/postgres/relay/asking.test.ts',
  'src/identity/people/sign-in.test.ts',
]
/** Suites of their own: 06-postgres-regress fetches what it reads, 07-kubernetes uses what 04 has built, 08-agents what it installs itself, 09-connector needs a network of its own, 11-deploy builds images, 11-install installs the project twice from scratch, 11-metrics needs a Prometheus. */
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
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'all',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...ALONE, ...WAITING],
          // By default one less than there are processors, which is one on two: most files wait for servers more than they compute.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      { extends: true, test: { name: 'waiting', include: WAITING, maxWorkers: 3, sequence: { groupOrder: 3 } } },
    ],
  },
})
