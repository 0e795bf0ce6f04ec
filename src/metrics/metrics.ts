import { setImmediate as nextTurn } from 'node:timers/promises'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { GuardMeter } from '../guard/index.ts'
import type { BudgetMeter } from '../runs/index.ts'
import type { TrailMeter } from '../trail/index.ts'
import { budgetMeter, type GatewayMeter, gatewayMeter, trailMeter } from './counted.ts'
import { GuardCounts } from './guard-counts.ts'
import { house } from './house.ts'
import { type CollectedFamily, END, openMetrics } from './open-metrics.ts'
import { type OtlpMetrics, type OtlpScope, otlpMetrics } from './otlp-metrics.ts'
import type { PushState } from './push.ts'
import type { Sources } from './sources.ts'

export interface MetricsOptions {
  /** Of this package, and of what it runs on. */
  readonly version: string
  readonly node: string
  /** Milliseconds since the epoch: when what only grows began to be counted. */
  readonly startedAt: number
}

/** One way to say the same. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** How it stands with whoever takes the numbers; for doctor. */
export interface MetricsReaders {
  /** When somebody scraped last, ms since the epoch; undefined where nobody has. */
  readonly scrapedAt: number | undefined
  /** Undefined where nothing is pushed. */
  readonly push: PushState | undefined
}

/** Everything that is counted, over one registry of its own. */
export interface Metrics {
  readonly guard: GuardMeter
  readonly trail: TrailMeter
  readonly budgets: BudgetMeter
  readonly gateway: GatewayMeter
  /** From now on these are looked at too. Once. */
  look(sources: Sources): void
  /** @param open as OpenMetrics 1.0; else in the text format 0.0.4 of Prometheus */
  text(open: boolean): Promise<Exposition>
  /** @param scope whose they are */
  otlp(scope: OtlpScope): Promise<OtlpMetrics>
  /** Who takes them. */
  readonly readers: MetricsReaders
  /** Nothing is measured any more. */
  close(): void
}

export function createMetrics({ version, node, startedAt }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 })
  // Of use to whoever debugs Node, and most of it by interfaces that Node does not document.
  for (const what of ['resources', 'handles', 'requests'])
    for (const name of [`nodejs_active_${what}`, `nodejs_active_${what}_total`]) registry.removeSingleMetric(name)
  new Gauge({
    name: 'gatescribe_build_info',
    help: 'Which version this is; always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node }, 1)
  const guard = new GuardCounts(registry)
  const budgets = budgetMeter(registry)
  let looked: Sources | undefined
  let scrapedAt: number | undefined
  return {
    guard,
    trail: trailMeter(registry),
    budgets,
    gateway: gatewayMeter(registry),
    look(sources) {
      looked = sources
      guard.expect(sources.resources)
      house(registry, sources, budgets)
    },
    get readers() {
      return { scrapedAt, push: looked?.pushes?.() }
    },
    async text(open) {
      scrapedAt = Date.now()
      let text = ''
      if (!open) {
        for await (const name of inTurns(registry)) text += `${await registry.getSingleMetricAsString(name)}\n\n`
        return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text }
      }
      for await (const family of families(registry)) text += openMetrics(family)
      return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, text: `${text}${END}` }
    },
    async otlp(scope) {
      const all: CollectedFamily[] = []
      for await (const family of families(registry)) all.push(family)
      return otlpMetrics(all, { ...scope, startedAt, now: Date.now() })
    },
    close: () => registry.clear(),
  }
}

/** Names of all families. Between two of them others have their turn: together they may take longer than an operation should wait. */
async function* inTurns(registry: Registry): AsyncGenerator<string> {
  for (const { name } of registry.getMetricsAsArray()) {
    yield name
    await nextTurn()
  }
}

async function* families(registry: Registry): AsyncGenerator<CollectedFamily> {
  for await (const name of inTurns(registry)) {
    const family = await registry.getSingleMetric(name)?.get()
    if (family !== undefined) yield family as CollectedFamily
  }
}
