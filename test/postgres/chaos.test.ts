import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import * as build from '../../src/protocols/postgres/wire/build.ts'
import type { OperationRow, OutcomeRow } from '../../src/trail/index.ts'
import { ALLOW_ALL, DENY_ALL } from '../parts/gateway-config.ts'
import { sendRawCancel } from '../parts/raw-postgres.ts'
import { readTrail } from '../parts/recorded.ts'
import { seeded } from '../parts/seeded.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../parts/shop.ts'
import { durationOr, patience, seedOr, shown } from '../parts/soak.ts'

const SEED = seedOr(20_261_124)
const CLIENTS = 12
/** The gateway may look at a configuration that is just being written; it stays with the one it has. */
const HALF_WRITTEN = 'GS_CONFIG_SYNTAX'
const MS = durationOr(3_000)
const STATUSES = ['completed', 'failed', 'refused', 'skipped', 'cancelled', 'aborted']

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, 'CREATE TABLE stock (id int PRIMARY KEY, name text)')
  await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, `ALTER TABLE stock OWNER TO ${SHOP_ROLE}`)
})
afterAll(() => shop?.close())

type Wire = { connection: { stream: Socket }; processID: number; secretKey: number }

/** What clients send, most of it wrong somewhere. Each begins and ends outside of any other. */
function bursts(random: () => number): Buffer[] {
  const id = Math.floor(random() * 1e9)
  const run = (text: string, portal = '') => [
    build.parse('', text),
    build.bind(portal, ''),
    build.describe('P', portal),
    build.execute(portal),
  ]
  const insert = `INSERT INTO stock VALUES (${id}, 'x')`
  const rows = (text: string) => build.copyData(Buffer.from(text))
  return [
    [build.query(insert)],
    [build.query(`BEGIN; ${insert}; SELECT 1/0; COMMIT`), build.query('ROLLBACK')],
    [...run(insert), build.sync()],
    [...run('SELECT 1'), ...run('SELECT 1/0'), ...run(insert), build.sync()],
    [...run('SELECT generate_series(1, 500)', 'p'), build.execute('p', 3), build.close('P', 'p'), build.sync()],
    [
      build.parse('s', 'SELECT $1::int'),
      build.sync(),
      ...['1', 'no', '2'].flatMap((one) => [build.bind('', 's', [one]), build.execute(''), build.sync()]),
    ],
    [build.close('S', 's'), build.sync(), build.bind('', 's', ['1']), build.execute(''), build.sync()],
    [build.query('COPY stock FROM STDIN'), rows(`${id}\ty\n`), build.copyDone(), build.query('SELECT 2')],
    [build.query('COPY stock FROM STDIN'), rows('no\ty\n'), build.copyDone(), build.query('SELECT 3')],
    [build.query('COPY stock FROM STDIN'), rows(`${id}\ty\n`), build.copyFail('enough')],
    [...run('COPY stock FROM STDIN'), rows(`${id}\tz\n`), build.copyDone(), build.sync()],
    [build.query('COPY (SELECT generate_series(1, 2000)) TO STDOUT')],
    [build.query('SELECT pg_sleep(0.05)'), build.query('SELECT 4')],
    [build.query("SELECT repeat('x', 300000) FROM generate_series(1, 20)")],
    [build.query('')],
    [build.message('F'.charCodeAt(0), Buffer.alloc(10))],
    [
      ...run('BEGIN'),
      build.sync(),
      ...run('SAVEPOINT a'),
      build.sync(),
      ...run('SELECT x'),
      build.sync(),
      ...run('ROLLBACK TO a'),
      build.sync(),
      ...run('COMMIT'),
      build.sync(),
    ],
    Array.from({ length: 60 }, (_, n) => run(`SELECT ${n}`))
      .flat()
      .concat(build.sync()),
    [build.query('LISTEN here; NOTIFY here'), build.query('DISCARD ALL')],
  ].map((messages) => Buffer.concat(messages))
}

/** How a session ends; undefined lets it go on. */
const ENDINGS = ['terminate', 'reset', 'half-close', 'kill', 'backend', 'garbage', 'glued', 'revoke'] as const

/** One client after another, until the time is over. */
async function chaos(random: () => number, until: number): Promise<void> {
  let job = await shop.gateway.credential()
  let revocations = 0
  while (performance.now() < until) {
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    try {
      await client.connect()
    } catch {
      // Denied at this moment: recorded as such.
      continue
    }
    const {
      connection: { stream },
      processID,
      secretKey,
    } = client as unknown as Wire
    stream.removeAllListeners('data')
    stream.on('data', () => undefined)
    stream.on('error', () => undefined)
    const key = Buffer.alloc(4)
    key.writeInt32BE(secretKey)
    const send = (bytes: Buffer) => void (stream.writable && stream.write(bytes))
    const all = bursts(random)
    const steps = Math.floor(random() * 12)
    for (let step = 0; step < steps && !stream.destroyed; step += 1) {
      const burst = all[Math.floor(random() * all.length)]!
      if (random() < 0.15) for (let at = 0; at < burst.length; at += 7) send(burst.subarray(at, at + 7))
      else send(burst)
      if (random() < 0.2) await sendRawCancel(shop.gateway.port, processID, key)
      if (random() < 0.05) stream.pause()
      if (random() < 0.5) await sleep(random() * 15)
    }
    let ending = ENDINGS[Math.floor(random() * ENDINGS.length)]!
    if (ending === 'revoke' && ++revocations > 3) ending = 'kill'
    await end(ending, stream, job.run, processID, all[0]!)
    stream.resume()
    for (let waited = 0; !stream.closed && waited < 200; waited += 1) await sleep(5)
    stream.destroy()
    // The token door lets one address have a few tokens per second.
    if (ending === 'revoke') job = await shop.gateway.credential()
  }
}

