import { once } from 'node:events'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { all, CREDENTIAL, doorBeforeRealServer, errorIn, RUN, startup, token } from '../../../../test/parts/postgres-door.ts'
import { loginThrottle } from '../../../identity/index.ts'
import { buildPassword } from '../wire/authentication.ts'

const { open, plain, secure } = doorBeforeRealServer()

describe('a log-in', () => {
  it.each([
    ['a token', token],
    ['a password', {}],
  ])('by %s is refused without TLS', async (_, parameters) => {
    const { port, seen } = await open()
    const socket = await plain(port)
    socket.write(startup(parameters))
    expect(errorIn(await all(socket))).toMatchObject({ C: '28000', D: 'GS_POSTGRES_TLS_REQUIRED' })
    expect(seen).toMatchObject({ asks: [], refused: [] })
  })

  it('by a foreign password is refused and reported without its value', async () => {
    const { port, seen } = await open()
    const socket = await secure(port)
    socket.write(startup())
    await once(socket, 'data')
    socket.write(buildPassword('hunter2'))
    const answer = await all(socket)
    expect(errorIn(answer)).toMatchObject({ C: '28P01', D: 'GS_IDENTITY_CREDENTIAL_FOREIGN' })
    expect(answer.toString()).not.toContain('hunter2')
    expect(seen).toMatchObject({ foreign: 1, refused: ['GS_IDENTITY_CREDENTIAL_FOREIGN'] })
  })

  it.each([
    ['the wrong password', RUN, 'gs_pg_wrong'],
    ['a run that does not exist', 'run_unknown', CREDENTIAL],
  ])('by SCRAM with %s is refused in the same words', async (_, user, password) => {
    const { port, seen } = await open()
    const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' })
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01', detail: 'GS_POSTGRES_CREDENTIAL_REFUSED' })
    expect(seen.refused).toEqual(['GS_POSTGRES_CREDENTIAL_REFUSED'])
  })

  it('is throttled by address after failures', async () => {
    const { port } = await open({ throttle: loginThrottle({ burst: 1, perSecond: 0.001 }) })
    for (const sqlstate of ['28P01', '53300']) {
      const socket = await secure(port)
      socket.write(startup({ options: '-c gatescribe.token=gs_pg_x' }))
      expect(errorIn(await all(socket))).toMatchObject({ C: sqlstate })
    }
  })

  it('that is never finished ends by itself', async () => {
    const { port, door } = await open({ limits: { loginMs: 50 } })
    for (const bytes of ['', '\0\0', startup({ user: RUN })]) {
      const socket = await plain(port)
      socket.write(bytes)
      await all(socket)
    }
    await expect.poll(() => door.connections).toBe(0)
  })

  it('has to wait where too many others wait', async () => {
    const { port } = await open({ limits: { unauthenticated: 1 } })
    await plain(port)
    expect(errorIn(await all(await plain(port)))).toMatchObject({ C: '53300', D: 'GS_POSTGRES_DOOR_FULL' })
  })

  it('has to wait where one peer holds its share, while others come in', async () => {
    let peer = 'one'
    const { port } = await open({ limits: { unauthenticatedPerPeer: 1 }, peerOf: () => peer })
    const silent = await plain(port)
    expect(errorIn(await all(await plain(port)))).toMatchObject({ C: '53300', D: 'GS_POSTGRES_DOOR_FULL' })
    peer = 'two'
    const other = await plain(port)
    other.write(startup({ user: RUN }))
    expect(await once(other, 'data')).toBeDefined()
    silent.destroy()
  })

  it.each([
    ['a message of 64 KiB and more', Buffer.from([0x70, 0, 1, 0, 5])],
    ['a message of no length', Buffer.from([0x70, 0, 0, 0, 3])],
    ['a query', Buffer.from('Q\0\0\0\u0005\0')],
    ['a password without an end', Buffer.from('p\0\0\0\u0005a')],
  ])('is refused with %s', async (_, bytes) => {
    const { port } = await open()
    const socket = await secure(port)
    socket.write(startup())
    await once(socket, 'data')
    socket.write(bytes)
    expect(errorIn(await all(socket))).toMatchObject({ C: '08P01' })
  })
})
