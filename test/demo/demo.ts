// npm run demo            what Gatescribe does, shown on real parts, in under 30 s; exit code 0 only if all is as told
// npm run demo -- --keep  leaves everything running afterwards and prints a psql line to try
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import '../parts/quiet-issuer.ts'
import { OWN } from '../../src/protocols/postgres/simple-query.ts'
import type { RunningGateway } from '../parts/gateway.ts'
import { ALLOW_ALL, JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import type { TestPeopleIssuer } from '../parts/people-issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import type { JobCredential } from '../parts/token-exchange.ts'
import { approve, startWithPeople } from './approver.ts'
import { ASKED_TO_DELETE, CLUSTER_RULES, type DemoCluster, NO_SHELLS, POD, startDemoCluster } from './cluster.ts'
import { JobProcess } from './job-process.ts'
import { DemoError, voice } from './voice.ts'

/** The role that only the gateway can log in as. */
const ROLE = 'orders_app'
const PASSWORD = 'a-password-that-no-job-ever-sees'
const BOUNDED: WrittenRule = {
  name: 'no-unbounded-writes',
  effect: 'deny',
  do: ['postgres.update', 'postgres.delete'],
  when: '!sql.bounded',
  say: 'Add a WHERE clause that limits the rows.',
}
const ASKED: WrittenRule = {
  name: 'deleting-needs-a-person',
  effect: 'ask',
  do: ['postgres.delete'],
  approvers: { groups: ['okta/on-call'] },
}
const MASK = { name: 'customer-contact', columns: ['orders.public.customers.email'], as: 'partial' }
const EMAIL = 'grace@example.com'
const QUESTION = 'SELECT item, sum(amount) AS sold FROM orders GROUP BY item ORDER BY item'

const { step, seen, check, say } = voice(process.stdout)
const closing: (() => Promise<unknown>)[] = []
const began = performance.now()

try {
  const { server, issuer, gateway, people, console: admin, cluster } = await startParts()
  const { credential, job, env } = await startJob(gateway)
  await read(job, server)
  await refuse(job, gateway, server)
  await ask(job, server, people, admin)
  await mask(job, gateway, server)
  await kill(job, gateway, server, credential)
  await showTrail(gateway, server)
  replay(gateway)
  await verify(gateway, credential)
  const used = cluster ? await kubectl(cluster, gateway, people, admin) : leftOut()
  await lookForSecrets(gateway, env, [PASSWORD, EMAIL, credential.password, credential.handle, ...used])
  say(`\n   As told, in ${((performance.now() - began) / 1_000).toFixed(1)} s.`)
  if (process.argv.includes('--keep')) await keep(gateway, issuer)
} catch (error) {
  console.error(error instanceof DemoError ? `\n${error.message}` : error)
  process.exitCode = 1
} finally {
  for (const close of closing.reverse()) await close()
}

interface Parts {
  readonly server: RunningPostgres
  readonly issuer: TestIssuer
  readonly gateway: RunningGateway
  readonly people: TestPeopleIssuer
  /** Where people sign in. */
  readonly console: string
  readonly cluster: DemoCluster | undefined
}

async function startParts(): Promise<Parts> {
  step('A PostgreSQL with orders in it, an OpenID Connect issuer as a CI has one, and the gateway. All real, all on 127.0.0.1.')
  const starting = startDemoCluster()
  starting.catch(() => undefined) // It is waited for below.
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
  const issuer = await startIssuer()
  closing.push(issuer.close)
  const target = { name: 'orders-db', server, user: ROLE, password: PASSWORD, databases: { orders: 'orders' } }
  const cluster = await starting
  if (cluster) closing.push(cluster.running.stop)
  const { gateway, people, console } = await startWithPeople(issuer, target, cluster?.configure)
  closing.push(people.close, gateway.remove)
  say(
    `PostgreSQL ${server.version} on port ${server.port}; the gateway on port ${gateway.port}, ready after ${Math.round(gateway.readyMs)} ms.`,
  )
  if (cluster)
    say(`A Kubernetes API server at ${cluster.running.url}, ready after ${Math.round(cluster.running.readyMs)} ms, with one pod.`)
  say(`One rule: ${JOB_GROUP} may use orders-db. Only the gateway knows the password of ${ROLE}.`)
  return { server, issuer, gateway, people, console, cluster }
}

async function startJob(gateway: RunningGateway): Promise<{ credential: JobCredential; job: JobProcess; env: Record<string, string> }> {
  step('A job starts. Its CI token is exchanged for a credential that is good for this run, at this gateway, for minutes.')
  const credential = await gateway.credential()
  const env = {
    PGHOST: '127.0.0.1',
    PGPORT: String(gateway.port),
    PGDATABASE: 'orders',
    PGUSER: credential.run,
    PGPASSWORD: credential.password,
    DATABASE_CA: gateway.ca,
  }
  seen(`PGUSER=${credential.run} PGPASSWORD=gs_pg_… PGHOST=${env.PGHOST} PGPORT=${env.PGPORT} PGDATABASE=${env.PGDATABASE}`)
  const [run] = await gateway.operator.runs()
  check(
    run?.id === credential.run,
    `the gateway knows the run: ${run?.facts.repository}, workflow "${run?.facts.workflow}", commit ${run?.facts.commit?.slice(0, 7)}`,
  )
  const job = new JobProcess(env)
  closing.push(() => job.end())
  return { credential, job, env }
}

async function read(job: JobProcess, server: RunningPostgres): Promise<void> {
  step('The job reads, with an ordinary client that knows nothing of a gateway.')
  seen(QUESTION)
  const answer = await job.ask(QUESTION)
  seen(answer)
  check(answer === 'got [{"item":"ink","sold":"2"},{"item":"tea","sold":"7"}]', 'it gets what PostgreSQL would have told it')
  check(
    server.log().includes(`${ROLE}@orders LOG:  statement: ${QUESTION}`),
    `PostgreSQL saw the same statement, from the gateway’s user ${ROLE}`,
  )
}

async function refuse(job: JobProcess, gateway: RunningGateway, server: RunningPostgres): Promise<void> {
  step('The owner adds two rules. The job’s session stays open; what one of them is against is refused, in PostgreSQL’s own form.')
  await gateway.reconfigure({ rules: [ALLOW_ALL, BOUNDED, ASKED] })
  say(`${BOUNDED.name}: deny ${BOUNDED.do.join(', ')} when ${BOUNDED.when}`)
  const refused = 'WITH old AS (DELETE FROM orders WHERE amount = amount RETURNING *) SELECT count(*) FROM old'
  seen(refused)
  const answer = await job.ask(refused)
  seen(answer)
  check(answer.startsWith('failed 42501') && answer.includes(BOUNDED.name), 'it is told the rule and what to do next')
  check(!server.log().includes(refused), 'PostgreSQL never saw the statement')
  const quoted = "SELECT count(*) AS orders, 'DELETE FROM orders' AS said FROM orders"
  seen(quoted)
  const again = await job.ask(quoted)
  seen(again)
  check(again === 'got [{"orders":"3","said":"DELETE FROM orders"}]', 'the same session goes on, and words in a string are words')
}

async function ask(job: JobProcess, server: RunningPostgres, people: TestPeopleIssuer, admin: string): Promise<void> {
  step('The other rule wants a person to be asked. The job’s statement waits; Ada, who is on call, signs in, looks at it and says yes.')
  say(`${ASKED.name}: ask on-call about ${ASKED.do.join(', ')}`)
  const asked = "DELETE FROM orders WHERE item = 'ink'"
  job.tell(asked)
  seen(asked)
  const notice = await job.hear()
  seen(notice)
  check(notice.startsWith('notice') && notice.includes(`${admin}/approvals/apr_`), 'the job is told at once where it can be approved')
  check(!server.log().includes(asked), 'PostgreSQL has not seen the statement')
  const card = await approve(admin, people, 'The order was cancelled by its customer.')
  check(
    card.includes('public.orders') && card.includes('DELETE FROM orders WHERE item = &#39;ink&#39;'),
    'she is shown what it does, and the exact statement',
  )
  const answer = await job.hear()
  seen(answer)
  check(answer === 'got []' && server.log().includes(asked), 'it runs, as it was, once')
}

async function mask(job: JobProcess, gateway: RunningGateway, server: RunningPostgres): Promise<void> {
  step('The owner masks what customers can be reached by. The job reads on, and sees something else in its place.')
  await gateway.reconfigure({ rules: [ALLOW_ALL, BOUNDED, ASKED], masks: [MASK] })
  say(`${MASK.name}: ${MASK.columns[0]} as ${MASK.as}`)
  for (const [text, value, why] of [
    ['SELECT name, email FROM customers', '****.com', 'of the address there is what the mask leaves'],
    ["SELECT name, 'mail ' || upper(email) AS email FROM customers", '[masked]', 'what is made of it is masked whole'],
  ] as const) {
    seen(text)
    const answer = await job.ask(text)
    seen(answer)
    check(answer === `got [{"name":"Grace","email":"${value}"}]`, why)
  }
  const guess = "SELECT name FROM customers WHERE email LIKE 'g%'"
  seen(guess)
  const answer = await job.ask(guess)
  seen(answer)
  check(
    answer.startsWith('failed 42501') && answer.includes(MASK.name) && !server.log().includes(guess),
    'nor is it told by asking about it',
  )
}

async function kill(job: JobProcess, gateway: RunningGateway, server: RunningPostgres, credential: JobCredential): Promise<void> {
  step('The job asks for something long, and its run is revoked meanwhile.')
  const long = "SELECT 'long' FROM pg_sleep(60)"
  job.tell(long)
  seen(long)
  while ((await busy(server)) === 0) await sleep(10)
  const revoked = performance.now()
  await gateway.operator.revokeRun(credential.run)
  const answer = await job.hear()
  while ((await busy(server)) > 0 && performance.now() - revoked < 5_000) await sleep(10)
  const took = performance.now() - revoked
  seen(answer)
  check(answer.startsWith('failed'), 'the job is cut off')
  check(took < 1_000, `and nothing of it runs in PostgreSQL any more, ${Math.round(took)} ms later`)
}

async function busy(server: RunningPostgres): Promise<number> {
  const [row] = await server.query(`SELECT count(*)::int AS busy FROM pg_stat_activity WHERE usename = $1 AND state = 'active'`, [ROLE])
  return row?.busy as number
}

async function showTrail(gateway: RunningGateway, server: RunningPostgres): Promise<void> {
  step('The trail has all of it. Each operation was on the disk before PostgreSQL got a byte of it.')
  await sleep(200) // Outcomes are written in batches of at most 100 ms.
  const entries = await readTrail(gateway.operator)
  for (const { kind, at } of entries.filter((entry) => /^(run|session|config|credential|signin|approval)/.test(entry.kind)))
    seen(`${at.slice(11, 23)}  ${kind}`)
  const operations = operationsOf(entries)
  for (const { number, effect, rules, status, statement } of operations)
    seen(`#${number} ${effect} by ${rules.join(', ')}, ${status}: ${statement}`)
  check(
    operations.length === 8 && operations.filter(({ effect }) => effect === 'deny').length === 2,
    'eight operations, two of them refused, one approved',
  )
  const logged = server
    .log()
    .split('\n')
    .flatMap((line) => line.split(`${ROLE}@orders LOG:  statement: `)[1] ?? [])
  const allowed = operations.filter(({ effect }) => effect !== 'deny').map(({ statement }) => statement)
  check(
    logged.length > 0 && logged.every((statement) => statement.startsWith(OWN) || allowed.includes(statement)),
    'every statement in PostgreSQL’s own log stands in the trail, or is the gateway’s own, which asked what names mean',
  )
  check(
    entries.some(({ kind }) => kind === 'run.revoked'),
    'and that the run was revoked',
  )
}

/** Everything but what would make it last: on a terminal it goes at the pace of the session. */
function replay(gateway: RunningGateway): void {
  step('Somebody on call looks at the session again, as the job saw it. That it was looked at is in the trail too.')
  const { sessions } = JSON.parse(command(gateway, 'sessions', 'ls', '--ended', '--json').said) as { sessions: [{ id: string }] }
  const replayed = command(gateway, 'replay', sessions[0].id)
  for (const line of replayed.said.split('\n')) seen(line)
  check(
    replayed.status === 0 && replayed.said.includes('****.com') && !replayed.said.includes(EMAIL),
    'the masked value, the refusals and the cut are there; the address is not, as nobody was shown it',
  )
}

function command(gateway: RunningGateway, ...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const program = join(import.meta.dirname, '../../bin/gatescribe.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args, '-c', gateway.configPath], { encoding: 'utf8' })
  if (status !== 0) throw new DemoError(`gatescribe ${args.join(' ')}: ${stderr}`)
  return { status, said: stdout.trim() }
}

/** What an auditor does, who has a verifier key from the platform team and trusts nothing else of ours. */
async function verify(gateway: RunningGateway, { run }: JobCredential): Promise<void> {
  step('Somebody who does not trust the gateway checks it, with a program that shares no code with it.')
  const [key] = (await gateway.operator.logKeys()).keys
  const receipt = join(gateway.folder, 'gatescribe-receipt.json')
  writeFileSync(receipt, await gateway.operator.receipt(run))
  const verified = verifier(key!.vkey, receipt)
  for (const line of verified.said) seen(line)
  check(verified.status === 0, 'the receipt of the run, which its CI keeps: the run began and ended in this log')

  const copy = join(gateway.folder, 'copy')
  cpSync(join(gateway.data, 'trail/log'), copy, { recursive: true })
  check(verifier(key!.vkey, copy).status === 0, 'the log itself, every entry of it')
  const [bundle] = readdirSync(join(copy, 'tile/entries/000.p'))
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => join(copy, 'tile/entries/000.p', name))
  const bytes = readFileSync(bundle!)
  const at = bytes.indexOf('"deny"')
  writeFileSync(bundle!, bytes.fill('"allow', at, at + 6))
  const changed = verifier(key!.vkey, copy)
  for (const line of changed.said.filter((line) => line.startsWith('FAIL'))) seen(line)
  check(
    changed.status === 12,
    'and where somebody makes an "allow" of the "deny" in a copy of it, it says which entry is not the one that was signed',
  )
}

function verifier(key: string, path: string): { readonly status: number | null; readonly said: readonly string[] } {
  const program = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
  const { status, stdout } = spawnSync(process.execPath, [program, '--key', key, path], { encoding: 'utf8' })
  return { status, said: stdout.trim().split('\n') }
}

/** @returns what must not be found anywhere */
async function kubectl(cluster: DemoCluster, gateway: RunningGateway, people: TestPeopleIssuer, admin: string): Promise<readonly string[]> {
  step('The same for a cluster. Another job has kubectl, and a kubeconfig that names the gateway; only the gateway may open the cluster.')
  await gateway.reconfigure({ rules: [...CLUSTER_RULES], masks: [] })
  for (const { name, effect, do: does, when } of CLUSTER_RULES) say(`${name}: ${effect} ${does?.join(', ')}${when ? ` when ${when}` : ''}`)
  const job = await cluster.job(gateway)
  const ran = async (...words: readonly string[]) => {
    seen(`$ kubectl ${words.join(' ')}`)
    const { status, stdout, stderr } = await job.kubectl(...words)
    for (const line of (stdout + stderr).trim().split('\n')) seen(line)
    return { status, said: stdout + stderr }
  }
  const saw = (verb: string, subresource?: string) =>
    cluster.running
      .audit()
      .filter(({ verb: other, objectRef }) => other === verb && objectRef?.name === POD && objectRef.subresource === subresource)

  const pods = await ran('get', 'pods')
  check(pods.status === 0 && pods.said.includes(POD), 'it lists pods, as it would without a gateway')
  const shell = await ran('exec', POD, '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')
  check(
    shell.status !== 0 && shell.said.includes(NO_SHELLS.name),
    'a command in a pod is refused, and kubectl says by which rule and what to do instead',
  )
  check(saw('create', 'exec').length === 0 && saw('get', 'exec').length === 0, 'the API server never heard of it')

  const deleting = ran('delete', 'pod', POD)
  while ((await gateway.operator.approvals({ state: 'pending' })).approvals.length === 0) await sleep(20)
  check(saw('delete').length === 0, `deleting it waits for a person (${ASKED_TO_DELETE.name}); the API server has not heard of it`)
  const card = await approve(admin, people, 'It hangs.')
  check(card.includes(`/api/v1/namespaces/default/pods/${POD}`), 'Ada is shown the exact request, and says yes')
  const { status } = await deleting
  const [deleted, ...more] = saw('delete')
  check(
    status === 0 && deleted?.user.username === 'system:serviceaccount:default:gatescribe' && more.length === 0,
    'it is deleted, once, with the gateway’s own account',
  )
  return [cluster.token, job.credential]
}

function leftOut(): readonly string[] {
  step('Left out: the same for a cluster, as no API server was built here.')
  say(
    'With Go ≥ 1.26, test/kubernetes/parts/build.sh builds one from Go modules, and kubectl; then a job here lists pods, is refused a command in',
  )
  say('one of them, and waits for a person before it deletes it.')
  return []
}

async function lookForSecrets(gateway: RunningGateway, env: Record<string, string>, secrets: readonly string[]): Promise<void> {
  step('No secret is where it should not be.')
  check(!JSON.stringify(env).includes(PASSWORD), 'the database’s password was not in the job’s environment')
  const files = readdirSync(gateway.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = Buffer.concat([...files.map((file) => readFileSync(join(file.parentPath, file.name))), Buffer.from(gateway.log())])
  check(
    secrets.every((secret) => !bytes.includes(secret)),
    `neither it nor the job’s credential is in ${files.length} files of the gateway or in its log`,
  )
}

async function keep(gateway: RunningGateway, issuer: TestIssuer): Promise<void> {
  step('Everything stays. Try it, and end it with Ctrl-C:')
  const ca = join(gateway.folder, 'ca.pem')
  writeFileSync(ca, gateway.ca)
  const { run, password } = await gateway.credential()
  say(
    `PGPASSWORD=${password} psql "host=localhost hostaddr=127.0.0.1 port=${gateway.port} user=${run} dbname=orders sslmode=verify-full sslrootcert=${ca}"`,
  )
  say(`bin/gatescribe.js trail tail -c ${gateway.configPath}`)
  say(`(tokens come from ${issuer.url})`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
