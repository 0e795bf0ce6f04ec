import { describe, expect, it } from 'vitest'
import { firstColumn, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int)')

describe('what the server says unasked (PG-14, PG-20)', () => {
  it('passes notifications while idle, within a result, during a COPY, and while a statement waits to be durable', async () => {
    const raw = await room.client()
    raw.send(build.query('listen news'))
    await raw.until()

    await room.postgres.query("notify news, 'idle'")
    expect(types(await raw.untilType('A'))).toBe('A')

    raw.send(build.query("begin; notify news, 'own'; commit; select 1"))
    expect(types(await raw.until()).replace('A', '')).toBe('CCCTDCZ')

    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    await room.postgres.query("notify news, 'copy'")
    raw.send(build.copyDone())
    const copied = await raw.until()
    expect(types(copied).replace('A', '')).toBe('CZ')
    if (!types(copied).includes('A')) await raw.untilType('A')

    const durable = Promise.withResolvers<void>()
    room.gate.durable = durable.promise
    raw.send(build.query('select 2'))
    await room.postgres.query("notify news, 'parked'")
    const parked = await raw.untilType('A')
    expect(parked.at(-1)!.body.toString()).toContain('parked')
    durable.resolve()
    expect(firstColumn(await raw.until())).toEqual(['2'])
  })

  it('passes notices and parameter changes, and keeps what the server told at log-in', async () => {
    const raw = await room.client()
    raw.send(build.query("do $$ begin raise notice 'hello'; end $$"))
    const noticed = await raw.until()
    expect(types(noticed)).toBe('NCZ')
    expect(noticed[0]!.body.toString()).toContain('hello')
    raw.send(build.query("set application_name to 'renamed'"))
    const changed = await raw.until()
    expect(types(changed)).toBe('CSZ')
    expect(changed[1]!.body.toString()).toBe('application_name\0renamed\0')
  })
})

describe('statements as the trail sees them', () => {
  it('are one object per Parse, whatever is bound to it', async () => {
    const raw = await room.client()
    raw.send(build.parse('s', 'select 1'), ...[1, 2, 3].flatMap(() => [build.bind('', 's'), build.execute('')]), build.sync())
    await raw.until()
    raw.send(build.bind('', 's'), build.execute(''), build.sync())
    await raw.until()
    expect(new Set(room.gate.seen.map(({ statement }) => statement)).size).toBe(1)
    expect(room.gate.seen.map(({ form }) => form)).toEqual(['prepare', 'bind', 'bind', 'bind', 'bind'])
  })
})
