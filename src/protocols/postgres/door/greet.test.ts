import { once } from 'node:events'
import { connect as tlsConnect } from 'node:tls'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import {
  all,
  CREDENTIAL,
  doorBeforeRealServer,
  errorIn,
  LONG_CREDENTIAL,
  RUN,
  startup,
  token,
  untilReady,
} from '../../../../test/parts/postgres-door.ts'
import { buildPassword } from '../wire/authentication.ts'
import { buildSslRequest } from '../wire/startup.ts'

const { open, plain, secure, ca } = doorBeforeRealServer()

describe('a client', () => {
  it('logs in by token over TLS without being asked anything', async () => {
    const { port, seen } = await open()
    const socket = await secure(port)
    socket.write(startup({ ...token, application_name: 'a job' }))
    expect((await untilReady(socket)).subarray(0, 9)).toEqual(Buffer.from('R\0\0\0\u0008\0\0\0\0'))
    expect(seen.asks).toEqual([{ database: 'postgres', settings: new Map([['application_name', 'a job']]), minor: 0, readOnly: false }])
    expect(seen.clients).toMatchObject([{ tls: true, user: 'somebody', database: 'postgres', application: 'a job' }])
  })

  it.each([true, false])('logs in by SCRAM with node-postgres (TLS: %s)', async (tls) => {
    const { port } = await open()
    const client = new pg.Client({
      host: 'localhost',
      port,
      user: RUN,
      password: CREDENTIAL,
      database: 'postgres',
      ...(tls && { ssl: { ca: ca() }, enableChannelBinding: true }),
    })
    await client.connect()
    expect((await client.query('select 1 + 1 as two')).rows).toEqual([{ two: 2 }])
    await client.end()
  })

  it.each([CREDENTIAL, LONG_CREDENTIAL])('logs in by cleartext password over TLS (PG-12)', async (password) => {
    const { port } = await open()
    const socket = await secure(port)
    socket.write(startup())
    expect((await once(socket, 'data'))[0]).toEqual(Buffer.from('R\0\0\0\u0008\0\0\0\u0003'))
    socket.write(buildPassword(password))
    await untilReady(socket)
  })

  it('logs in by a token of almost 64 KiB in its options', async () => {
    const { port } = await open()
    const socket = await secure(port)
    socket.write(startup({ options: `-c gatescribe.token=${LONG_CREDENTIAL}` }))
    await untilReady(socket)
  })

  it('is understood when every byte comes alone (PG-21)', async () => {
    const { port } = await open()
    const socket = await plain(port)
    socket.setNoDelay(true)
    for (const byte of startup({ database: 'elsewhere' })) {
      socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(errorIn(await all(socket))).toMatchObject({ C: '28000' })
  })

  it('is understood when its ClientHello is glued behind the SSLRequest (PG-01)', async () => {
    const { port } = await open()
    const raw = await plain(port)
    raw.write(buildSslRequest())
    raw.cork() // The ClientHello is written before the answer is read.
    const { Duplex } = await import('node:stream')
    let answered = false
    const through = new Duplex({
      write: (chunk, _, done) => {
        raw.write(chunk, () => undefined)
        done()
      },
      read: () => undefined,
    })
    raw.on('data', (chunk: Buffer) => {
      through.push(answered ? chunk : chunk.subarray(1))
      answered = true
    })
    const socket = tlsConnect({ socket: through, ca: ca(), servername: 'localhost' })
    setTimeout(() => raw.uncork(), 20)
    await once(socket, 'secureConnect')
    socket.write(startup(token))
    await untilReady(socket)
  })

  it('never has plaintext glued behind the SSLRequest taken for its own (PG-01)', async () => {
    const { port, seen } = await open()
    const socket = await plain(port)
    socket.write(Buffer.concat([buildSslRequest(), startup(token)]))
    expect((await all(socket)).toString('latin1')).toMatch(/^S/)
    expect(seen.asks).toEqual([])
  })

  it('goes on in plaintext where TLS is off, and GSSAPI is declined (PG-02, PG-03)', async () => {
    const { port } = await open({ tls: undefined })
    const socket = await plain(port)
    const gssenc = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48])
    socket.write(Buffer.concat([gssenc, buildSslRequest(), startup()]))
    const answer = await all(socket)
    expect(answer.toString('latin1', 0, 2)).toBe('NN')
    expect(errorIn(answer)).toMatchObject({ C: '28000', D: 'GS_POSTGRES_TLS_REQUIRED' })
  })

  it('is refused when it asks for TLS within TLS (PG-03)', async () => {
    const { port } = await open()
    const socket = await secure(port)
    socket.write(buildSslRequest())
    expect(errorIn(await all(socket))).toMatchObject({ C: '08P01' })
  })

  it('may begin with TLS where it names the protocol (PG-04)', async () => {
    const { port } = await open()
    const socket = await secure(port, { direct: true })
    socket.write(startup(token))
    await untilReady(socket)
  })

  it.each([{ alpn: [] }, { alpn: ['h2'] }])('may not begin with TLS with $alpn (PG-04)', async ({ alpn }) => {
    const { port, seen } = await open()
    const socket = await secure(port, { direct: true, alpn }).catch(() => undefined)
    socket?.write(startup(token))
    if (socket) expect((await all(socket)).length).toBe(0)
    expect(seen.asks).toEqual([])
  })

  it.each([
    [0, 0, undefined],
    [2, 2, undefined],
    [1, 0, 0],
    [9999, 2, 2],
  ] as const)('that asks for 3.%d gets 3.%d (PG-05, PG-06)', async (minor, agreed, offered) => {
    const { port, seen } = await open()
    const socket = await secure(port)
    socket.write(startup(token, minor))
    const answer = await untilReady(socket)
    expect(seen.asks[0]?.minor).toBe(agreed)
    expect(answer[0] === 0x76 ? answer.readUInt32BE(5) & 0xffff : undefined).toBe(offered)
  })

  it('is told which protocol options are unknown (PG-06)', async () => {
    const { port } = await open()
    const socket = await secure(port)
    socket.write(startup({ ...token, '_pq_.grease': 'on' }, 2))
    expect((await untilReady(socket)).toString('latin1', 0, 25)).toBe('v\0\0\0\u0018\0\u0003\0\u0002\0\0\0\u0001_pq_.grease\0')
  })

  it.each([2, 4])('of protocol %d is told so (PG-07)', async (major) => {
    const { port } = await open()
    const socket = await plain(port)
    socket.write(Buffer.from([0, 0, 0, 8, 0, major, 0, 0]))
    expect(errorIn(await all(socket))).toMatchObject({ S: 'FATAL', C: '0A000' })
  })
})
