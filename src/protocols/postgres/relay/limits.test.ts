import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { errorIn, firstColumn, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int)')

describe('an operation that comes to more than it may', () => {
  it('ends at the row that is one too many, with one error, and the session goes on', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 10 }
    raw.send(build.query('select generate_series(1, 3000000)'))
    const answer = await raw.until()
    expect(types(answer)).toBe(`T${'D'.repeat(10)}EZ`)
    expect(errorIn(answer).get('D')).toBe('Refused by rule "not-so-much" (GS_LIMIT_EXCEEDED).')
    raw.send(build.query('select 7'))
    expect(firstColumn(await raw.until())).toEqual(['7'])
    expect(room.outcomes()[0]).toBe('select generate_series(1, 3000000): cancelled 57014')
    expect(room.gate.seen[0]!.rows).toBe(11)
  })

  it('fails its transaction, as any error does', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 10 }
    raw.send(build.query('begin'), build.query('insert into t values (1)'), build.query('select generate_series(1, 3000000)'))
    expect(transactionStatus(await raw.until(3))).toBe('E')
    raw.send(build.query('commit'))
    await raw.until()
    expect(await room.postgres.query('select * from t')).toEqual([])
  })

  it('lets the rest of its pipeline be skipped up to the Sync, and no further', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 2 }
    raw.send(
      build.parse('', 'select generate_series(1, 3000000)'),
      build.bind('', ''),
      build.execute(''),
      build.parse('', 'insert into t values (2)'),
      build.bind('', ''),
      build.execute(''),
      build.sync(),
    )
    expect(types(await raw.until())).toBe('12DDEZ')
    raw.send(build.parse('', 'select 8'), build.bind('', ''), build.execute(''), build.sync())
    expect(firstColumn(await raw.until())).toEqual(['8'])
    expect(await room.postgres.query('select * from t')).toEqual([])
  })

  it('is told so also where the target had completed it before it could be stopped', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 2 }
    raw.send(build.query('select generate_series(1, 5)'))
    const answer = await raw.until()
    expect(types(answer)).toBe('TDDEZ')
    raw.send(build.parse('', 'select generate_series(1, 5)'), build.bind('', ''), build.execute(''), build.parse('', 'select 9'))
    raw.send(build.bind('', ''), build.execute(''), build.sync())
    expect(types(await raw.until())).toBe('12DDEZ')
    raw.send(build.query('select 10'))
    expect(firstColumn(await raw.until())).toEqual(['10'])
  })

  it('is stopped when its time is over', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /sleep/, time: 200 }
    const start = performance.now()
    raw.send(build.query('select pg_sleep(20)'))
    const answer = await raw.until()
    expect(performance.now() - start).toBeLessThan(5_000)
    expect(errorIn(answer).get('D')).toContain('GS_LIMIT_EXCEEDED')
    raw.send(build.query('select 11'))
    expect(firstColumn(await raw.until())).toEqual(['11'])
  })

  it('counts bytes of results', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /repeat/, bytes: 5_000 }
    raw.send(build.query("select repeat('x', 1000) from generate_series(1, 1000000)"))
    expect(types(await raw.until())).toBe('TDDDDEZ')
  })

  it('ends a COPY in between two messages of its client, and nothing of it stays', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, bytes: 50 }
    raw.send(build.query('copy t from stdin'))
    await sleep(100)
    for (let at = 0; at < 20; at += 1) raw.send(build.copyData(Buffer.from(`${at}\n`)))
    raw.send(build.copyDone())
    const answer = await raw.until()
    expect(types(answer)).toBe('GEZ')
    expect(errorIn(answer).get('D')).toContain('GS_LIMIT_EXCEEDED')
    raw.send(build.query('select 12'))
    expect(firstColumn(await raw.until())).toEqual(['12'])
    expect(await room.postgres.query('select * from t')).toEqual([])
  })

  it('ends a COPY in also where its client says nothing more', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, time: 150 }
    raw.send(build.query('copy t from stdin'), build.copyData(Buffer.from('1\n')))
    expect(types(await raw.until())).toBe('GEZ')
    raw.send(build.copyDone(), build.query('select 13'))
    expect(firstColumn(await raw.until())).toEqual(['13'])
  })

  it('ends a COPY out', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, rows: 3 }
    raw.send(build.query('copy (select generate_series(1, 3000000)) to stdout'))
    expect(types(await raw.until())).toBe('HdddEZ')
  })
})
