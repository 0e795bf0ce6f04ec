import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { Series, type Tally, Timing } from './cells.ts'

/** What a family is called, and what it says. */
export interface Family {
  /** In base units; of what is counted it ends in `_total`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** How long a scrape waits for one that is looked at; ms. */
const PATIENCE_MS = 1_000
/** Of times that the gateway itself takes, seconds. */
export const SHORT: readonly number[] = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
]
/** Of times that a target takes, seconds. */
export const USUAL: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** Of times that people take, seconds. */
export const PATIENT: readonly number[] = [1, 5, 10, 20, 30, 45, 60, 120, 300, 600, 1_800, 3_600]

/** A family of counts; what is counted lies in the cells, and the registry is told when somebody looks. */
export function counts(registry: Registry, { name, help, labels = [] }: Family): Series<Tally> {
  const series = new Series<Tally>(() => ({ value: 0 }))
  new Counter({
    ...{ name, help, labelNames: [...labels], registers: [registry] },
    collect() {
      this.reset()
      for (const [values, { value }] of series.all()) this.inc(named(labels, values), value)
    },
  })
  return series
}

/** A family of times. @param bounds ascending, seconds */
export function timings(registry: Registry, family: Family, bounds: readonly number[]): Series<Timing> {
  const series = new Series(() => new Timing(bounds))
  new CellHistogram(registry, family, bounds, series)
  return series
}

/** One value of a gauge, or of a count that somebody else keeps. */
export type Reading = readonly [values: readonly string[], value: number]

/** A family that is looked at. @param read called at each scrape; what it leaves out is not there */
export function gauge(
  registry: Registry,
  { name, help, labels = [] }: Family,
  read: () => Iterable<Reading> | Promise<Iterable<Reading>>,
): void {
  new Gauge({
    ...{ name, help, labelNames: [...labels], registers: [registry] },
    async collect() {
      const readings = await answered(read)
      this.reset()
      if (labels.length === 0) this.remove()
      for (const [values, value] of readings) this.set(named(labels, values), value)
    },
  })
}

/** A count that somebody else keeps, and that only grows. */
export function kept(registry: Registry, { name, help, labels = [] }: Family, read: () => Iterable<Reading>): void {
  new Counter({
    ...{ name, help, labelNames: [...labels], registers: [registry] },
    async collect() {
      const readings = await answered(read)
      this.reset()
      // Nothing is no 0, which would be a beginning.
      if (labels.length === 0) this.remove()
      for (const [values, value] of readings) if (value >= 0) this.inc(named(labels, values), value)
    },
  })
}

/** What fails or does not answer is left out: the others are wanted most when something is wrong. */
async function answered(read: () => Iterable<Reading> | Promise<Iterable<Reading>>): Promise<readonly Reading[]> {
  const waited = Promise.withResolvers<readonly Reading[]>()
  const timer = setTimeout(() => waited.resolve([]), PATIENCE_MS)
  try {
    return [...(await Promise.race([read(), waited.promise]))]
  } catch {
    return []
  } finally {
    clearTimeout(timer)
  }
}

function named(labels: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, at) => [label, values[at] ?? '']))
}

/** prom-client's own looks its series up anew for each observation, which costs more than all the rest: this one only shows cells. */
class CellHistogram extends Histogram<string> {
  readonly #family: Family
  readonly #bounds: readonly number[]
  readonly #series: Series<Timing>

  constructor(registry: Registry, family: Family, bounds: readonly number[], series: Series<Timing>) {
    const { name, help, labels = [] } = family
    super({ name, help, labelNames: [...labels], buckets: [...bounds], registers: [registry] })
    this.#family = family
    this.#bounds = bounds
    this.#series = series
  }

  override async get(): ReturnType<Histogram<string>['get']> {
    const { name, help, labels = [] } = this.#family
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = []
    for (const [of, { counts, sum }] of this.#series.all()) {
      const own = named(labels, of)
      let count = 0
      for (const [at, bound] of this.#bounds.entries()) {
        count += counts[at] as number
        values.push({ metricName: `${name}_bucket`, labels: { le: bound, ...own }, value: count })
      }
      count += counts[this.#bounds.length] as number
      values.push({ metricName: `${name}_bucket`, labels: { le: '+Inf', ...own }, value: count })
      values.push({ metricName: `${name}_sum`, labels: own, value: sum })
      values.push({ metricName: `${name}_count`, labels: own, value: count })
    }
    return { name, help, type: 'histogram' as never, aggregator: 'sum', values } as never
  }

  /** What the text form is made of. */
  getForPromString(): ReturnType<Histogram<string>['get']> {
    return this.get()
  }
}
