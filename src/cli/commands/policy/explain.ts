import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Question } from '../../../gateway/index.ts'
import { CliError } from '../../errors.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'
import { linesOf } from './answer.ts'

interface Options extends Whereabouts {
  readonly who: readonly string[]
  readonly kind: string
  readonly subject: string
  readonly run: readonly string[]
  readonly on: string
  readonly sql: string
  readonly schema?: string
  readonly database?: string
  readonly user?: string
  readonly application?: string
  readonly at?: string
  readonly json?: true
}

const RUN_FACTS = ['repository', 'workflow', 'commit', 'attempt', 'launcher', 'url']
const several = (value: string, before: readonly string[]) => [...before, value]

export function policyExplainCommand({ surroundings, printer }: Shell): Command {
  return command('explain', 'Says of one statement what it is, what every rule says of it and why, and what the answer is.', [
    'gatescribe policy explain --who github/repo:acme/reports --on orders-db --sql "SELECT 1"',
    'gatescribe policy explain --who github/repo:acme/reports --on orders-db --schema schema.sql --sql "DELETE FROM shop.orders"',
  ])
    .requiredOption('--on <resource>', 'the resource')
    .requiredOption('--sql <text>', 'the statement')
    .option('--who <group>', 'a group of who asks, as issuer/name; several times for several groups', several, [])
    .option('--kind <kind>', 'job or person', 'job')
    .option('--subject <subject>', 'the subject of who asks', 'somebody')
    .option('--run <fact=value>', `a fact of the run (${RUN_FACTS.join(', ')}); several times for several`, several, [])
    .option('--schema <file>', 'CREATE statements that describe the database, as pg_dump --schema-only prints them')
    .option('--database <name>', 'the database that the client named')
    .option('--user <name>', 'the user that the client named')
    .option('--application <name>', 'application_name')
    .option('--at <moment>', 'when it is asked, such as 2026-12-01T06:00:00Z (default: now)')
    .action(async (options: Options) => {
      const [{ configPath }, { loadConfig }, { gatewayRoom }] = await Promise.all([
        import('../../reach.ts'),
        import('../../../config/index.ts'),
        import('../../gateway.ts'),
      ])
      const { config } = loadConfig(configPath(options, surroundings), surroundings.env)
      const names = config.resources.map(({ name }) => name)
      if (!names.includes(options.on)) {
        throw new CliError('GS_CLI_USAGE', `No resource is called ${options.on}; the configuration has ${names.join(', ') || 'none'}.`)
      }
      const question = questionOf(options)
      const schema = options.schema === undefined ? undefined : read(resolve(surroundings.folder, options.schema))
      const { openRehearsal } = await gatewayRoom()
      const rehearsal = await openRehearsal(config, schema)
      try {
        const answer = await rehearsal.ask(question)
        if (options.json) return printer.json({ ...answer.explanation, facts: answer.facts, refusal: answer.refusal })
        const { effect, rules, say } = answer.explanation.decision
        const by = rules.length > 0 ? ` by ${rules.join(', ')}` : ', because no rule permits all of it'
        printer.line(answer.refusal === undefined ? `${effect}${by}` : 'refused', effect === 'allow' ? 'green' : 'red')
        if (say !== undefined) printer.line(`says: ${say}`)
        for (const each of linesOf(answer)) printer.line(each)
      } finally {
        await rehearsal.close()
      }
    })
}

function questionOf({ who, kind, subject, run, on, sql, at, ...client }: Options): Question {
  if (kind !== 'job' && kind !== 'person') throw new CliError('GS_CLI_USAGE', '--kind is job or person.')
  const now = at === undefined ? Date.now() : Date.parse(at)
  if (Number.isNaN(now)) throw new CliError('GS_CLI_USAGE', '--at is a moment such as 2026-12-01T06:00:00Z.')
  const facts = run.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)] as const)
  const unknown = facts.find(([name]) => !RUN_FACTS.includes(name))
  if (unknown) throw new CliError('GS_CLI_USAGE', `--run is one of ${RUN_FACTS.map((name) => `${name}=…`).join(', ')}.`)
  const { database, user, application } = client
  return {
    principal: { kind, issuer: who[0]?.split('/', 1)[0] ?? 'issuer', subject, groups: who },
    run: Object.fromEntries(facts),
    on,
    session: {
      ...(database !== undefined && { database }),
      ...(user !== undefined && { user }),
      ...(application !== undefined && { application }),
    },
    sql,
    now,
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause })
  }
}
