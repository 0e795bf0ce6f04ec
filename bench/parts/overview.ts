import type { Summary } from './measurement.ts'

export interface WorkResult {
  readonly title: string
  readonly unit: string
  readonly summaries: readonly Summary[]
}

/**
 * One line per piece of work, as a Markdown table: what `subject` did, beside the yardsticks.
 *
 * @param yardsticks names of contenders that the subject's rate is divided by
 */
export function overviewOf(results: readonly WorkResult[], subject: string, yardsticks: readonly string[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const head = [
    'work',
    'unit',
    subject,
    ...yardsticks.map((name) => `of ${name}`),
    `CPU µs: ${subject}`,
    ...yardsticks.map((name) => `CPU µs: ${name}`),
  ]
  const rows = results.flatMap(({ title, unit, summaries }) => {
    const of = (name: string) => summaries.find(({ contender }) => contender === name)
    const own = of(subject)
    if (!own) return []
    const ratios = yardsticks.map((name) => ratio(own, of(name)))
    const prices = [own, ...yardsticks.map(of)].map((summary) => (summary ? whole(summary.cpuMicroseconds.contender) : '–'))
    return [line([title, unit, whole(own.rate), ...ratios, ...prices])]
  })
  return [line(head), line(head.map((_, column) => (column < 2 ? '---' : '---:'))), ...rows, ''].join('\n')
}

function ratio(own: Summary, other: Summary | undefined): string {
  return other ? (own.rate / other.rate).toFixed(2) : '–'
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
