import { type Command, InvalidArgumentError } from 'commander'
import type { ScanLine, ScanReport } from '../../api/local/index.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

interface Options extends EitherWay {
  readonly database?: readonly string[]
  readonly schema?: readonly string[]
  readonly rows?: number
  readonly views?: true
  readonly analyzer?: true
  readonly json?: true
}

export function scanCommand({ surroundings, printer }: Shell): Command {
  const scan = command(
    'scan',
    'Looks at samples of what a resource holds with all detectors, and proposes masks as YAML; shows no value, changes nothing. Recorded.',
    ['gatescribe scan orders-db > proposed-masks.yaml', 'gatescribe scan orders-db --schema public --rows 2000 --json | jq .found'],
  )
    .argument('<resource>', 'its name in the configuration')
    .option('--database <name...>', "the target's own name of the database (default: all that the configuration names)")
    .option('--schema <name...>', "only these schemas (default: all but the system's)")
    .option('--rows <number>', 'rows of each table, up to 5000 (default: 500)', rowsOf)
    .option('--views', 'views, materialized views and foreign tables too')
    .option('--analyzer', 'shows values to the analyzer of the configuration (masking.analyzer) too, which finds names and places')
    .action(async (resource: string, { database, schema, rows, views, analyzer, json, ...where }: Options) => {
      const [{ reachEitherWay }, { masksYaml }] = await Promise.all([import('../reach-signed-in.ts'), import('../masks-yaml.ts')])
      const asked = {
        ...(database && { databases: [...database] }),
        ...(schema && { schemas: [...schema] }),
        ...(rows !== undefined && { rows }),
        ...(views && { views }),
        ...(analyzer && { analyzer }),
      }
      for await (const line of reachEitherWay(where, surroundings).scanResource(resource, asked, surroundings.signal)) {
        if (!('report' in line)) printer.remark(progress(line))
        else if (json) printer.json(line.report)
        else print(line.report, masksYaml(line.report))
      }
    })

  function print(report: ScanReport, yaml: string): void {
    const { skipped, skippedRelations, analyzer } = report
    for (const { database, relation, why, columns, sqlstate } of skipped) {
      printer.remark(
        `not looked at: ${columns} columns of ${database}.${relation}: ${why}${sqlstate === undefined ? '' : ` (${sqlstate})`}`,
      )
    }
    if (skippedRelations > skipped.length) printer.remark(`and ${skippedRelations - skipped.length} more`)
    const { unanswered = [], unansweredColumns = 0 } = analyzer ?? {}
    for (const { column, values, why } of unanswered) printer.remark(`not analyzed: ${values} values of ${column}: ${why}`)
    if (unansweredColumns > unanswered.length) printer.remark(`and ${unansweredColumns - unanswered.length} more columns`)
    printer.exact(yaml)
  }

  return talksToGateway(talksToDoor(scan))
}

function progress(line: Exclude<ScanLine, { report: ScanReport }>): string {
  const { database, done, of, relation, rows = 0, columns = 0, skipped } = line
  if (relation === undefined) return `${database}: ${of} tables`
  const found = columns === 0 ? '' : `, ${columns} columns of interest`
  return `${database}: ${done} of ${of}  ${relation}  ${rows} rows${found}${skipped === undefined ? '' : ` (${skipped})`}`
}

function rowsOf(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > 5000) throw new InvalidArgumentError('It is a whole number from 1 to 5000.')
  return number
}
