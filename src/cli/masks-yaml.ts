import type { ScanReport } from '../api/local/index.ts'
import { lookedAt } from '../masking/index.ts'
import { harmless, harmlessJson } from './harmless.ts'

type Mask = ScanReport['masks'][number]
type Column = Mask['columns'][number]

/**
 * Masks as they would stand in the configuration, with what speaks for each as a comment. What a person should look at first is commented out,
 * and so is a mask of which nothing else is left. Nothing of a value is in it; names are harmless and quoted.
 */
export function masksYaml(report: ScanReport): string {
  const { resource, databases, masks, relations, rows, columns, skippedRelations, analyzer, entry } = report
  const head = [
    `Proposed by gatescribe scan ${resource}: ${rows} rows, ${columns} columns, ${relations} tables of ${databases.join(', ')}; entry ${entry} of the trail.`,
    'A sample shows what there is, and never that there is no more. Look at each line, put what you want into the configuration under masks:,',
    'and run gatescribe policy check. What is commented out is doubtful: little was found, or only the name of the column speaks for it.',
    ...(skippedRelations > 0 ? [`${skippedRelations} tables were not looked at, or not as a whole; standard error says which.`] : []),
    ...(analyzer && analyzer.unansweredColumns > 0
      ? [`The analyzer did not answer about values of ${analyzer.unansweredColumns} columns; standard error says which.`]
      : []),
    ...(masks.length === 0 ? ['Nothing was found that a mask could be proposed for.'] : []),
  ]
  const lines = head.map((line) => `# ${harmless(line)}`)
  if (masks.length === 0) return `${lines.join('\n')}\n`
  const certain = masks.some(({ columns: of }) => of.some(({ doubtful }) => !doubtful))
  return `${[...lines, certain ? 'masks:' : '# masks:', ...masks.flatMap((mask) => maskLines(mask, resource))].join('\n')}\n`
}

function maskLines({ name, as, columns }: Mask, resource: string): readonly string[] {
  const commented = columns.every(({ doubtful }) => doubtful)
  const put = (line: string) => (commented ? `# ${line}` : line)
  return [
    put(`  - name: ${quoted(name)}`),
    put(`    on: { resources: [${quoted(resource)}] }`),
    put('    columns:'),
    ...columns.flatMap((column) => {
      const value = `      - ${quoted(column.column)}`
      return [`      # ${why(column)}`, commented || column.doubtful ? `# ${value}` : value]
    }),
    put(`    as: ${as}`),
  ]
}

/** JSON strings are YAML's double-quoted ones, where every control is escaped (YAML 1.2, 5.7). */
const quoted = (text: string) => harmlessJson(text)

function why(column: Column): string {
  const { found, values, hint } = column
  const counted = Object.entries(found)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => [what, count, lookedAt(column, what)] as const)
    .map(([what, count, among]) => `${what}: ${count} of ${among} values (${share(count, among)})`)
  const named = hint === undefined ? [] : [`${hint} by its name`]
  if (counted.length > 0) return harmless([...counted, ...named].join('; '))
  return harmless(`${named.join('')}; ${values === 0 ? 'no value was looked at' : `nothing was found in ${values} values`}`)
}

function share(count: number, values: number): string {
  const percent = (count / values) * 100
  return percent < 1 ? '< 1 %' : `${Math.floor(percent)} %`
}
