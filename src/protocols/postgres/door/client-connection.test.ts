import { describe, expect, it } from 'vitest'
import { all, doorBeforeRealServer, errorIn, startup, token } from '../../../../test/parts/postgres-door.ts'
import { Refusal } from '../../../operations/index.ts'
import { createLogin } from '../login/index.ts'
import { CancelRegistry } from '../relay/index.ts'
import { buildCancelRequest } from '../wire/startup.ts'

const login = createLogin()

const { open, plain, secure } = doorBeforeRealServer()

describe('a session', () => {
  it('goes nowhere where nothing is selected, and discloses nothing', async () => {
    const { port } = await open()
    const socket = await secure(port)
    socket.write(startup({ ...token, database: 'unknown' }))
    const error = errorIn(await all(socket))
    expect(error).toMatchObject({ C: '3D000', D: 'GS_POSTGRES_RESOURCE_UNKNOWN' })
    expect(JSON.stringify(error)).not.toContain('orders')
  })

  it('is refused where the guard says so, with the rule and the next step', async () => {
    const { port } = await open({ refuseAt: new Refusal('GS_POLICY_DENIED', { rule: 'nobody', next: 'Ask the owner.' }) })
    const socket = await secure(port)
    socket.write(startup(token))
    expect(errorIn(await all(socket))).toMatchObject({ C: '42501', D: 'Refused by rule "nobody" (GS_POLICY_DENIED).', H: 'Ask the owner.' })
  })

  it('is closed with a reason where the target cannot be reached', async () => {
    const { port, seen } = await open({
      connect: (ask, signal) => login({ host: '127.0.0.1', port: 1, tls: { verify: 'off' } }, { user: 'a' }, ask, signal),
    })
    const socket = await secure(port)
    socket.write(startup(token))
    expect(errorIn(await all(socket))).toMatchObject({ C: '08001', D: 'GS_TARGET_UNREACHABLE' })
    expect(seen.ends).toEqual(['target-unreachable'])
  })

  it('keeps the words of an unexpected failure to itself', async () => {
    const { port } = await open({ connect: () => Promise.reject(new Error('password=hunter2')) })
    const socket = await secure(port)
    socket.write(startup(token))
    const error = errorIn(await all(socket))
    expect(error).toMatchObject({ C: 'XX000', D: 'GS_POSTGRES_FAILED' })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })

  it.each(['end', 'destroy'] as const)('is not opened for a client that has left (%s)', async (how) => {
    const aborted: AbortSignal[] = []
    const { port, seen, door } = await open({
      connect: (_, signal) => {
        aborted.push(signal)
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    })
    const socket = await secure(port)
    socket.write(startup(token))
    await expect.poll(() => aborted.length).toBe(1)
    socket[how]()
    await expect.poll(() => seen.ends).toEqual(['client-lost'])
    await expect.poll(() => door.connections).toBe(0)
  })
})

it('passes a cancel request on and answers nothing (PG-09)', async () => {
  const cancels = new CancelRegistry()
  const cancelled: number[] = []
  cancels.register(7, Buffer.alloc(32, 1), () => cancelled.push(7))
  const { port } = await open({ cancels })
  for (const dial of [plain, secure]) {
    for (const key of [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(4, 1)]) {
      const socket = await dial(port)
      socket.write(buildCancelRequest(7, key))
      expect((await all(socket)).length).toBe(0)
    }
  }
  expect(cancelled).toEqual([7, 7])
})
