import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** A family with its series, as the registry has them. */
export type CollectedFamily = MetricObjectWithValues<MetricValue<string>> & {
  readonly values: readonly { readonly metricName?: string }[]
}

/** Behind all families. */
export const END = '# EOF\n'

/**
 * One family in OpenMetrics 1.0. prom-client can say it too, and changes the names of its counters by that, so that the next text is another one.
 */
export function openMetrics(family: CollectedFamily): string {
  const type = typeOf(family)
  // OpenMetrics §3.1.4: a counter is called without the suffix of its samples.
  const name = type === 'counter' ? family.name.replace(/_total$/, '') : family.name
  let text = `# TYPE ${name} ${type}\n`
  const unit = /_(seconds|bytes|ratio)$/.exec(name)?.[1]
  if (unit !== undefined) text += `# UNIT ${name} ${unit}\n`
  text += `# HELP ${name} ${escaped(family.help)}\n`
  for (const { metricName, labels, value } of family.values) {
    const sample = metricName ?? (type === 'counter' ? `${name}_total` : name)
    text += `${sample}${labelsOf(labels)} ${numberOf(value)}\n`
  }
  return text
}

/** The declared type names an enum, the value is the word. */
export function typeOf({ type }: { readonly type: unknown }): 'counter' | 'gauge' | 'histogram' | 'summary' {
  return type as 'counter' | 'gauge' | 'histogram' | 'summary'
}

function labelsOf(labels: Readonly<Partial<Record<string, string | number>>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(name === 'le' ? bound(value) : String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** §6.4: canonical numbers have a point. */
function bound(value: string | number | undefined): string {
  return typeof value === 'number' ? numberOf(value, true) : String(value)
}

function numberOf(value: number, point = false): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return point && Number.isInteger(value) ? value.toFixed(1) : String(value)
}

/** §4.1. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
