import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { errorIn, firstColumn, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import type { Admission } from '../../../guard/index.ts'
import * as build from '../wire/build.ts'
import { Flight } from './flight.ts'

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

  it('is told so where it was asked for some rows at a time', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 2 }
    raw.send(
      build.query('begin'),
      build.parse('', 'select generate_series(1, 50)'),
      build.bind('p', ''),
      build.execute('p', 4),
      build.sync(),
    )
    const answer = await raw.until(2)
    expect(types(answer)).toBe('CZ12DDEZ')
    expect(errorIn(answer).get('D')).toContain('GS_LIMIT_EXCEEDED')
    raw.send(build.execute('p', 4), build.sync())
    expect(types(await raw.until())).toBe('EZ')
    raw.send(build.query('rollback'), build.query('select 14'))
    expect(firstColumn(await raw.until(2))).toEqual(['14'])
  })

  it('may take longer than a timer of Node can wait', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /sleep/, time: 3_000_000_000 }
    raw.send(build.query('select pg_sleep(0.2)'))
    expect(types(await raw.until())).toBe('TDCZ')
  })

  it('is stopped again where the request to stop it got lost', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /sleep/, time: 100 }
    let lost = 0
    const target = room.gate.sessions.at(-1)!.target as { cancel: () => Promise<void> }
    const { cancel } = target
    target.cancel = async () => {
      target.cancel = cancel
      lost += 1
    }
    raw.send(build.query('select pg_sleep(20)'))
    expect(types(await raw.until())).toBe('TEZ')
    expect(lost).toBe(1)
  })

  it('is not stopped where its end is there already: the request would hit what comes behind it', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 2 }
    let stopped = 0
    room.gate.beforeCancel = async () => {
      stopped += 1
    }
    for (let round = 0; round < 20; round += 1) {
      raw.send(build.query('select generate_series(1, 5)'), build.query('select 15 from pg_sleep(0.01)'))
      expect(firstColumn((await raw.until(2)).slice(-4))).toEqual(['15'])
    }
    expect(stopped).toBe(0)
  })

  it('passes a row whole or not at all', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /repeat/, bytes: 500_000 }
    raw.send(build.query("select repeat('x', 600000)"))
    expect(types(await raw.until())).toBe('TEZ')
    expect(room.gate.seen[0]!.bytes).toBeGreaterThan(600_000)
    raw.send(build.query("select repeat('x', 400000)"))
    expect(types(await raw.until())).toBe('TDCZ')
  })

  it('keeps no timer once it is over', () => {
    const flight = new Flight({ settle: () => undefined } as unknown as Admission, [])
    const over = vi.fn()
    vi.useFakeTimers()
    flight.alarm(1_000, over)
    expect(vi.getTimerCount()).toBe(1)
    flight.settle('completed')
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
