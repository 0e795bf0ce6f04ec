/** What one test showed in its long form. */
export interface Shown {
  readonly test: string
  /** How long it was asked to go on. */
  readonly seconds: number
  readonly passed: boolean
  /** Name → count, in the order of the test. */
  readonly numbers: Readonly<Record<string, number>>
}

export interface SoakRun {
  /** `2026-11-23`. */
  readonly date: string
  readonly commit: string
  readonly command: string
  /** Its class: system, cores, memory. */
  readonly machine: string
  readonly results: readonly Shown[]
}

const BEGIN = '<!-- written by npm run soak -->'
const END = '<!-- end of what npm run soak writes -->'

/**
 * The page with this run in place of the latest one; what people wrote around it stays.
 * @throws Error where the page has no place for it
 */
export function withRun(page: string, { date, commit, command, machine, results }: SoakRun): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from === -1 || to < from) throw new Error(`the page has no place between "${BEGIN}" and "${END}"`)
  const rows = results.map(({ test, seconds, passed, numbers }) => {
    const shown = Object.entries(numbers).map(([name, count]) => `${name}: ${count.toLocaleString('en')}`)
    return `| \`${test}\` | ${seconds} s | ${passed ? 'passed' : '**failed**'} | ${shown.join('; ') || 'nothing was counted'} |`
  })
  const written = [
    BEGIN,
    `${date}, commit ${commit}, \`${command}\`, ${machine}.`,
    '',
    '| test | for | | what it counted |',
    '|---|---|---|---|',
    ...rows,
    '',
  ]
  return page.slice(0, from) + written.join('\n') + page.slice(to)
}
