import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { AskedOperation, askedRequest } from '../../../config/index.ts'
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
  readonly request?: string
  readonly header: readonly string[]
  readonly body?: string
  readonly upgrade?: string
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
    'Says of one statement or request what it is, what every rule says of it and why, and what the answer is; or, of an entry of the trail, what was decided then and what would be now.',
    [
      'gatescribe policy explain --who github/repo:acme/reports --on orders-db --sql "SELECT 1"',
      'gatescribe policy explain --who github/repo:acme/reports --on orders-db --schema schema.sql --sql "DELETE FROM shop.orders"',
      'gatescribe policy explain --who github/repo:acme/reports --on prod-cluster --request "DELETE /api/v1/namespaces/shop/pods/web-0"',
      `gatescribe policy explain --who github/repo:acme/reports --on openai --request "POST /chat/completions" --body '{"model":"gpt-4o","messages":[]}'`,
      'gatescribe policy explain --entry 4711',
      'gatescribe policy explain --entry 4711 --with new.yaml',
    ],
  )
    .option('--entry <entry>', 'an operation.intent of the trail, by index or id; that it is read is recorded')
    .option('--with <file>', 'with --entry: judge by this configuration rather than by what is in force')
    .option('--on <resource>', 'the resource')
    .option('--sql <text>', 'the statement')
    .option('--request <line>', 'the request: a method, a blank, a path with its query; of the proxy CONNECT host:port')
    .option('--header <name: value>', 'a header of the request; several times for several', several, [])
    .option('--body <text>', 'the body of the request')
    .option('--upgrade <protocol>', 'what the request would speak instead, such as websocket')
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
      const { on, sql, request } = options
      if (on === undefined || (sql === undefined) === (request === undefined) || candidate !== undefined) {
        throw new CliError('GS_CLI_USAGE', 'Say --on and --sql or --request, or --entry, where --with may stand too.')
      }
      const [{ configPath }, { askedRequest, loadConfig }, { gatewayRoom }, { PLANES }] = await Promise.all([
        import('../../reach.ts'),
        import('../../../config/index.ts'),
        import('../../gateway.ts'),
        import('../../../operations/index.ts'),
      ])
      const { config } = loadConfig(configPath(options, surroundings), surroundings.env)
      const taking = sql === undefined ? 'requests' : 'statements'
      const names = config.resources.flatMap(({ name, kind }) => (`${PLANES[kind].operation}s` === taking ? [name] : []))
      if (!names.includes(on)) {
        const why = `No resource that takes ${taking} is called ${on}; the configuration has ${names.join(', ') || 'none'}.`
        throw new CliError('GS_CLI_USAGE', why)
      }
      const asked = sql === undefined ? requestOf(options, askedRequest) : { sql }
      const question = questionOf({ ...options, on }, asked)
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
    const { who, kind, subject, run, on, sql, request, header, body, upgrade, schema, database, user, application, at, ...where } = options
    const asked = [on, sql, request, header[0], body, upgrade, schema, database, user, application, at, who[0], run[0]]
    if (asked.some((option) => option !== undefined)) {
      throw new CliError('GS_CLI_USAGE', 'With --entry, who asked what and where is what the trail says; leave the other options out.')
    }
    if (!REFERENCE.test(entry)) throw new CliError('GS_CLI_USAGE', '--entry is an index, such as 4711, or the id of an entry.')
    const { explainEntry } = await import('./explain-entry.ts')
    await explainEntry({ entry, ...where, ...(candidate !== undefined && { with: candidate }) }, shell)
  }
}

/** @param ask of the config room, which is loaded late */
function requestOf({ request = '', header, body, upgrade }: Options, ask: typeof askedRequest): AskedOperation {
  const headers = header.map((each) => [each.slice(0, each.indexOf(':')).trim(), each.slice(each.indexOf(':') + 1).trim()] as const)
  const asked = headers.every(([name]) => name !== '') ? ask(request, { headers: Object.fromEntries(headers), body, upgrade }) : undefined
  if (asked) return { request: asked }
  throw new CliError('GS_CLI_USAGE', '--request is a method, a blank and a path; --header is a name, a colon and a value.')
}

function questionOf({ who, kind, subject, run, on, at, ...client }: Options & { readonly on: string }, asked: AskedOperation): Question {
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
    ...asked,
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
