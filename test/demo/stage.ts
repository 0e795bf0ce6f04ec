import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { builtCommand } from '../parts/built.ts'
import type { RunningGateway } from '../parts/gateway.ts'
import { AUDIENCE, JOB_GROUP, type WrittenConfig } from '../parts/gateway-config.ts'
import { type GitHubMinting, startGitHubMinting } from '../parts/github-minting.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type ModelServer, startModelServer } from '../parts/model-server.ts'
import type { TestPeopleIssuer } from '../parts/people-issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { startWithPeople } from './approver.ts'
import { type DemoCluster, startDemoCluster } from './cluster.ts'
import { JobProcess } from './job-process.ts'
import { firstRules } from './rules.ts'
import { check, say, seen, step } from './told.ts'

/** The role that only the gateway can log in as. */
export const ROLE = 'orders_app'
export const PASSWORD = 'a-password-that-no-job-ever-sees'
export const EMAIL = 'grace@example.com'
/** What the model says of anything. */
export const OPINION = 'Tea sells best. Write to Grace.'

/** Everything that the demo is played with. */
export interface Stage {
  readonly server: RunningPostgres
  readonly issuer: TestIssuer
  readonly github: GitHubMinting
  readonly model: ModelServer
  readonly gateway: RunningGateway
  readonly people: TestPeopleIssuer
  /** Where people sign in. */
  readonly console: string
  readonly cluster: DemoCluster | undefined
  /** `gatescribe`, as it is published. */
  readonly command: string
}

/** @param closing is told what has to be stopped, in the order in which it was started */
export async function setStage(closing: (() => Promise<unknown>)[]): Promise<Stage> {
  step('A PostgreSQL with orders in it, a stand-in for a provider of models, an issuer as a CI has one, and the gateway. All on 127.0.0.1.')
  const starting = startDemoCluster()
  const building = builtCommand()
  for (const promise of [starting, building]) promise.catch(() => undefined) // They are waited for below.
  const server = await startPostgres({ logStatements: true, hba: [`host all ${ROLE} 127.0.0.1/32 scram-sha-256`] })
  closing.push(server.stop)
  await server.query('CREATE DATABASE orders')
  await server.queryIn(
    { database: 'orders', user: 'postgres' },
    `
    CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}';
    CREATE TABLE orders (item text, amount integer);
    INSERT INTO orders VALUES ('tea', 3), ('tea', 4), ('ink', 2);
    CREATE TABLE customers (name text, email text);
    INSERT INTO customers VALUES ('Grace', '${EMAIL}');
    GRANT SELECT, DELETE ON orders TO ${ROLE};
    GRANT SELECT ON customers TO ${ROLE};`,
  )
  const model = await startModelServer(() => ({ text: OPINION }))
  closing.push(model.close)
  const issuer = await startIssuer()
  closing.push(issuer.close)
  const github = await startGitHubMinting(issuer)
  closing.push(github.close)
  const target = { name: 'orders-db', server, user: ROLE, password: PASSWORD, databases: { orders: 'orders' } }
  closing.push(async () => (await starting.catch(() => undefined))?.running.stop())
  const { gateway, people, console } = await startWithPeople(issuer, target, (config) => {
    config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
    config.resources.push(writtenModel(server.folder, model))
    config.rules = [...firstRules(false)]
  })
  closing.push(people.close, gateway.remove)
  const cluster = await starting
  if (cluster) await gateway.reconfigure({ resources: [...gateway.config.resources, cluster.resource], rules: [...firstRules(true)] })
  say(`PostgreSQL ${server.version} on port ${server.port}; the gateway ready after ${Math.round(gateway.readyMs)} ms.`)
  if (cluster)
    say(`A Kubernetes API server at ${cluster.running.url}, ready after ${Math.round(cluster.running.readyMs)} ms, with one pod.`)
  say(
    `First rules: ${JOB_GROUP} may use orders-db${cluster ? ', look at pods' : ''} and ask a small model. Only the gateway knows the password of ${ROLE}, and the key of the provider.`,
  )
  writeFileSync(join(gateway.folder, 'gatescribe-ca.pem'), gateway.ca)
  return { server, issuer, github, model, gateway, people, console, cluster, command: await building }
}

function writtenModel(folder: string, model: ModelServer): WrittenConfig['resources'][number] {
  const key = join(folder, 'model-key')
  writeFileSync(key, model.key, { mode: 0o600 })
  return { name: 'openai', kind: 'model', api: 'openai', address: `${model.url}/v1`, credentials: [{ as: 'key', apiKey: `file:${key}` }] }
}

/** What a job got from `gatescribe run`. */
export interface StartedJob {
  readonly run: string
  readonly job: JobProcess
  readonly receipt: string
  /** Its whole environment. */
  readonly environment: Readonly<Record<string, string>>
}

/** Starts a job as a step of its CI does. The step still has the variables of a job that opened everything itself. @param number of the job in the demo */
export async function startJob({ gateway, github, command, cluster, model }: Stage, number: number): Promise<StartedJob> {
  const receipt = join(gateway.folder, `gatescribe-receipt-${number}.json`)
  const step = {
    ...github.step(),
    PATH: [...(cluster ? [cluster.programs] : []), process.env.PATH].join(delimiter),
    HOME: gateway.folder,
    GATESCRIBE_GATEWAY: `https://localhost:${gateway.tokenPort}`,
    GATESCRIBE_CA: join(gateway.folder, 'gatescribe-ca.pem'),
    GATESCRIBE_AUDIENCE: AUDIENCE,
    ...{ PGDATABASE: 'orders', PGPASSWORD: PASSWORD, OPENAI_API_KEY: model.key },
  }
  const job = new JobProcess(command, ['--receipt', receipt], step)
  const { said } = await job.run('env -0')
  const pairs = said.split('\0').filter((line) => line !== '')
  const environment = Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  const run = environment.GATESCRIBE_RUN ?? ''
  seen(`$ gatescribe run -- node job.ts`)
  for (const name of ['PGHOST', 'PGPASSWORD', 'OPENAI_BASE_URL', 'OPENAI_API_KEY', ...(cluster ? ['KUBECONFIG'] : [])])
    seen(`${name}=${(environment[name] ?? '').replace(/^(gs_\w+?_).*/, '$1…')}`)
  const known = (await gateway.operator.runs()).find(({ id }) => id === run)
  check(
    known !== undefined,
    `the gateway knows the run: ${known?.facts.repository}, workflow "${known?.facts.workflow}", commit ${known?.facts.commit?.slice(0, 7)}`,
  )
  return { run, job, receipt, environment }
}
