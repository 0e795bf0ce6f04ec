import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Ran, runCommand } from '../parts/command.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { type ModelRequest, type ModelServer, type Script, startModelServer } from '../parts/model-server.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { startTickets, type TicketsServer } from '../parts/tickets-server.ts'
import { EXAMPLES, type Framework, frameworkPython } from './python.ts'

/** What a job opens, all of it real but for the model. */
export interface Targets {
  readonly server: RunningPostgres
  /** With the token of an account that works in it; undefined where none was wanted. */
  readonly cluster: (RunningCluster & { readonly token: string }) | undefined
  readonly model: ModelServer
  readonly tickets: TicketsServer
  /** The environment that a deployment gives a job that opens them itself. */
  readonly environment: Readonly<Record<string, string>>
  /** For files of whoever uses them; removed by `stop`. */
  readonly folder: string
  /** Everything in the environment that is to stay where it is. */
  readonly secrets: readonly string[]
  /** Everything as it was at first. */
  refill(): Promise<void>
  stop(): Promise<void>
}

export const ROLE = 'shop_app'
export const PASSWORD = 'open-sesame-8c2e91'
export const DATABASE = 'shop'
export const EMAILS = ['grace@example.com', 'ada@example.com', 'linus@example.org']

const TABLES = `
  DROP TABLE IF EXISTS customers, orders, order_history, reports;
  CREATE TABLE customers (id int PRIMARY KEY, name text, email text);
  INSERT INTO customers VALUES (1, 'Grace', '${EMAILS[0]}'), (2, 'Ada', '${EMAILS[1]}'), (3, 'Linus', '${EMAILS[2]}');
  CREATE TABLE orders (id int PRIMARY KEY, customer int, item text, amount int, note text);
  INSERT INTO orders VALUES (1, 2, 'ink', 12, ''), (2, 1, 'tea', 30, ''), (3, 1, 'tea', 30, ''), (4, 3, 'pen', 7, '');
  CREATE TABLE order_history (id int, what text);
  INSERT INTO order_history VALUES (2, 'ordered'), (3, 'ordered');
  CREATE TABLE reports (text text);
  ALTER TABLE customers OWNER TO ${ROLE}; ALTER TABLE orders OWNER TO ${ROLE}; ALTER TABLE order_history OWNER TO ${ROLE};
  ALTER TABLE reports OWNER TO ${ROLE};`

/** @param options.cluster false: without Kubernetes */
export async function startTargets(options: { readonly cluster?: boolean } = {}): Promise<Targets> {
  const [server, cluster, model, tickets] = await Promise.all([
    startPostgres({ logStatements: true, hba: [`host all ${ROLE} 127.0.0.1/32 scram-sha-256`] }),
    options.cluster === false ? undefined : clusterWithPod(),
    startModelServer(() => {
      throw new Error('no story is told')
    }),
    startTickets(),
  ])
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-targets-'))
  await server.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`)
  await server.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`)
  const refill = async () => {
    await server.queryIn({ database: DATABASE, user: 'postgres' }, TABLES)
    await cluster?.kubectl(['label', 'pod', 'web', 'restarted-'])
    tickets.restore()
  }
  await refill()
  return {
    ...{ server, cluster, model, tickets, folder, refill },
    environment: {
      PGHOST: '127.0.0.1',
      PGPORT: String(server.port),
      PGDATABASE: DATABASE,
      PGUSER: ROLE,
      PGPASSWORD: PASSWORD,
      ...(cluster && { KUBECONFIG: cluster.kubeconfig({ token: cluster.token }) }),
      OPENAI_BASE_URL: `${model.url}/v1`,
      OPENAI_API_KEY: model.key,
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: model.key,
      TICKETS_MCP_URL: tickets.url,
      TICKETS_MCP_TOKEN: tickets.token,
    },
    secrets: [PASSWORD, model.key, tickets.token, ...(cluster ? [cluster.token] : [])],
    async stop() {
      await Promise.all([server.stop(), cluster?.stop(), model.close(), tickets.close()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function clusterWithPod(): Promise<NonNullable<Targets['cluster']>> {
  const cluster = await startCluster()
  const token = await cluster.serviceAccount('shop', [
    { verbs: ['get', 'list', 'watch', 'patch'], resources: ['pods'] },
    { verbs: ['get', 'create'], resources: ['pods/exec'] },
  ])
  await cluster.pod('web')
  return { ...cluster, token }
}

/** One message of a transcript, as the examples write it. */
export interface Said {
  readonly source: string
  readonly type: string
  readonly text: string
}

export interface ExampleRun extends Ran {
  readonly transcript: readonly Said[]
  /** SHA-256 of the script that ran, as it was afterwards. */
  readonly digest: string
  /** What the script was started with. */
  readonly environment: Readonly<Record<string, string>>
  /** Everything that was asked of the model meanwhile. */
  readonly asked: readonly ModelRequest[]
  /** What PostgreSQL wrote to its log meanwhile. */
  readonly log: string
}

/** How an example is started: what comes before the Python, and the environment. */
export interface Launch {
  readonly before?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Runs the example of a framework in a folder of its own, against the story of a model. */
export async function runExample(targets: Targets, framework: Framework, script: Script, launch: Launch): Promise<ExampleRun> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-example-'))
  try {
    cpSync(join(EXAMPLES, framework), folder, { recursive: true })
    const [name] = readdirSync(folder).filter((file) => file.endsWith('.py'))
    const file = join(folder, name!)
    const transcript = join(folder, 'transcript.jsonl')
    const environment = join(folder, 'environment')
    targets.model.script = script
    const [asked, logged] = [targets.model.received.length, targets.server.log().length]
    const recording = ['/bin/sh', '-c', 'env -0 >"$0"; exec "$@"', environment]
    const [command, ...words] = [...(launch.before ?? []), ...recording, frameworkPython(framework)!, file, '--transcript', transcript]
    const ran = await runJob(targets, [command!, ...words], launch.environment, folder)
    return {
      ...ran,
      transcript: existsSync(transcript) ? linesOf(readFileSync(transcript, 'utf8')) : [],
      digest: createHash('sha256').update(readFileSync(file)).digest('hex'),
      environment: existsSync(environment) ? variablesOf(readFileSync(environment, 'utf8')) : {},
      asked: targets.model.received.slice(asked),
      log: targets.server.log().slice(logged),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a command as a job runs it: with the kubectl of the cluster, and a home in which nothing is. */
export function runJob(
  { cluster }: Targets,
  [command, ...words]: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<Ran> {
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true })
  const PATH = [...(cluster ? [dirname(cluster.binaries.kubectl)] : []), process.env.PATH].join(delimiter)
  const env = { HOME: home, PATH, PYTHONDONTWRITEBYTECODE: '1', ...environment }
  return runCommand(command!, words, { cwd: folder, patience: 170_000, env })
}

function variablesOf(text: string): Record<string, string> {
  const pairs = text.split('\0').filter((line) => line !== '')
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

function linesOf(text: string): Said[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Said)
}
