// Side by side, in one run on one machine: PostgreSQL reached directly, through PgBouncer, through a relay that does
// the least one could do, and through the gateway. The contenders take turns in every round and the median counts, so
// that what else the machine does meets all of them. What may be compared are the ratios, not the rates.
//
//   npm run bench -- [--seconds 3] [--rounds 3] [--only prepared] [--out bench/results/postgres.json]
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { DETECTORS } from '../../src/masking/index.ts'
import { type RunningPostgres, startPostgres } from '../../test/parts/postgres.ts'
import { debianPostgres } from '../../test/parts/postgres-binaries.ts'
import { found } from '../../test/parts/require.ts'
import type { Contender } from '../parts/contender.ts'
import { FIFTY_RULES } from '../parts/fifty-rules.ts'
import { type Governed, startGatewayContender } from '../parts/gateway.ts'
import { type Summary, summarise } from '../parts/measurement.ts'
import { startMinimalRelay } from '../parts/minimal-relay.ts'
import { overviewOf, type WorkResult } from '../parts/overview.ts'
import { startPgBouncer } from '../parts/pgbouncer.ts'
import { inRounds } from '../parts/rounds.ts'
import { runClient } from '../parts/run-client.ts'
import { tableOf } from '../parts/table.ts'
import { ACCOUNTS, type Work, works } from './works.ts'

const ROLE = 'bench'
const DATABASE = 'bench'
const RULED = 'Gatescribe, 50 rules'
const MASKED = 'Gatescribe, two columns masked'
const DETECTING = 'Gatescribe, all detectors'
const MASKING: readonly Governed[] = [
  {
    name: MASKED,
    masks: [{ name: 'contact', columns: [`${DATABASE}.public.contacts.email`, `${DATABASE}.public.contacts.phone`], as: 'partial' }],
  },
  { name: DETECTING, masks: [{ name: 'anything', detect: [...DETECTORS], as: 'redact' }] },
]
/** A million people that do not exist, with what a support desk notes of them. */
const CONTACTS = `CREATE UNLOGGED TABLE contacts AS SELECT n AS id, 'Name ' || md5(n::text) AS name, 'user' || n || '@mail' || n % 97 || '.example.org' AS email,
  '+49 30 ' || 1000000 + n AS phone, 'Called on ' || date '2026-01-01' + (n % 300)::int || ' about order ' || n * 7 || ', wants it sent on' AS note
  FROM generate_series(1, ${ACCOUNTS}) n`

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/postgres.json') },
  },
})

for (const program of ['pgbench', 'psql']) {
  if (!found(program)) {
    console.error(`npm run bench needs ${program} (Debian: postgresql-15, postgresql-client)`)
    process.exit(69) // EX_UNAVAILABLE of sysexits.h
  }
}

const folder = mkdtempSync(join(tmpdir(), 'gatescribe-bench-'))
const server = await startBenchServer()
const contenders = await startContenders(server)
try {
  const direct = contenders[0] as Contender
  await fill(direct)
  const bench = { serverPid: server.pid, seconds: Number(options.seconds), folder, ...sizes() }
  const results: WorkResult[] = []
  for (const work of works(bench)) {
    if (!work.title.includes(options.only)) continue
    const summaries = await measure(work, takingPart(work), Number(options.rounds))
    results.push({ title: work.title, unit: work.unit, summaries })
    console.log(tableOf(work.title, work.unit, summaries, ['PgBouncer', 'direct']))
  }
  mkdirSync(dirname(options.out), { recursive: true })
  writeFileSync(
    options.out,
    `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), options: { seconds: bench.seconds, rounds: Number(options.rounds) }, results }, null, 2)}\n`,
  )
  for (const subject of ['Gatescribe', RULED, MASKED, DETECTING])
    console.log(overviewOf(results, subject, ['PgBouncer', 'minimal relay (C)', 'direct']))
  console.log(`written to ${options.out}`)
} finally {
  for (const contender of contenders.reverse()) await contender.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** Debian's server where it is installed, because pgbench and the published figures are of it; else the packaged one. */
function startBenchServer(): Promise<RunningPostgres> {
  return startPostgres({
    ...(debianPostgres(15) ? { version: 15 } : {}),
    tls: true,
    settings: { shared_buffers: '512MB', max_connections: 300, autovacuum: 'off', max_wal_size: '4GB' },
  })
}

async function startContenders(server: RunningPostgres): Promise<Contender[]> {
  await server.query(`CREATE ROLE ${ROLE} LOGIN SUPERUSER`)
  await server.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`)
  const started: Contender[] = []
  const add = (name: string, contender: Contender | undefined) => {
    if (contender) started.push(contender)
    else console.log(`${name} is not here: left out`)
  }
  for (const encrypted of [false, true]) {
    add('direct', { name: 'direct', encrypted, port: server.port, user: ROLE, database: DATABASE, pids: [], stop: async () => undefined })
    add('PgBouncer', await startPgBouncer(server, ROLE, DATABASE, encrypted))
    if (!encrypted) add('a C compiler for the minimal relay', await startMinimalRelay(server, ROLE, DATABASE))
    add('Gatescribe', await startGatewayContender(server, ROLE, DATABASE, encrypted))
    if (!encrypted) add(RULED, await startGatewayContender(server, ROLE, DATABASE, encrypted, { name: RULED, rules: FIFTY_RULES }))
  }
  for (const governed of MASKING) add(governed.name ?? '', await startGatewayContender(server, ROLE, DATABASE, false, governed))
  return started
}

async function fill(direct: Contender): Promise<void> {
  await runClient('pgbench', ['-i', '-q', '-s', String(ACCOUNTS / 100_000)], direct, server.pid)
  await runClient(
    'psql',
    [
      ...['-Xqc', 'CREATE UNLOGGED TABLE copied (LIKE pgbench_accounts)', '-c', `\\copy pgbench_accounts to '${join(folder, 'accounts')}'`],
      ...['-c', CONTACTS, '-c', `\\copy contacts to '${join(folder, 'contacts')}'`],
    ],
    direct,
    server.pid,
  )
}

function sizes() {
  const bytes = (name: string) => statSync(join(folder, name)).size
  return { accountBytes: bytes('accounts'), contactBytes: bytes('contacts') }
}

/** Who masks does the work of the one that does not, but for results that there is something to mask in. */
function takingPart({ encrypted, personal }: Work): Contender[] {
  return contenders.filter(
    (contender) => contender.encrypted === encrypted && (personal || !MASKING.some(({ name }) => name === contender.name)),
  )
}

async function measure(work: Work, taking: readonly Contender[], rounds: number): Promise<Summary[]> {
  const samples = await inRounds(taking, rounds, (contender) => work.sample(contender))
  return [...samples].map(([{ name }, taken]) => summarise(name, taken))
}

function machine(): Record<string, string | number> {
  return { processors: cpus().length, model: cpus()[0]?.model ?? '', node: process.version, postgres: server.version }
}
