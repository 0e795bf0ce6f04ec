import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PostgresEvent } from '../../src/recording/index.ts'
import type { WrittenRule } from '../parts/gateway-config.ts'
import { ALLOW_EVERYTHING } from '../parts/gateway-config.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { eventsOf, recordingOf, sessionsOf } from '../parts/recordings.ts'
import { found, needs } from '../parts/require.ts'
import { openShop, type Shop } from '../parts/shop.ts'
import { shownBy, shownOf } from '../parts/shown.ts'
import { startTap, type Tap } from '../parts/tap.ts'

const NO_DELETE: WrittenRule = { name: 'nothing-goes', effect: 'deny', do: ['postgres.delete'], say: 'Ask the owner.' }

let shop: Shop
let tap: Tap
beforeAll(async () => {
  shop = await openShop({ gateway: { adjust: (config) => (config.rules = [ALLOW_EVERYTHING, NO_DELETE]) } })
}, 60_000)
afterAll(() => shop?.close())
beforeEach(async () => {
  tap = await startTap({ host: '127.0.0.1', port: shop.gateway.port })
})
afterEach(() => tap.close())

async function closed(): Promise<number> {
  return (await readTrail(shop.gateway.operator)).filter(({ kind }) => kind === 'session.close').length
}

/** Runs a session through the tap, to its end. @returns what was recorded, and what the tap saw pass to the client */
async function session(work: (client: Client) => Promise<unknown>, settings: object = {}) {
  const before = await closed()
  const client = new Client({ ...shop.clientOf(await shop.gateway.credential()), port: tap.port, ...settings })
  client.on('error', () => undefined)
  await client.connect()
  await work(client)
  await client.end()
  return recorded(before)
}

async function recorded(before: number) {
  const [connection] = await tap.take()
  await expect.poll(closed).toBe(before + 1)
  const id = sessionsOf(await readTrail(shop.gateway.operator)).at(-1)!
  const segments = await recordingOf(shop.gateway.operator, id)
  return { id, segments, events: eventsOf(segments), passed: connection!.fromServer }
}

const codes = (events: readonly PostgresEvent[]) => events.map(([, code]) => code)
const said = (events: readonly PostgresEvent[], code: string) => events.filter((event) => event[1] === code).map((event) => event.slice(2))

/** The DataRows among a server's messages, whole. */
function rowsIn(bytes: Buffer): Buffer[] {
  const rows: Buffer[] = []
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] === 0x44) rows.push(bytes.subarray(at, at + 1 + bytes.readUInt32BE(at + 1)))
  }
  return rows
}

