import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { errorIn, firstColumn, type RawPostgres, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int); create schema a; create table a.t (id int)')
const data = (text: string): Buffer => build.copyData(Buffer.from(text))
const run = (text: string): Buffer => Buffer.concat([build.parse('', text), build.bind('', ''), build.execute('')])
const count = async (table = 't') => (await room.postgres.query(`select count(*)::int n from ${table}`))[0]
const lives = async (raw: RawPostgres) => {
  raw.send(build.query('select 7'))
  expect(firstColumn(await raw.until())).toEqual(['7'])
}
afterEach(() => room.postgres.query('truncate t, a.t'))

describe('a COPY in that comes to more than it may', () => {
  it('is held to its bytes also where data came before the server asked for it', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, bytes: 50 }
    raw.send(build.query('copy t from stdin'), ...Array.from({ length: 20 }, (_, at) => data(`${at}\n`)), build.copyDone())
    const answer = await raw.until()
    expect(types(answer)).toBe('GEZ')
    expect(errorIn(answer).get('D')).toContain('GS_LIMIT_EXCEEDED')
    expect(await count()).toEqual({ n: 0 })
    await lives(raw)
  })

  it.each(['text', 'csv', 'binary'])('is held to its rows (%s)', async (format) => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, rows: 3 }
    const rows = (many: number): Buffer[] => {
      if (format !== 'binary') return Array.from({ length: many }, (_, at) => data(`${at}\n`))
      const tuple = Buffer.from('000100000004000000ff', 'hex')
      return [build.copyData(Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8), ...Array(many).fill(tuple)]))]
    }
    raw.send(build.query(`copy t from stdin (format ${format})`))
    await raw.untilType('G')
    raw.send(...rows(3), ...(format === 'binary' ? [build.copyData(Buffer.from('ffff', 'hex'))] : []), build.copyDone())
    expect(types(await raw.until())).toBe('CZ')
    expect(room.gate.seen[0]).toMatchObject({ rows: 3, outcome: { status: 'completed' } })
    raw.send(build.query(`copy t from stdin (format ${format})`))
    await raw.untilType('G')
    raw.send(...rows(4), build.copyDone())
    const answer = await raw.until()
    expect(types(answer)).toBe('EZ')
    expect(errorIn(answer).get('D')).toContain('GS_LIMIT_EXCEEDED')
    expect(await count()).toEqual({ n: 3 })
    await lives(raw)
  })

  it('counts what the server took, where lines were more', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, rows: 4 }
    raw.send(build.query('copy t from stdin (format csv, header)'), data('id\n1\n2\n'), build.copyDone())
    expect(types(await raw.until())).toBe('GCZ')
    expect(room.gate.seen[0]).toMatchObject({ rows: 2 })
  })

  it('ends though its client says nothing more', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, bytes: 50 }
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(data('1\n'.repeat(100)))
    expect(types(await raw.until())).toBe('EZ')
    raw.send(build.copyDone())
    await lives(raw)
    expect(await count()).toEqual({ n: 0 })
  })

  it('ends in the middle of a message of its client', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, time: 200 }
    const message = data('7\n'.repeat(100_000))
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(message.subarray(0, 50))
    const answer = await raw.until()
    expect(types(answer)).toBe('EZ')
    expect(errorIn(answer).get('D')).toContain('GS_LIMIT_EXCEEDED')
    raw.send(message.subarray(50), build.copyDone())
    await lives(raw)
    expect(await count()).toEqual({ n: 0 })
  })

  it('ends in the middle of a message that is too long by itself', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, bytes: 100_000 }
    const message = data('7\n'.repeat(200_000))
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(message.subarray(0, 1000))
    expect(types(await raw.until())).toBe('EZ')
    raw.send(message.subarray(1000), build.copyDone())
    await lives(raw)
  })

  it('ends by its time though it is already at its end', async () => {
    await room.postgres.query(`create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(20); return new; end'`)
    await room.postgres.query('create trigger slow after insert on t execute function slow()')
    try {
      const raw = await room.client()
      room.gate.limits = { of: /copy/, time: 300 }
      raw.send(build.query('copy t from stdin'), data('1\n'), build.copyDone())
      expect(types(await raw.until())).toBe('GEZ')
      await lives(raw)
    } finally {
      await room.postgres.query('drop function slow cascade')
    }
  })
})

describe('two COPYs in, one behind the other', () => {
  it('are each charged for their own data', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy a.t/, bytes: 50 }
    raw.send(build.query('copy t from stdin'), data('1\n'), build.copyDone())
    raw.send(build.query('copy a.t from stdin'), data('1\n'.repeat(100)), build.copyDone())
    expect(types(await raw.until(2))).toBe('GCZGEZ')
    expect(room.gate.seen[0]).toMatchObject({ bytes: 7, outcome: { status: 'completed' } })
    expect([await count(), await count('a.t')]).toEqual([{ n: 1 }, { n: 0 }])
    await lives(raw)
  })

  it('are not both ended by the limit of the first', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy t/, bytes: 50 }
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(data('1\n'.repeat(100)), build.copyDone(), build.query('copy a.t from stdin'), data('1\n'), build.copyDone())
    expect(types(await raw.until(2))).toBe('EZGCZ')
    expect(room.outcomes()).toEqual(['copy t from stdin: cancelled 57014', 'copy a.t from stdin: completed'])
    expect(await count('a.t')).toEqual({ n: 1 })
    await lives(raw)
  })

  it('are each charged for their own data also within one text', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin; copy a.t from stdin'))
    raw.send(data('1\n'), build.copyDone(), data('1\n2\n'), build.copyDone())
    expect(types(await raw.until())).toBe('GCGCZ')
    expect(room.gate.seen[0]).toMatchObject({ rows: 3, bytes: 16 })
  })
})

describe('a COPY in behind a result that was cut off', () => {
  it('is refused to the server: its client was told an error and sends nothing', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 2 }
    raw.send(build.query('select generate_series(1, 5); copy t from stdin'))
    expect(types(await raw.until())).toBe('TDDEZ')
    await lives(raw)
  })

  it('is refused also in the extended protocol, whose Sync the server takes for a part of the COPY', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /series/, rows: 2 }
    raw.send(run('select generate_series(1, 5)'), run('copy t from stdin'), build.sync())
    expect(types(await raw.until())).toBe('12DDEZ')
    await lives(raw)
    raw.send(run('select generate_series(1, 5)'), run('copy t from stdin'), build.flush())
    await raw.untilType('E')
    await sleep(50)
    raw.send(build.sync())
    expect(types(await raw.until())).toBe('Z')
    await lives(raw)
  })
})
