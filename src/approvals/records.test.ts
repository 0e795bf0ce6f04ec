import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApprovalHouse, personOf, termsOf } from '../../test/parts/approvals.ts'
import { Refusal, type Run } from '../operations/index.ts'
import { TrailError } from '../trail/index.ts'
import type { Asked } from './approvals.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const DELETE = 'DELETE FROM orders WHERE id = 7'
const bob = personOf('bob')

let house: ApprovalHouse
let run: Run
beforeEach(async () => {
  house = await new ApprovalHouse().open()
  run = await house.run()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await house.close()
  await house.remove()
})

const full = () => new TrailError('GS_TRAIL_FULL')

describe('where the trail cannot be written', () => {
  it('nobody is asked, and it does not count', async () => {
    vi.spyOn(house.trail, 'durable').mockRejectedValue(full())
    for (let count = 0; count < 12; count++) await expect(house.ask(run, DELETE)).rejects.toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    expect(house.approvals.list()).toEqual([])
    vi.restoreAllMocks()
    expect((await house.ask(run, DELETE)).state).toBe('pending')
    expect(house.approvals.list()).toHaveLength(1)
  })

  it('a yes approves nothing, and can be said again', async () => {
    const asked = await house.ask(run, DELETE)
    vi.spyOn(house.trail, 'durable').mockRejectedValue(full())
    await expect(house.approvals.decide(asked.id, bob, 'approve', 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_NOT_RECORDED' })
    expect(asked.state).toBe('pending')
    vi.restoreAllMocks()
    expect((await house.approvals.decide(asked.id, bob, 'approve', 'cli')).state).toBe('approved')
  })

  it('a no holds, and whoever says it is told that its record comes later', async () => {
    const asked = await house.ask(run, DELETE)
    vi.spyOn(house.trail, 'whenDurable').mockImplementation((then) => then(full()))
    await expect(house.approvals.decide(asked.id, bob, 'deny', 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_NOT_RECORDED' })
    expect(await asked.decided).toMatchObject({ code: 'GS_APPROVAL_DENIED' })
    vi.restoreAllMocks()
    expect(await house.story()).toEqual(['asked', 'decided deny'])
  })

  it('nothing is used: it can be once there is room', async () => {
    const asked = await house.ask(run, DELETE)
    await house.approvals.decide(asked.id, bob, 'approve', 'cli')
    const grant = await asked.decided
    if (grant instanceof Refusal) throw grant
    const state = vi.spyOn(house.trail, 'state', 'get').mockReturnValue('full')
    expect(house.approvals.spend(grant, house.release(run, DELETE))).toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    state.mockRestore()
    expect(await house.spend(run, DELETE, grant)).toBeUndefined()
  })

  it('what could only be staged is spent, and the trail says that it was not used', async () => {
    const asked = await house.ask(run, DELETE)
    await house.approvals.decide(asked.id, bob, 'approve', 'cli')
    const grant = await asked.decided
    if (grant instanceof Refusal) throw grant
    vi.spyOn(house.trail, 'append').mockReturnValue(undefined)
    vi.spyOn(house.trail, 'whenDurable').mockImplementation((then) => then(full()))
    expect(house.approvals.spend(grant, house.release(run, DELETE))).toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    vi.restoreAllMocks()
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_USED' })
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended used interrupted'])
  })
})

describe('where the store cannot be written', () => {
  it('nobody is asked, nothing is approved and nothing used', async () => {
    const asked = await house.ask(run, DELETE)
    const other = await house.ask(run, 'DROP TABLE orders')
    await house.approvals.decide(other.id, bob, 'approve', 'cli')
    const grant = await other.decided
    if (grant instanceof Refusal) throw grant
    house.database.connection.exec('PRAGMA query_only=ON')
    await expect(house.ask(run, 'DROP TABLE a')).rejects.toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    for (const verdict of ['approve', 'deny'] as const)
      await expect(house.approvals.decide(asked.id, bob, verdict, 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_NOT_RECORDED' })
    expect(house.approvals.spend(grant, house.release(run, 'DROP TABLE orders'))).toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    house.database.connection.exec('PRAGMA query_only=OFF')
    expect(await house.spend(run, 'DROP TABLE orders', grant)).toBeUndefined()
    expect(asked.state).toBe('pending')
  })
})

describe('erasing a session', () => {
  it('makes the card of a past request unreadable, and leaves that it was made and decided', async () => {
    const asked = await house.ask(run, DELETE, {}, 'ticket')
    await house.approvals.decide(asked.id, bob, 'deny', 'cli')
    expect((await house.approvals.view(asked.id))?.content).toBeDefined()
    const { key, live } = house.sessionOf(run)
    await house.trail.erase([key.id], { kind: 'erased', fields: { session: live.id } }, (keys) => house.approvals.erased(keys))
    expect(await house.approvals.view(asked.id)).toEqual({
      request: expect.objectContaining({ state: 'denied', decisions: [expect.objectContaining({ verdict: 'deny' })] }),
      content: undefined,
    })
    expect(await house.story()).toEqual(['asked', 'decided deny'])
  })

  it('ends what still waits: nobody could see what they say yes to', async () => {
    const asked = await house.ask(run, DELETE, {}, 'ticket')
    const { key, live } = house.sessionOf(run)
    await house.trail.erase([key.id], { kind: 'erased', fields: { session: live.id } }, (keys) => house.approvals.erased(keys))
    await expect(house.approvals.decide(asked.id, bob, 'approve', 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
    expect(await house.approvals.view(asked.id)).toMatchObject({ request: { state: 'withdrawn', why: 'erased' }, content: undefined })
  })

  it('leaves nothing sealed in the store once a request is over, not even the bytes', async () => {
    const asked = await house.ask(run, DELETE, {}, 'ticket')
    const waits = await house.ask(run, 'DROP TABLE orders', {}, 'ticket')
    const sealed = () => house.database.connection.prepare('SELECT bytes FROM approval_sealed ORDER BY n').all() as { bytes: Uint8Array }[]
    const before = Buffer.from(sealed()[0]?.bytes ?? [])
    await house.approvals.decide(asked.id, bob, 'deny', 'cli')
    expect(Buffer.from(sealed()[0]?.bytes ?? []).every((byte) => byte === 0)).toBe(true)
    house.approvals.withdraw(waits.id, 'cancelled')
    await house.close()
    const files = ['gateway.sqlite'].map((name) => readFileSync(join(house.folder, name)))
    expect(before.byteLength).toBeGreaterThan(100)
    expect(Buffer.concat(files).includes(before.subarray(0, 64))).toBe(false)
    await house.open()
    expect(sealed()).toEqual([])
  })
})

describe('a thousand requests at once', () => {
  it('wait in a few KiB each, whatever is asked for, with one timer, and end together', async () => {
    await house.close()
    await house.open(undefined, [{ name: 'many', per: 'run', limit: { approvalsAsked: 2_000 } }], { segmentBytes: 16 * 1024 * 1024 })
    run = await house.run('run_m')
    const terms = termsOf({ for: 60_000 })
    const long = 'x'.repeat(32 * 1024)
    const ask = (at: number) => house.ask(run, `DELETE FROM t WHERE id = ${at} -- ${long}`, { terms })
    await Promise.all(Array.from({ length: 100 }, (_, at) => ask(-at - 1)))
    // What trail and store have in flight comes and goes: the least of several looks is what stays.
    const memory = async () => {
      let least = Number.POSITIVE_INFINITY
      for (let look = 0; look < 5; look++) {
        await wait(40)
        collect()
        collect()
        const { heapUsed, external } = process.memoryUsage()
        least = Math.min(least, heapUsed + external)
      }
      return least
    }
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const before = await memory()
    const asked: Asked[] = []
    for (let at = 0; at < 1_000; at += 50) asked.push(...(await Promise.all(Array.from({ length: 50 }, (_, more) => ask(at + more)))))
    const each = ((await memory()) - before) / 1_000
    const set = timers.mock.calls.filter(([, ms]) => ms === 60_000).length
    timers.mockRestore()
    // What is asked for has 32 KiB each.
    expect(each).toBeLessThan(8 * 1024)
    expect(set).toBeLessThanOrEqual(1)
    const decidedAt = performance.now()
    await house.approvals.decide(asked[500]?.id as `apr_${string}`, bob, 'approve', 'cli')
    await asked[500]?.decided
    expect(performance.now() - decidedAt).toBeLessThan(1_000)
    house.now += 60_000
    // Whoever comes next finds it over; the rest goes when the alarm does.
    await expect(house.approvals.decide(asked[0]?.id as `apr_${string}`, bob, 'approve', 'cli')).rejects.toMatchObject({
      code: 'GS_APPROVALS_EXPIRED',
    })
  }, 60_000)

  it('expire by themselves, each at its time', async () => {
    await house.close()
    await house.open()
    const live = await house.run('run_e')
    vi.spyOn(house, 'now', 'get').mockImplementation(() => Date.now())
    const first = await house.ask(live, 'DELETE FROM a', { terms: termsOf({ for: 400 }) }, 'ticket')
    const second = await house.ask(live, 'DELETE FROM b', { terms: termsOf({ for: 150 }) })
    expect(await second.decided).toMatchObject({ code: 'GS_APPROVAL_EXPIRED' })
    expect(first.state).toBe('pending')
    await wait(500)
    expect(first.state).toBe('expired')
    expect(await house.story()).toEqual(['asked', 'asked', 'ended expired', 'ended expired'])
  })
})
