import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { errorIn, sendRawCancel, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import { Refusal } from '../../../operations/index.ts'
import * as build from '../wire/build.ts'

const room = relayRoom()

async function backends(processId: number): Promise<number> {
  const rows = await room.postgres.query('select count(*)::int as n from pg_stat_activity where pid = $1', [processId])
  return rows[0]!.n as number
}

describe('a session that is ended from outside (PG-26)', () => {
  it('says 57P01 with the reason mid-query, and the backend is gone within a second', async () => {
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(20)'))
    await room.atWork(raw)
    const before = Date.now()
    room.gate.sessions[0]!.stop.abort(new Refusal('GS_RUN_ENDED'))
    const last = await raw.untilClosed()
    const fields = errorIn(last)
    expect([fields.get('S'), fields.get('C'), fields.get('M')]).toEqual(['FATAL', '57P01', new Refusal('GS_RUN_ENDED').message])
    await expect.poll(() => backends(raw.processId), { interval: 20 }).toBe(0)
    expect(Date.now() - before).toBeLessThan(1000)
    expect(room.outcomes()).toEqual(['select pg_sleep(20): cancelled 57014'])
    expect(room.gate.ends).toEqual(['ended'])
  })

  it('closes both ends within a second when the client does not read', async () => {
    const raw = await room.client()
    raw.send(build.query("select repeat('x', 100000) from generate_series(1, 100000)"))
    await sleep(100)
    raw.socket.pause()
    await sleep(300)
    room.gate.sessions[0]!.stop.abort(new Refusal('GS_SESSION_ENDED'))
    await expect.poll(() => room.gate.ends, { timeout: 1000 }).toEqual(['ended'])
    await expect.poll(() => backends(raw.processId)).toBe(0)
    expect(['cancelled', 'aborted']).toContain(room.gate.seen[0]!.outcome?.status)
  })

  it('settles what was still being made durable, and forwards none of it', async () => {
    const raw = await room.client()
    const durable = Promise.withResolvers<void>()
    room.gate.durable = durable.promise
    raw.send(build.query("select 'never forwarded'"))
    await expect.poll(() => room.gate.seen.length).toBe(1)
    room.gate.sessions[0]!.stop.abort(new Refusal('GS_SESSION_ENDED'))
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('57P01')
    durable.resolve()
    await expect.poll(() => room.outcomes()).toEqual(["select 'never forwarded': aborted"])
    await sleep(50)
    expect(room.postgres.log()).not.toContain('never forwarded')
  })

  it('drains: an idle session is closed at once, a transaction may finish', async () => {
    const idle = await room.client()
    const busy = await room.client()
    busy.send(build.query('begin'))
    await busy.until()
    for (const { drain } of room.gate.sessions) drain.abort()
    expect(errorIn(await idle.untilClosed()).get('C')).toBe('57P01')
    busy.send(build.query('select 1'))
    expect(types(await busy.until())).toBe('TDCZ')
    busy.send(build.query('commit'))
    expect(types(await busy.untilClosed())).toBe('CZE')
    await expect.poll(() => room.gate.ends).toEqual(['drained', 'drained'])
  })
})

describe('an end that goes away', () => {
  it('cancels at the target when the client vanishes (PG-27)', async () => {
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(20)'))
    await room.atWork(raw)
    raw.socket.resetAndDestroy()
    await expect.poll(() => room.gate.ends).toEqual(['client-lost'])
    await expect.poll(() => backends(raw.processId)).toBe(0)
    expect(['cancelled', 'aborted']).toContain(room.gate.seen[0]!.outcome?.status)
  })

  it('lets the server finish what was sent before Terminate', async () => {
    await room.postgres.query('create table if not exists done (id int)')
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(0.2); insert into done values (1)'), build.terminate())
    raw.socket.end()
    await expect.poll(() => room.gate.ends).toEqual(['client-closed'])
    expect(room.gate.seen[0]!.outcome?.status).toBe('completed')
    expect(await room.postgres.query('select id from done')).toEqual([{ id: 1 }])
  })

  it('passes the last word of a target that shuts the session (PG-28)', async () => {
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(20)'))
    await room.atWork(raw)
    await room.postgres.query('select pg_terminate_backend($1)', [raw.processId])
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('57P01')
    await expect.poll(() => room.gate.ends).toEqual(['target-closed'])
    expect(room.outcomes()).toEqual(['select pg_sleep(20): aborted 57P01'])
  })

  it('says 08006 for a target that is gone without a word (PG-28)', async () => {
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(20)'))
    await room.atWork(raw)
    room.gate.sessions[0]!.target.socket.destroy()
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('08006')
    await expect.poll(() => room.outcomes()).toEqual(['select pg_sleep(20): aborted'])
  })

  it('forgets the cancel key', async () => {
    const raw = await room.client()
    raw.send(build.terminate())
    await raw.untilClosed()
    await expect.poll(() => room.gate.ends).toEqual(['client-closed'])
    expect(await sendRawCancel(room.gate.port, raw.processId, raw.key)).toHaveLength(0)
  })
})

describe('a breach of the protocol', () => {
  it.each([
    ['a length below 4', Buffer.from([0x51, 0, 0, 0, 3])],
    ['a length of 2³¹−1', Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])],
    ['an unknown type', build.message(0x7a, Buffer.from('x'))],
    ['a password after log-in', build.message(0x70, Buffer.from('secret\0'))],
    ['text without an end', build.message(0x51, Buffer.from('select 1'))],
  ])('by the client (%s) ends the session with 08P01', async (_what, bytes) => {
    const raw = await room.client()
    raw.send(bytes)
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('08P01')
    await expect.poll(() => room.gate.ends).toEqual(['protocol-error'])
    await expect.poll(() => backends(raw.processId)).toBe(0)
  })

  it('by the server ends the session', async () => {
    const raw = await room.client()
    room.gate.sessions[0]!.target.socket.emit('data', build.message(0x57, Buffer.alloc(3)))
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('08P01')
    await expect.poll(() => room.gate.ends).toEqual(['protocol-error'])
  })
})
