import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { type RelayControls, startRelay } from '../../../../test/parts/postgres-relay.ts'
import { connectRaw, errorIn, firstColumn, type RawPostgres, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import * as build from '../wire/build.ts'

let postgres: RunningPostgres
let gate: RelayControls
const open: RawPostgres[] = []

beforeAll(async () => {
  postgres = await startPostgres({ logStatements: true })
  await postgres.query('create table secrets (id int); insert into secrets values (1); create table t (id int primary key, name text)')
})
afterAll(() => postgres?.stop())
beforeEach(async () => {
  gate = await startRelay(postgres)
})
afterEach(async () => {
  for (const client of open.splice(0)) client.socket.destroy()
  await gate.close()
})

async function client(minor: 0 | 2 = 0): Promise<RawPostgres> {
  const raw = await connectRaw(gate.port, minor)
  open.push(raw)
  return raw
}

const outcomes = (): string[] => gate.seen.map(({ text, refused, outcome }) => `${text}: ${refused ? 'refused' : outcome?.status}`)

describe('an ordinary client', () => {
  it('runs simple, extended and prepared statements', async () => {
    const pg = new Client({ host: '127.0.0.1', port: gate.port, user: 'postgres', database: 'postgres' })
    await pg.connect()
    expect((await pg.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect((await pg.query('select $1::int + 1 as two', [1])).rows).toEqual([{ two: 2 }])
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await pg.query({ name: 'n', text: 'select $1::text as t', values: ['å'] })).rows).toEqual([{ t: 'å' }])
    }
    await expect(pg.query('select nothing')).rejects.toMatchObject({ code: '42703' })
    await pg.end()
    expect(gate.seen.map(({ form }) => form).join()).toBe('query,prepare,bind,prepare,bind,bind,bind,query')
    expect(outcomes().at(-1)).toBe('select nothing: failed')
    expect(gate.seen[0]).toMatchObject({ rows: 1, outcome: { status: 'completed' } })
    await expect.poll(() => gate.ends).toEqual(['client-closed'])
  })
})

describe('a refusal', () => {
  beforeEach(() => {
    gate.denies = /secrets/
  })

  it('reads 42501 with the rule and the next step, and the next query works (PG-22)', async () => {
    const raw = await client()
    raw.send(build.query('select * from secrets'))
    const answer = await raw.until()
    expect(types(answer)).toBe('EZ')
    const fields = errorIn(answer)
    expect(Object.fromEntries(fields)).toEqual({
      S: 'ERROR',
      V: 'ERROR',
      C: '42501',
      M: 'A rule denies this operation, or no rule allows it.',
      D: 'Refused by rule "no-secrets" (GS_POLICY_DENIED).',
      H: 'Ask for something else.',
    })
    raw.send(build.query('select 2'))
    expect(firstColumn(await raw.until())).toEqual(['2'])
  })

  it('fails the transaction at the server: COMMIT rolls back, ROLLBACK TO works (PG-22)', async () => {
    const raw = await client()
    raw.send(build.query('begin'), build.query('savepoint a'), build.query('select * from secrets'))
    const refused = await raw.until(3)
    expect(errorIn(refused).get('C')).toBe('42501')
    expect(transactionStatus(refused)).toBe('E')
    raw.send(build.query('rollback to a'))
    expect(transactionStatus(await raw.until())).toBe('T')
    raw.send(build.query('select * from secrets'))
    expect(transactionStatus(await raw.until())).toBe('E')
    raw.send(build.query('commit'))
    const ended = await raw.until()
    expect(ended[0]!.body.toString()).toBe('ROLLBACK\0')
    expect(transactionStatus(ended)).toBe('I')
    expect(postgres.log()).not.toContain('select * from secrets')
  })

  it('comes in its place in a pipeline, skips to that Sync, and no further (PG-23)', async () => {
    const raw = await client()
    const one = (text: string): Buffer =>
      Buffer.concat([build.parse('', text), build.bind('', ''), build.describe('P', ''), build.execute('')])
    raw.send(one('select 1'), one('select * from secrets'), one('select 3'), build.sync(), one('select 4'), build.sync())
    const answer = await raw.until(2)
    expect(types(answer)).toBe('12TDCEZ12TDCZ')
    expect(firstColumn(answer)).toEqual(['1', '4'])
    expect(errorIn(answer).get('C')).toBe('42501')
    expect(outcomes()).toEqual([
      'select 1: completed',
      'select 1: completed',
      'select * from secrets: refused',
      'select * from secrets: refused',
      'select 3: skipped',
      'select 3: skipped',
      'select 4: completed',
      'select 4: completed',
    ])
  })
})