describe('what a client was shown', () => {
  it('is what node-postgres was sent, message by message, under the numbers of its operations', async () => {
    const { id, segments, events, passed } = await session(async (client) => {
      await client.query("SELECT 1 AS one, 'zwei' AS two, NULL AS three")
      await client.query('SELECT $1::text AS said, $2::bytea', ['quoted "text"\nand ünïcode', Buffer.from([0, 1, 2])])
      await client.query('SELECT 1/0').catch(() => undefined)
      await client.query({ text: 'SELECT $1::int4, $2::float8', values: [5, 1.5], name: 'named', binary: true } as never)
      await client.query('DELETE FROM pg_class').catch(() => undefined)
      await client.query("DO $$BEGIN RAISE NOTICE 'heed: \"%\"', E'\\t'; END$$")
      await client.query('LISTEN here; NOTIFY here, $$told$$')
      await client.query('SET application_name = $$another$$')
      await client.query('')
    })
    expect(shownOf(events)).toEqual(shownBy(passed))
    expect(segments[0]!.header).toMatchObject({ gatescribe: 1, protocol: 'postgres', session: id, segment: 1 })
    expect(said(events, 'row').slice(0, 2)).toEqual([[['1', 'zwei', null]], [['quoted "text"\nand ünïcode', '\\x000102']]])
    const operations = operationsOf(await readTrail(shop.gateway.operator)).filter(({ session: of }) => of === id)
    const errors = new Map<number, string>()
    let operation = 0
    for (const event of events) {
      if (event[1] === 'op') operation = event[2]
      if (event[1] === 'error') errors.set(operation, String(event[2].C))
    }
    const of = (text: string) => operations.filter(({ statement }) => statement === text).at(-1)!.number
    expect([...errors]).toEqual([
      [of('SELECT 1/0'), '22012'],
      [of('DELETE FROM pg_class'), '42501'],
    ])
    for (const [at, event] of events.entries()) expect(event[0]).toBeGreaterThanOrEqual(events[Math.max(0, at - 1)]![0])
  })

  it('is what psql was sent, with COPY both ways, cursors and pieces of a portal', { timeout: 60_000 }, async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const before = await closed()
    const { run, password } = await shop.gateway.credential()
    const child = spawn(program, ['-Xq', '-v', 'ON_ERROR_STOP=0', '-h', '127.0.0.1', '-p', String(tap.port), '-U', run, 'shop'], {
      env: { PATH: process.env.PATH, PGPASSWORD: password, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.stdin.end(`
      CREATE TEMP TABLE t (a int, b text);
      COPY t FROM STDIN;
1\tone
2\ttwo
\\.
      COPY t TO STDOUT;
      COPY t TO STDOUT (FORMAT binary);
      BEGIN;
      DECLARE c CURSOR FOR SELECT * FROM t;
      FETCH 1 FROM c;
      FETCH 1 FROM c;
      SELECT no_such();
      COMMIT;
      SELECT 1 \\; SELECT 2;
      \\d t
      SELECT a, b FROM t \\gdesc
    `)
    await once(child, 'close')
    const { events, passed } = await recorded(before)
    expect(shownOf(events)).toEqual(shownBy(passed))
    expect(codes(events)).toEqual(expect.arrayContaining(['copy-in', 'copy-out', 'copy', 'copy-done']))
  })

  it('is as much of a result as is kept; the rest is counted and digested', async () => {
    const { events, passed } = await session(async (client) => {
      await client.query('SELECT n FROM generate_series(1, 2500) n')
      await client.query("SELECT repeat('x', 3000000)")
      await client.query('SELECT n FROM generate_series(1, 1000) n')
    })
    const rows = shownBy(passed).filter(([type]) => type === 'D')
    expect(said(events, 'row')).toHaveLength(2000)
    const [long, large] = said(events, 'capped').map(([left]) => left as { rows: number; bytes: number; sha256: string })
    expect(long).toMatchObject({ rows: 1500 })
    expect(large).toMatchObject({ rows: 1, bytes: 3_000_000 + 11 })
    expect(rows).toHaveLength(3501)
    expect(codes(events).filter((code) => code === 'capped')).toHaveLength(2)
    // Over the rows that are left out, as they were on the wire.
    const left = rowsIn(passed).slice(1000, 2500)
    expect(long!.sha256).toBe(createHash('sha256').update(Buffer.concat(left)).digest('hex'))
    expect(long!.bytes).toBe(Buffer.concat(left).length)
  })

  it('has no credential of ours in it, and says that one was shown', async () => {
    const { password } = await shop.gateway.credential()
    const { id, events } = await session(
      async (client) => {
        await client.query('SELECT $1::text AS text, $2::bytea AS bytes', [`it is ${password}.`, Buffer.from(password)])
      },
      { binary: true },
    )
    const text = JSON.stringify(events)
    expect(text).not.toContain(password.slice(0, 14))
    expect(text).not.toContain(Buffer.from(password).toString('base64').slice(4, 20))
    expect(text).toContain('it is «redacted:pg-credential».')
    const leaks = (await readTrail(shop.gateway.operator)).filter(
      ({ kind, fields }) => kind === 'credential.leaked' && fields.session === id,
    )
    expect(leaks.map(({ fields }) => fields.in)).toContain('recording.1')
  })

  it('is complete where the gateway stops while sessions are open, and verifies', { timeout: 60_000 }, async () => {
    const client = new Client({ ...shop.clientOf(await shop.gateway.credential()), port: tap.port })
    client.on('error', () => undefined)
    await client.connect()
    await client.query("SELECT 'seen at last'")
    await shop.gateway.stop()
    shop.gateway = await shop.gateway.again()
    const entries = await readTrail(shop.gateway.operator)
    const id = sessionsOf(entries).at(-1)!
    const events = eventsOf(await recordingOf(shop.gateway.operator, id))
    expect(said(events, 'row').at(-1)).toEqual([['seen at last']])
    expect(said(events, 'error').at(-1)).toMatchObject([{ C: '57P01' }])
    const close = entries.find(({ kind, fields }) => kind === 'session.close' && fields.session === id)!
    expect(close.fields.segments).toBe((await recordingOf(shop.gateway.operator, id)).length)
  })
})
