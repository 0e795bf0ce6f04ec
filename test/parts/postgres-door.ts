import { pbkdf2Sync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Admission, Guard, Session, SessionEnd } from '../../src/guard/index.ts'
import { IdentityError, loginThrottle, type PlaneAuthenticator } from '../../src/identity/index.ts'
import { type PostgresResource, Refusal, type Run } from '../../src/operations/index.ts'
import { createPostgresDoor } from '../../src/protocols/postgres/door/door.ts'
import type { PostgresDoorOptions } from '../../src/protocols/postgres/door/options.ts'
import { createLogin } from '../../src/protocols/postgres/login/index.ts'
import { CancelRegistry } from '../../src/protocols/postgres/relay/index.ts'
import type { PostgresAsk, PostgresTarget } from '../../src/protocols/postgres/target.ts'
import { readErrorFields } from '../../src/protocols/postgres/wire/error-response.ts'
import { scramKeys } from '../../src/protocols/postgres/wire/scram.ts'
import { buildSslRequest, buildStartup } from '../../src/protocols/postgres/wire/startup.ts'
import { plainSql } from './plain-sql.ts'
import { type RunningPostgres, startPostgres } from './postgres.ts'
import { issueTestCertificates, type TestCertificates } from './test-certificates.ts'

const login = createLogin()

export const CREDENTIAL = 'gs_pg_a-credential-of-this-test'
export const LONG_CREDENTIAL = `gs_pg_${'x'.repeat(65_000)}`
export const RUN = 'run_of_this_test'
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

export interface Observed {
  readonly asks: PostgresAsk[]
  readonly ends: SessionEnd[]
  readonly refused: string[]
  foreign: number
  readonly clients: unknown[]
}

const admitted: Admission = {
  limited: false,
  time: undefined,
  charge: () => undefined,
  masked: () => undefined,
  spent: () => undefined,
  overtime: () => new Refusal('GS_LIMIT_EXCEEDED'),
  settle: () => undefined,
  withdraw: () => undefined,
}

/** A door before a real server, for one test file: starts the server, and after each test closes what the test opened. */
export function doorBeforeRealServer() {
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

  const closing: (() => Promise<void> | void)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

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
          readOnly: false,
          breakGlass: undefined,
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
      usesTransaction: false,
      policy: 'sha256:0',
      asksPeople: false,
      ask: () => Promise.reject(new Error('not played')),
      couldAllow: () => true,
      decide: () => ({ effect: 'allow', rules: [], policy: 'sha256:0' }),
      admit: (_, decided, go) => go(decided.map(() => admitted)),
    }
    const { certificate: cert, key } = certificates.server
    const der = Buffer.from(cert.replace(/-----.*-----/g, ''), 'base64')
    const door = createPostgresDoor({
      tls: { secureContext: () => createSecureContext({ cert, key }), leafDer: () => der },
      authenticator,
      throttle: loginThrottle(),
      peerOf: (address) => address,
      select: ({ option, database }) =>
        option === 'orders' || database === 'postgres' ? { resource: orders, database: 'postgres' } : undefined,
      guard,
      cancels: new CancelRegistry(),
      onRefused: ({ code }) => seen.refused.push(code),
      onForeignPassword: () => {
        seen.foreign++
      },
      sql: async () => plainSql(),
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
    const socket = tlsConnect({
      socket: raw,
      ca: certificates.ca,
      servername: 'localhost',
      ...(alpn.length > 0 && { ALPNProtocols: alpn }),
    })
    socket.on('error', () => undefined)
    await once(socket, 'secureConnect')
    return socket
  }

  return {
    open,
    plain,
    secure,
    /** PEM. */
    ca: () => certificates.ca,
    caFile: () => join(folder, 'ca.pem'),
  }
}

/** Everything until the other side closes. */
export async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.destroyed) await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** The fields of the one ErrorResponse in these bytes. */
export function errorIn(bytes: Buffer): Record<string, string> {
  const at = bytes.indexOf('SFATAL')
  return at < 0 ? { none: bytes.toString('latin1') } : Object.fromEntries(readErrorFields(bytes.subarray(at)) ?? [])
}

export const startup = (over: Record<string, string> = {}, minor = 0) =>
  buildStartup(minor, Object.entries({ user: 'somebody', database: 'postgres', ...over }))
export const token = { options: `-c gatescribe.token=${CREDENTIAL}` }
export const untilReady = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for (;;) {
    chunks.push((await once(socket, 'data'))[0])
    const bytes = Buffer.concat(chunks)
    if (bytes.includes('Z\0\0\0\u0005I')) return bytes
  }
}
