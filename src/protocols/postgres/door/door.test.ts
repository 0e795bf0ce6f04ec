import { execFile } from 'node:child_process'
import { pbkdf2Sync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { issueTestCertificates, type TestCertificates } from '../../../../test/parts/test-certificates.ts'
import type { Guard, Session, SessionEnd } from '../../../guard/index.ts'
import { IdentityError, loginThrottle, type PlaneAuthenticator } from '../../../identity/index.ts'
import type { PostgresResource, Run } from '../../../operations/index.ts'
import { Refusal } from '../../../operations/index.ts'
import { login } from '../login/index.ts'
import { CancelRegistry } from '../relay/index.ts'
import type { PostgresAsk, PostgresTarget } from '../target.ts'
import { buildPassword } from '../wire/authentication.ts'
import { readErrorFields } from '../wire/error-response.ts'
import { scramKeys } from '../wire/scram.ts'
import { buildCancelRequest, buildSslRequest, buildStartup } from '../wire/startup.ts'
import { createPostgresDoor } from './door.ts'
import type { PostgresDoorOptions } from './options.ts'

const CREDENTIAL = 'gs_pg_a-credential-of-this-test'
const LONG_CREDENTIAL = `gs_pg_${'x'.repeat(65_000)}`
const RUN = 'run_of_this_test'
const run = { id: RUN, principal: { kind: 'job', issuer: 'ci', subject: 's', groups: [] }, facts: {}, startedAt: 0 } as const satisfies Run
const salt = Buffer.alloc(16, 3)
const keys = scramKeys(pbkdf2Sync(CREDENTIAL, salt, 4096, 32, 'sha256'))

/** Knows one credential; stands in for the identity room, whose own tests cover the rest. */
const authenticator: PlaneAuthenticator = {
  verifier: async (id) => ({
    iterations: 4096,
    salt,
    ...(id === RUN ? keys : { storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) }),
  }),
  provenRun: async () => run,
  runOf: async (credential) => {
    if (credential === CREDENTIAL || credential === LONG_CREDENTIAL) return run
    throw new IdentityError(credential.startsWith('gs_') ? 'GS_IDENTITY_CREDENTIAL_UNKNOWN' : 'GS_IDENTITY_CREDENTIAL_FOREIGN')
  },
}

let server: RunningPostgres
let certificates: TestCertificates
let folder: string
beforeAll(async () => {
  certificates = await issueTestCertificates()
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-door-'))
  writeFileSync(join(folder, 'ca.pem'), certificates.ca)
  server = await startPostgres()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server?.stop()
})

const orders: PostgresResource = {
  name: 'orders',
  kind: 'postgres',
  host: '',
  port: 0,
  hosts: [],
  aliases: [],
  databases: new Map(),
  tags: [],
}
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Observed {
  readonly asks: PostgresAsk[]
  readonly ends: SessionEnd[]
  readonly refused: string[]
  foreign: number
  readonly clients: unknown[]
}

/** A door before the real server; its guard allows all, and the log-in at the target is the real one. */
async function open(
  over: Partial<PostgresDoorOptions> & { refuseAt?: Refusal; connect?: Session<PostgresAsk, PostgresTarget>['connect'] } = {},
) {
  const seen: Observed = { asks: [], ends: [], refused: [], foreign: 0, clients: [] }
  const forever = new AbortController().signal
  const guard: Guard<PostgresAsk, PostgresTarget> = {
    async open(who, resource, client) {
      if (over.refuseAt) throw over.refuseAt
      seen.clients.push(client)
      return {
        id: 'ses_1',
        run: who,
        resource,
        signal: forever,
        draining: forever,
        connect(ask, signal) {
          seen.asks.push(ask)
          if (over.connect) return over.connect(ask, signal)
          return login({ host: server.host, port: server.port, tls: { verify: 'off' } }, { user: 'postgres' }, ask, signal)
        },
        close: (reason) => seen.ends.push(reason),
      }
    },
    decide: () => ({ effect: 'allow', rules: [], policy: 'sha256:0' }),
    admit: (_, decided, go) => go(decided.map(() => ({ charge: () => undefined, settle: () => undefined }))),
  }
  const { certificate: cert, key } = certificates.server
  const der = Buffer.from(cert.replace(/-----.*-----/g, ''), 'base64')
  const door = createPostgresDoor({
    tls: { secureContext: () => createSecureContext({ cert, key }), leafDer: () => der },
    authenticator,
    throttle: loginThrottle(),
    select: ({ option, database }) =>
      option === 'orders' || database === 'postgres' ? { resource: orders, database: 'postgres' } : undefined,
    guard,
    cancels: new CancelRegistry(),
    onRefused: ({ code }) => seen.refused.push(code),
    onForeignPassword: () => {
      seen.foreign++
    },
    log: { debug: () => undefined, warn: () => undefined },
    ...over,
  })
  const port = await door.listen({ host: '127.0.0.1', port: 0 })
  closing.push(() => door.close())
  return { door, port, seen }
}

