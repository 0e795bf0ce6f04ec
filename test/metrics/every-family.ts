import { createMetrics, type Metrics, type Sources } from '../../src/metrics/index.ts'
import { Refusal, type Resource } from '../../src/operations/index.ts'

export const SHOP: Resource = { name: 'shop', kind: 'postgres', tags: [] }

/** A house in which there is one of everything. */
export const SOURCES: Sources = {
  trail: { state: 'open', written: 9, proven: { size: 7, minimum: 1, checkpoint: 'gw.example/main\n6\nroot=\n', age: 1_500 } },
  witnessing: {
    ...{ age: 2_000, need: 1, compared: true },
    states: [{ name: 'w.example/1', url: 'https://w.example', size: 5, time: 1_700_000_000, error: undefined }],
  },
  resources: () => [SHOP],
  runs: { live: () => [1, 2], budgetShares: () => [{ budget: 'hourly', measure: 'operations', share: 0.25 }] },
  approvalsOpen: () => 3,
  oldestPending: () => Date.now() - 60_000,
  breakGlass: () => ({ requested: 1, open: 2, unreviewed: 4 }),
  recording: { state: { sessions: 1, waitingBytes: 10, lag: 250, segments: 8, missing: 1 } },
  searching: { lag: async () => 12 },
  disk: async () => ({ free: 100, size: 1_000 }),
  connections: () => [['token', 2]],
  certificates: () => [['doors', 1_800_000_000_000]],
  connectors: {
    names: () => ['plant-a', 'plant-b'],
    state: () => [
      { name: 'plant-a', streams: 3, draining: false, rttMs: 4 },
      { name: 'plant-a', streams: 1, draining: true, rttMs: 9 },
    ],
    totals: () => new Map([['plant-a', { connects: 2, streams: 40, refused: 1, bytesIn: 100, bytesOut: 200 }]]),
  },
  exports: () => [{ name: 'siem', lagEntries: 5, lagSeconds: 6, delivered: 70, failed: 8, state: 'failing' }],
  pushes: () => ({ taken: 4, failed: 1, lastTaken: 1_700_000_000_000, since: 1_600_000_000_000, every: 15_000, error: undefined }),
  ready: () => true,
}

/** Metrics over that house, in which everything has happened once. */
export function everythingHappened(): Metrics {
  const metrics = createMetrics({ version: '1.2.3', node: '26.0.0', startedAt: 1_700_000_000_000 })
  metrics.look(SOURCES)
  const session = metrics.guard.at(SHOP)
  session.opened()
  session.refused('GS_RUN_ENDED')
  session.decided(0.02)
  session.admitted(0.4)
  session.answered({ effect: 'deny', rules: ['no-"definitions"\n'], policy: 'sha256:p' }, new Refusal('GS_POLICY_DENIED'))
  session.settled({ status: 'completed', rows: 2, bytes: 30 }, 1_500)
  session.masked('emails', 4)
  session.used('gpt', { inputTokens: 10, outputTokens: 5, money: { micros: 250, currency: 'USD' } })
  session.connected(12, undefined)
  session.connected(12, new Error('nobody there'))
  session.held()
  session.released(1_000, 'ticket')
  metrics.trail.staged('operation.intent')
  metrics.trail.wrote(1, 200, 0.5, 0.2)
  metrics.budgets.warned('hourly', 'operations')
  metrics.budgets.refused('hourly', 'operations')
  metrics.gateway.signinRefused('token', 'GS_IDENTITY_TOKEN')
  metrics.gateway.reloaded(false)
  return metrics
}

/** Names of all series, as an expression would have them. */
export async function seriesNames(metrics: Metrics): Promise<ReadonlySet<string>> {
  const { text } = await metrics.text(false)
  return new Set(text.split('\n').flatMap((line) => /^([a-z_0-9]+)(?:\{| )/.exec(line)?.[1] ?? []))
}
