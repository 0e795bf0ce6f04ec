import type { Summary } from './measurement.ts'

/** One piece of work with what each contender did in it, as lines of a Markdown table. Ratios are against the yardsticks. */
export function tableOf(title: string, unit: string, summaries: readonly Summary[], yardsticks: readonly string[]): string {
  const bases = yardsticks.map((yardstick) => summaries.find(({ contender }) => contender === yardstick)?.rate)
  const rows = summaries.map(({ contender, rate, spread, latencyMs, cpuMicroseconds: cpu }) => [
    contender,
    ...bases.map((base) => (base === undefined ? '–' : (rate / base).toFixed(2))),
    number(rate),
    spread.map(number).join('–'),
    latencyMs === undefined ? '–' : latencyMs.toFixed(3),
    number(cpu.contender),
    number(cpu.client),
    number(cpu.server),
  ])
  const head = [
    '',
    ...yardsticks.map((yardstick) => `of ${yardstick}`),
    unit,
    'lowest–highest',
    'mean ms',
    'CPU µs: way',
    'client',
    'server',
  ]
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [`### ${title}`, '', line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(line), ''].join('\n')
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)
}
