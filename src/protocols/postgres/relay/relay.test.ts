import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { errorIn, firstColumn, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table secrets (id int); insert into secrets values (1)')

describe('an ordinary client', () => {
  it('runs simple, extended and prepared statements', async () => {
    const pg = new Client({ host: '127.0.0.1', port: room.gate.port, user: 'postgres', database: 'postgres' })
    await pg.connect()
    expect((await pg.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect((await pg.query('select $1::int + 1 as two', [1])).rows).toEqual([{ two: 2 }])
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await pg.query({ name: 'n', text: 'select $1::text as t', values: ['å'] })).rows).toEqual([{ t: 'å' }])
    }
    await expect(pg.query('select nothing')).rejects.toMatchObject({ code: '42703' })
    await pg.end()
    expect(room.gate.seen.map(({ form }) => form).join()).toBe('query,prepare,bind,prepare,bind,bind,bind,query')
    expect(room.outcomes().at(-1)).toBe('select nothing: failed 42703')
    expect(room.gate.seen[0]).toMatchObject({ rows: 1, outcome: { status: 'completed' } })
    await expect.poll(() => room.gate.ends).toEqual(['client-closed'])
  })
})

describe('before anything is forwarded', () => {
  it('waits until the intent is durable, and keeps the order of what comes meanwhile', async () => {
    const raw = await room.client()
    const durable = Promise.withResolvers<void>()
    room.gate.durable = durable.promise
    raw.send(build.query("select 'late'"))
    await expect.poll(() => room.gate.seen.length).toBe(1)
    raw.send(build.query('select 2'), build.query('select 3'))
    await sleep(50)
    expect(room.postgres.log()).not.toContain("select 'late'")
    durable.resolve()
    expect(firstColumn(await raw.until(3))).toEqual(['late', '2', '3'])
    expect(room.gate.seen.map(({ text }) => text)).toEqual(["select 'late'", 'select 2', 'select 3'])
  })

  it('admits everything of one read together', async () => {
    const raw = await room.client()
    raw.send(...Array.from({ length: 20 }, (_, index) => build.query(`select ${index}`)))
    expect(firstColumn(await raw.until(20))).toEqual(Array.from({ length: 20 }, (_, index) => String(index)))
    expect(room.gate.batches).toEqual([20])
  })
})

describe('several statements in one Query (PG-15)', () => {
  it('is one operation, answered as by the server', async () => {
    const raw = await room.client()
    raw.send(build.query('select 1; select 2; select 3'))
    expect(types(await raw.until())).toBe('TDCTDCTDCZ')
    raw.send(build.query('select 1; select nothing; select 3'))
    expect(types(await raw.until())).toBe('TDCEZ')
    raw.send(build.query(''))
    expect(types(await raw.until())).toBe('IZ')
    raw.send(build.query('begin; insert into secrets values (2); select nothing'))
    expect(transactionStatus(await raw.until())).toBe('E')
    raw.send(build.query('rollback'))
    await raw.until()
    expect(room.outcomes()).toEqual([
      'select 1; select 2; select 3: completed',
      'select 1; select nothing; select 3: failed 42703',
      ': completed',
      'begin; insert into secrets values (2); select nothing: failed 42703',
      'rollback: completed',
    ])
    expect(room.gate.seen[0]!.rows).toBe(3)
  })
})

describe('a refusal', () => {
  beforeEach(() => {
    room.gate.denies = /secrets/
  })

  it('reads 42501 with the rule and the next step, and the next query works (PG-22)', async () => {
    const raw = await room.client()
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
    const raw = await room.client()
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
    expect(room.postgres.log()).not.toContain('select * from secrets')
  })

  it('comes in its place in a pipeline, skips to that Sync, and no further (PG-23)', async () => {
    const raw = await room.client()
    const one = (text: string): Buffer =>
      Buffer.concat([build.parse('', text), build.bind('', ''), build.describe('P', ''), build.execute('')])
    raw.send(one('select 1'), one('select * from secrets'), one('select 3'), build.sync(), one('select 4'), build.sync())
    const answer = await raw.until(2)
    expect(types(answer)).toBe('12TDCEZ12TDCZ')
    expect(firstColumn(answer)).toEqual(['1', '4'])
    expect(errorIn(answer).get('C')).toBe('42501')
    expect(room.outcomes()).toEqual([
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
