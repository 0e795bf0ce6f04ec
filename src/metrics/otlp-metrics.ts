import { otlpAttributes, otlpResource } from '../outbound/index.ts'
import { type CollectedFamily, typeOf } from './open-metrics.ts'

/** Whose metrics these are: attributes of the resource in OTLP. */
export interface OtlpScope {
  readonly version: string
  /** `<origin>/<instance>`. */
  readonly instance: string
}

interface Moments {
  /** ms since the epoch: since when is counted, and now. */
  readonly startedAt: number
  readonly now: number
}

/** `ExportMetricsServiceRequest` in OTLP/JSON (opentelemetry-proto 1.x). */
export interface OtlpMetrics {
  readonly resourceMetrics: readonly object[]
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE. */
const CUMULATIVE = 2
const UNITS: readonly (readonly [suffix: RegExp, unit: string])[] = [
  [/_seconds(_total)?$/, 's'],
  [/_bytes(_total)?$/, 'By'],
  [/_ratio$/, '1'],
]

/** The same families for a collector: sums and histograms are cumulative and begin with the process. What is no number is left out, as JSON has none. */
export function otlpMetrics(families: readonly CollectedFamily[], { version, instance, startedAt, now }: OtlpScope & Moments): OtlpMetrics {
  const times = { startTimeUnixNano: nanoseconds(startedAt), timeUnixNano: nanoseconds(now) }
  const metrics = families.flatMap((family) => {
    const data = dataOf(family, times)
    if (data === undefined) return []
    const unit = UNITS.find(([suffix]) => suffix.test(family.name))?.[1]
    return [{ name: family.name, description: family.help, ...(unit !== undefined && { unit }), ...data }]
  })
  return {
    resourceMetrics: [
      { resource: otlpResource({ version, instance }), scopeMetrics: [{ scope: { name: 'gatescribe', version }, metrics }] },
    ],
  }
}

type Times = { readonly startTimeUnixNano: string; readonly timeUnixNano: string }

function dataOf(family: CollectedFamily, times: Times): object | undefined {
  switch (typeOf(family)) {
    case 'counter':
      return some(points(family, times), (dataPoints) => ({ sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } }))
    case 'gauge':
      return some(points(family, { timeUnixNano: times.timeUnixNano }), (dataPoints) => ({ gauge: { dataPoints } }))
    case 'histogram':
      return some(histograms(family, times), (dataPoints) => ({ histogram: { aggregationTemporality: CUMULATIVE, dataPoints } }))
    case 'summary':
      return undefined
  }
}

function some<Point>(points: readonly Point[], make: (points: readonly Point[]) => object): object | undefined {
  return points.length === 0 ? undefined : make(points)
}

function points({ values }: CollectedFamily, times: Partial<Times>): readonly object[] {
  return values.flatMap(({ labels, value }) =>
    Number.isFinite(value) ? [{ attributes: attributesOf(labels), ...times, asDouble: value }] : [],
  )
}

interface Buckets {
  readonly labels: Readonly<Record<string, string | number>>
  readonly bounds: number[]
  /** Cumulative, as they come. */
  readonly upTo: number[]
  sum: number
  count: number
}

/** From series of a family, which belong together by their labels but for `le`. */
function histograms({ name, values }: CollectedFamily, times: Times): readonly object[] {
  const all = new Map<string, Buckets>()
  for (const { metricName, labels, value } of values) {
    const { le, ...own } = labels as Record<string, string | number>
    const key = JSON.stringify(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)))
    const buckets = all.get(key) ?? { labels: own, bounds: [], upTo: [], sum: 0, count: 0 }
    all.set(key, buckets)
    if (metricName === `${name}_sum`) buckets.sum = value
    else if (metricName === `${name}_count`) buckets.count = value
    else if (typeof le === 'number') {
      buckets.bounds.push(le)
      buckets.upTo.push(value)
    }
  }
  return [...all.values()].map(({ labels, bounds, upTo, sum, count }) => ({
    attributes: attributesOf(labels),
    ...times,
    count: String(count),
    sum,
    bucketCounts: [...upTo, count].map((most, at, list) => String(most - (at === 0 ? 0 : (list[at - 1] as number)))),
    explicitBounds: bounds,
  }))
}

function attributesOf(labels: Readonly<Partial<Record<string, string | number>>>) {
  return otlpAttributes(Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)])))
}

/** fixed64, which JSON holds as a string. */
function nanoseconds(ms: number): string {
  return `${BigInt(Math.round(ms))}000000`
}