async function plain(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  closing.push(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** TLS after an SSLRequest, or at once. */
async function secure(port: number, { direct = false, alpn = ['postgresql'] } = {}): Promise<TLSSocket> {
  const raw = await plain(port)
  if (!direct) {
    raw.write(buildSslRequest())
    expect((await once(raw, 'data'))[0].toString()).toBe('S')
  }
  const socket = tlsConnect({ socket: raw, ca: certificates.ca, servername: 'localhost', ...(alpn.length > 0 && { ALPNProtocols: alpn }) })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** Everything until the other side closes. */
async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.destroyed) await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** The fields of the one ErrorResponse in these bytes. */
function errorIn(bytes: Buffer): Record<string, string> {
  const at = bytes.indexOf('SFATAL')
  return at < 0 ? { none: bytes.toString('latin1') } : Object.fromEntries(readErrorFields(bytes.subarray(at)) ?? [])
}

const startup = (over: Record<string, string> = {}, minor = 0) =>
  buildStartup(minor, Object.entries({ user: 'somebody', database: 'postgres', ...over }))
const token = { options: `-c gatescribe.token=${CREDENTIAL}` }
const untilReady = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for (;;) {
    chunks.push((await once(socket, 'data'))[0])
    const bytes = Buffer.concat(chunks)
    if (bytes.includes('Z\0\0\0\u0005I')) return bytes
  }
}

describe('a client', () => {
  it('logs in by token over TLS without being asked anything', async () => {
    const { port, seen } = await open()
    const socket = await secure(port)
    socket.write(startup({ ...token, application_name: 'a job' }))
    expect((await untilReady(socket)).subarray(0, 9)).toEqual(Buffer.from('R\0\0\0\u0008\0\0\0\0'))
    expect(seen.asks).toEqual([{ database: 'postgres', settings: new Map([['application_name', 'a job']]), minor: 0 }])
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
      ...(tls && { ssl: { ca: certificates.ca }, enableChannelBinding: true }),
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
    const socket = tlsConnect({ socket: through, ca: certificates.ca, servername: 'localhost' })
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

it('survives damaged start-ups, and opens nothing for them', async () => {
  const { port, seen, door } = await open({ throttle: { check: () => undefined, failed: () => undefined } })
  const sample = Buffer.concat([buildSslRequest(), startup({ user: RUN, application_name: 'psql', client_encoding: 'UTF8' }, 2)])
  let seed = 20261123
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >>> 8) % below
  }
  let understood = 0
  const runs = 300
  for (let at = 0; at < runs; at++) {
    // Without the SSLRequest the rest is read in plaintext; lengths stay whole in most runs, so that what follows is reached.
    const bytes = Buffer.from(random(8) === 0 ? sample : sample.subarray(8))
    for (let flips = 1 + random(3); flips > 0; flips--)
      bytes[random(8) === 0 ? random(bytes.length) : 8 + random(bytes.length - 8)] = random(256)
    const socket = await plain(port)
    socket.end(random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes)
    const answer = await all(socket)
    if (/^[Rv]|SFATAL/.test(answer.toString('latin1')) && errorIn(answer).C !== '08P01') understood++
    socket.destroy()
  }
  expect(understood / runs).toBeGreaterThan(0.5)
  expect(seen.asks).toEqual([])
  await expect.poll(() => door.connections).toBe(0)
})

it('closes to new clients first, then to all', async () => {
  const { door, port } = await open()
  const session = await secure(port)
  session.write(startup(token))
  await untilReady(session)
  const waiting = await plain(port)
  await door.closeToNew()
  await once(waiting, 'close')
  await expect(plain(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(door.connections).toBe(1)
  await door.close()
  expect(door.connections).toBe(0)
})

describe('psql', async () => {
  const psql = promisify(execFile)
  const version = await psql('psql', ['--version']).then(
    ({ stdout }) => Number(/(\d+)/.exec(stdout)?.[1]),
    () => 0,
  )
  const ask = (port: number, environment: Record<string, string>) =>
    psql('psql', ['-XAtw', '-c', 'select 40 + 2'], {
      env: {
        PATH: process.env.PATH,
        PGHOST: 'localhost',
        PGPORT: String(port),
        PGDATABASE: 'postgres',
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: join(folder, 'ca.pem'),
        ...environment,
      },
    }).then(
      ({ stdout }) => stdout.trim(),
      (error: { stderr: string }) => error.stderr,
    )
  const scram = { PGUSER: RUN, PGPASSWORD: CREDENTIAL }

  it.skipIf(version === 0).each([
    ['a token in PGOPTIONS', { PGUSER: 'anybody', PGOPTIONS: token.options }],
    ['SCRAM with channel binding', { ...scram, PGCHANNELBINDING: 'require' }],
    ['SCRAM without channel binding', { ...scram, PGCHANNELBINDING: 'disable' }],
    ['SCRAM without TLS', { ...scram, PGSSLMODE: 'disable' }],
    ['a password over TLS', { PGUSER: 'anybody', PGPASSWORD: CREDENTIAL }],
  ])('logs in by %s', async (_, environment) => {
    const { port } = await open()
    expect(await ask(port, environment)).toBe('42')
  })

  it.skipIf(version < 17)('logs in with direct TLS', async () => {
    const { port } = await open()
    expect(await ask(port, { ...scram, PGSSLNEGOTIATION: 'direct' })).toBe('42')
  })

  it.skipIf(version === 0)('refuses to bind without TLS, and says what we say', async () => {
    const { port } = await open()
    expect(await ask(port, { ...scram, PGSSLMODE: 'disable', PGCHANNELBINDING: 'require' })).toMatch(/channel binding/)
    expect(await ask(port, { PGUSER: 'anybody', PGOPTIONS: '-c gatescribe.token=gs_pg_x' })).toMatch(/DETAIL: {2}GS_IDENTITY/)
    expect(await ask(port, { PGUSER: 'anybody', PGOPTIONS: '-c search_path=x' })).toMatch(/"search_path"/)
  })
})