async function end(how: (typeof ENDINGS)[number], stream: Socket, run: string, backend: number, last: Buffer): Promise<void> {
  const { operator } = shop.gateway
  if (how === 'terminate') stream.write(build.terminate())
  else if (how === 'reset') stream.resetAndDestroy()
  else if (how === 'half-close') stream.end(last)
  else if (how === 'garbage') stream.write(Buffer.concat([last, Buffer.from('\xff\xff\xff\xff\xff nonsense', 'latin1')]))
  else if (how === 'glued') stream.write(Buffer.concat([last, build.terminate(), last]))
  else if (how === 'backend') await shop.server.query('SELECT pg_terminate_backend($1)', [backend])
  else if (how === 'revoke') await operator.revokeRun(run)
  else
    for (const session of await operator.sessions()) if (session.run === run) await operator.killSession(session.id).catch(() => undefined)
}

/** What is wrong with a trail as a record of whole sessions: nothing, in order. */
function faults(entries: readonly EntryAnswer[]): string[] {
  const found: string[] = []
  const sessions = new Map<string, { closed: boolean; last: number; open: Set<number>; refused: number }>()
  for (const { kind, fields } of entries) {
    const name = String(fields.session)
    const session = sessions.get(name)
    if (kind === 'gap') found.push(`gap ${JSON.stringify(fields)}`)
    if (kind === 'session.open') {
      if (session) found.push(`${name} opened twice`)
      sessions.set(name, { closed: false, last: 0, open: new Set(), refused: 0 })
    } else if (kind === 'operation.intent') {
      for (const [number] of (fields as unknown as { ops: OperationRow[] }).ops) {
        if (!session || session.closed) found.push(`${name}: operation ${number} outside its session`)
        else {
          if (number !== session.last + 1) found.push(`${name}: operation ${number} after ${session.last}`)
          session.last = number
          session.open.add(number)
        }
      }
    } else if (kind === 'operation.outcome') {
      for (const [number, status] of (fields as unknown as { outcomes: OutcomeRow[] }).outcomes) {
        if (!session?.open.delete(number)) found.push(`${name}: outcome ${status} of ${number} without an open intent`)
        if (session && status === 'refused') session.refused += 1
        if (session?.closed) found.push(`${name}: outcome of ${number} after its close`)
      }
    } else if (kind === 'session.close') {
      if (!session || session.closed) found.push(`${name} closed without being open`)
      else {
        session.closed = true
        const { allowed = 0, refused = 0, reason } = fields as { allowed?: number; refused?: number; reason?: string }
        if (session.open.size > 0) found.push(`${name}: closed with ${session.open.size} open operations`)
        if (reason !== 'unknown' && (refused !== session.refused || allowed + refused !== session.last))
          found.push(`${name}: ${allowed} + ${refused} of ${session.last}, ${session.refused} refused`)
      }
    }
  }
  for (const [name, { closed }] of sessions) if (!closed) found.push(`${name} never closed`)
  return found
}

it('whatever clients, operators and targets do: each intent ends once, counters have no hole, sessions open and close', {
  timeout: patience(120_000 + MS),
}, async () => {
  let entries: EntryAnswer[] = []
  let statuses: string[] = []
  // On a busy machine less is done in that time: until the workload is what it claims to be.
  for (let round = 0; round < 6 && !STATUSES.every((status) => statuses.includes(status)); round += 1) {
    const until = performance.now() + MS
    const reloads = (async () => {
      for (let denied = true; performance.now() < until; denied = !denied) {
        await sleep(denied ? 200 : 60)
        await shop.gateway.reconfigure({ rules: denied ? [DENY_ALL, ALLOW_ALL] : [ALLOW_ALL] })
      }
      await shop.gateway.reconfigure({ rules: [ALLOW_ALL] })
    })()
    await Promise.all([reloads, ...Array.from({ length: CLIENTS }, (_, client) => chaos(seeded(SEED + 100 * round + client), until))])
    await expect.poll(() => shop.gateway.operator.sessions()).toEqual([])
    await expect.poll(() => shop.server.query('SELECT pid FROM pg_stat_activity WHERE usename = $1', [SHOP_ROLE])).toEqual([])
    // Outcomes are batched: what is open yet may be told of a moment later, and nothing that is wrong becomes right by what is told later.
    await expect
      .poll(
        async () => {
          entries = await readTrail(shop.gateway.operator)
          return faults(entries)
        },
        { message: `seed ${SEED}` },
      )
      .toEqual([])
    statuses = entries.flatMap(({ kind, fields }) =>
      kind === 'operation.outcome' ? (fields as unknown as { outcomes: OutcomeRow[] }).outcomes.map(([, status]) => status) : [],
    )
  }
  const opened = entries.filter(({ kind }) => kind === 'session.open').length
  shown('test/postgres/chaos.test.ts', { sessions: opened, operations: statuses.length, faults: 0 })
  expect(statuses).toEqual(expect.arrayContaining(STATUSES))
  const complaints = shop.gateway
    .log()
    .split('"msg":"ready"')[1]!
    .split('\n')
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line) && !line.includes(HALF_WRITTEN))
  expect(complaints).toEqual([])

  // And when it is killed in the middle of all this.
  const more = Promise.allSettled(Array.from({ length: CLIENTS }, (_, client) => chaos(seeded(SEED - 1 - client), performance.now() + 400)))
  await sleep(250)
  await shop.gateway.kill9()
  await more
  shop.gateway = await shop.gateway.again()
  expect(faults(await readTrail(shop.gateway.operator)), `seed ${SEED}, killed`).toEqual([])
})
