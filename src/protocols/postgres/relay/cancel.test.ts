import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { errorIn, firstColumn, sendRawCancel, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom()

describe('BackendKeyData (PG-08)', () => {
  it("gives the target's process id and a key of our own, as long as the version allows", async () => {
    const old = await room.client(0)
    const current = await room.client(2)
    expect([old.key.length, current.key.length]).toEqual([4, 32])
    old.send(build.query('select pg_backend_pid()'))
    expect(firstColumn(await old.until())).toEqual([String(old.processId)])
    for (const { target } of room.gate.sessions) expect([old.key, current.key]).not.toContainEqual(Buffer.from(target.cancelKey))
  })
})

describe('a cancel (PG-09, PG-11)', () => {
  it('reaches the statement in flight', async () => {
    const raw = await room.client(2)
    raw.send(build.query('select pg_sleep(20)'))
    await room.atWork(raw)
    expect(await sendRawCancel(room.gate.port, raw.processId, raw.key)).toHaveLength(0)
    const answer = await raw.until()
    expect(errorIn(answer).get('C')).toBe('57014')
    expect(room.outcomes()).toEqual(['select pg_sleep(20): cancelled 57014'])
    raw.send(build.query('select 1'))
    expect(types(await raw.until())).toBe('TDCZ')
  })

  it.each([
    ['another key', 0, (key: Buffer) => Buffer.from(key.map((byte) => byte ^ 1))],
    ['a key of another length', 0, (key: Buffer) => Buffer.concat([key, key])],
    ['another process id', 1, (key: Buffer) => key],
  ])('has no effect with %s', async (_what, offset, wrong) => {
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(0.3)'))
    await sleep(50)
    expect(await sendRawCancel(room.gate.port, raw.processId + offset, wrong(raw.key))).toHaveLength(0)
    expect(types(await raw.until())).toBe('TDCZ')
  })

  it('is not forwarded while nothing is in flight', async () => {
    let forwarded = 0
    room.gate.beforeCancel = async () => {
      forwarded += 1
    }
    const raw = await room.client()
    raw.send(build.query('begin'))
    await raw.until()
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    raw.send(build.query('select pg_sleep(0.1)'))
    expect(types(await raw.until())).toBe('TDCZ')
    expect(forwarded).toBe(0)
  })

  it('that comes late never hits the next statement', async () => {
    room.gate.beforeCancel = () => sleep(150)
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(0.1)'))
    await sleep(50)
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    // The first ends by itself while its cancel is still on its way; the second waits until it has arrived.
    expect(types(await raw.until())).toBe('TDCZ')
    raw.send(build.query('select pg_sleep(0.3)'))
    expect(types(await raw.until())).toBe('TDCZ')
  })

  it('never hits the next statement, whenever it comes', async () => {
    const raw = await room.client()
    for (let round = 0; round < 100; round += 1) {
      raw.send(build.query('select pg_sleep(0.003)'))
      await sleep(round % 6)
      // Closed once the request was taken; whether it still travels to the target then is what this is about.
      await sendRawCancel(room.gate.port, raw.processId, raw.key)
      await raw.until()
      raw.send(build.query(`select ${round} from pg_sleep(0.003)`))
      expect(firstColumn(await raw.until())).toEqual([String(round)])
    }
  })

  it('withdraws what still waits to be durable: it is never forwarded', async () => {
    const raw = await room.client()
    const durable = Promise.withResolvers<void>()
    room.gate.durable = durable.promise
    raw.send(build.query("select 'withdrawn' from pg_sleep(20)"), build.query('select 2'))
    await expect.poll(() => room.gate.seen.length).toBe(2)
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    durable.resolve()
    const answer = await raw.until(2)
    expect(types(answer)).toBe('EZTDCZ')
    expect(errorIn(answer).get('C')).toBe('57014')
    expect(room.outcomes()).toEqual(["select 'withdrawn' from pg_sleep(20): cancelled 57014", 'select 2: completed'])
    expect(room.gate.seen.map(({ withdrawn }) => withdrawn)).toEqual([true, false])
    expect(room.postgres.log()).not.toContain('withdrawn')
  })
})
