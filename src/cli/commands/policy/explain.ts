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
  readonly on?: string
  readonly sql?: string
  readonly entry?: string
  readonly with?: string
  readonly schema?: string
  readonly database?: string
  readonly user?: string
  readonly application?: string
  readonly at?: string
  readonly json?: true
}

const RUN_FACTS = ['repository', 'workflow', 'commit', 'attempt', 'launcher', 'url']
const REFERENCE = /^\d{1,15}$|^[A-Za-z0-9_-]{1,64}\.\d{1,15}$/
const several = (value: string, before: readonly string[]) => [...before, value]

export function policyExplainCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'explain',
    'Says of one statement what it is, what every rule says of it and why, and what the answer is; or, of an entry of the trail, what was decided then and what would be now.',
    [
      'gatescribe policy explain --who github/repo:acme/reports --on orders-db --sql "SELECT 1"',
      'gatescribe policy explain --who github/repo:acme/reports --on orders-db --schema schema.sql --sql "DELETE FROM shop.orders"',
      'gatescribe policy explain --entry 4711',
      'gatescribe policy explain --entry 4711 --with new.yaml',
    ],
  )
    .option('--entry <entry>', 'an operation.intent of the trail, by index or id; that it is read is recorded')
    .option('--with <file>', 'with --entry: judge by this configuration rather than by what is in force')
    .option('--on <resource>', 'the resource')
    .option('--sql <text>', 'the statement')
    .option('--who <group>', 'a group of who asks, as issuer/name; several times for several groups', several, [])
    .option('--kind <kind>', 'job or person', 'job')
    .option('--subject <subject>', 'the subject of who asks', 'somebody')
    .option('--run <fact=value>', `a fact of the run (${RUN_FACTS.join(', ')}); several times for several`, several, [])
    .option('--schema <file>', 'CREATE statements that describe the database, as pg_dump --schema-only prints them')
    .option('--database <name>', 'the database that the client named')
    .option('--user <name>', 'the user that the client named')
    .option('--application <name>', 'application_name')
    .option('--at <moment>', 'when it is asked, such as 2026-12-01T06:00:00Z (default: now)')
    .action(async ({ entry, with: candidate, ...options }: Options) => {
      if (entry !== undefined) return explainRecorded(entry, candidate, options)
      const { on, sql } = options
      if (on === undefined || sql === undefined || candidate !== undefined) {
        throw new CliError('GS_CLI_USAGE', 'Say --on and --sql, or --entry, where --with may stand too.')
      }
      const [{ configPath }, { loadConfig }, { gatewayRoom }] = await Promise.all([
        import('../../reach.ts'),
        import('../../../config/index.ts'),
        import('../../gateway.ts'),
      ])
      const { config } = loadConfig(configPath(options, surroundings), surroundings.env)
      const names = config.resources.flatMap(({ name, kind }) => (kind === 'postgres' ? [name] : []))
      if (!names.includes(on)) {
        throw new CliError('GS_CLI_USAGE', `No PostgreSQL resource is called ${on}; the configuration has ${names.join(', ') || 'none'}.`)
      }
      const question = questionOf({ ...options, on, sql })
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

  async function explainRecorded(entry: string, candidate: string | undefined, options: Options): Promise<void> {
    const { who, kind, subject, run, on, sql, schema, database, user, application, at, ...where } = options
    const asked = [on, sql, schema, database, user, application, at, who[0], run[0]]
    if (asked.some((option) => option !== undefined)) {
      throw new CliError('GS_CLI_USAGE', 'With --entry, who asked what and where is what the trail says; leave the other options out.')
    }
    if (!REFERENCE.test(entry)) throw new CliError('GS_CLI_USAGE', '--entry is an index, such as 4711, or the id of an entry.')
    const { explainEntry } = await import('./explain-entry.ts')
    await explainEntry({ entry, ...where, ...(candidate !== undefined && { with: candidate }) }, shell)
  }
}

function questionOf({
  who,
  kind,
  subject,
  run,
  on,
  sql,
  at,
  ...client
}: Options & { readonly on: string; readonly sql: string }): Question {
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
