import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogInRoles, logInHba, logInRoles } from '../../../../test/parts/postgres-roles.ts'
import { issueTestCertificates } from '../../../../test/parts/test-certificates.ts'
import type { TargetAddress, TargetSecret } from '../../../operations/index.ts'
import type { PostgresAsk, PostgresTarget } from '../target.ts'
import { buildAuthenticationOk, buildCleartextRequest, buildSaslRequest } from '../wire/authentication.ts'
import { buildErrorResponse, buildNoticeResponse } from '../wire/error-response.ts'
import { buildNegotiateProtocolVersion, readStartup } from '../wire/startup.ts'
import { createLogin } from './login.ts'

const login = createLogin()

const never = new AbortController().signal
const ask: PostgresAsk = { database: 'postgres', settings: new Map(), minor: 2, readOnly: false }
const open: PostgresTarget[] = []

async function logIn(
  address: TargetAddress,
  secret: TargetSecret,
  over: Partial<PostgresAsk> = {},
  signal = never,
): Promise<PostgresTarget> {
  const target = await login(address, secret, { ...ask, ...over }, signal)
  open.push(target)
  return target
}

/** Runs one statement that returns one text, on the bare connection. */
async function value(target: PostgresTarget, sql: string): Promise<string> {
  const text = Buffer.from(`${sql}\0`)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(4 + text.length)
  target.socket.write(Buffer.concat([Buffer.from('Q'), length, text]))
  const chunks: Buffer[] = []
  const answer = await new Promise<Buffer>((resolve) => {
    target.socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.includes(Buffer.from('Z\0\0\0\u0005'))) resolve(all)
    })
    target.socket.resume()
  })
  target.socket.removeAllListeners('data')
  const row = answer.indexOf('D\0')
  return row < 0 ? answer.toString() : answer.toString('utf8', row + 11, row + 11 + answer.readInt32BE(row + 7))
}

afterEach(() => {
  for (const target of open.splice(0)) target.socket.destroy()
})

describe('a log-in at a real PostgreSQL', () => {
  let server: RunningPostgres
  let verified: TargetAddress
  let plain: TargetAddress

  beforeAll(async () => {
    server = await startPostgres({ tls: true, hba: [...logInHba, 'hostssl all by_scram_2 127.0.0.1/32 scram-sha-256'] })
    await createLogInRoles(server)
    const { host, port } = server
    verified = { host, port, tls: { verify: 'full', ca: server.certificates!.ca } }
    plain = { host, port, tls: { verify: 'off' } }
  })
  afterAll(() => server?.stop())

  it.each(['trust', 'password', 'md5', 'scram'] as const)('passes by %s over verified TLS', async (method) => {
    const { user, password } = logInRoles[method]
    const target = await logIn(verified, password === undefined ? { user } : { user, password })
    expect(target.minor).toBe(2)
    expect(target.cancelKey.length).toBe(32)
    expect(target.processId).toBeGreaterThan(0)
    expect(target.parameters.get('server_version')).toMatch(/^\d+/)
    expect(target.rest.length).toBe(0)
    expect(await value(target, 'select session_user')).toBe(user)
    expect(await value(target, 'select ssl::text from pg_stat_ssl where pid = pg_backend_pid()')).toBe('true')
  })

  it.each(['trust', 'md5', 'scram'] as const)('passes by %s in plaintext where the configuration says so', async (method) => {
    const { user, password } = logInRoles[method]
    const target = await logIn(plain, password === undefined ? { user } : { user, password })
    expect(await value(target, 'select session_user')).toBe(user)
  })

  it('binds SCRAM to the TLS connection', async () => {
    // The server's own word: it logs the mechanism only at DEBUG, so a client bound to another certificate shows it instead.
    const { user, password } = logInRoles.scram
    const relayed = await interceptor(server, await issueTestCertificates())
    try {
      const target: TargetAddress = { host: '127.0.0.1', port: relayed.port, tls: { verify: 'full', ca: relayed.ca } }
      await expect(logIn(target, { user, password })).rejects.toMatchObject({ code: 'GS_TARGET_LOGIN_REFUSED' })
    } finally {
      relayed.close()
    }
  })

  it.each(['p\u00e4sswor\u0308t', '\u2168\u00a0\u00ad!', 'a\u0007\u2168', '\u{1f600} \u0627'])(
    'prepares the password %j as the server does (PG-12)',
    async (password) => {
      await server.query(`drop role if exists by_scram_2; create role by_scram_2 login password '${password}'`)
      await expect(logIn(verified, { user: 'by_scram_2', password })).resolves.toMatchObject({ minor: 2 })
      await expect(logIn(verified, { user: 'by_scram_2', password: `${password}?` })).rejects.toMatchObject({ sqlstate: '28P01' })
    },
  )

  it('passes with a client certificate', async () => {
    const { user } = logInRoles.cert
    const clientCertificate = await server.certificates!.issueClient(user)
    expect(await value(await logIn(verified, { user, clientCertificate }), 'select session_user')).toBe(user)
  })

  it('never sends a cleartext password without TLS', async () => {
    await expect(logIn(plain, logInRoles.password)).rejects.toMatchObject({ code: 'GS_TARGET_LOGIN_METHOD' })
  })

  it('refuses a certificate of another CA', async () => {
    const { ca } = await issueTestCertificates()
    const target: TargetAddress = { ...verified, tls: { verify: 'full', ca } }
    await expect(logIn(target, logInRoles.scram)).rejects.toMatchObject({ code: 'GS_TARGET_NOT_TRUSTED' })
  })

  it('refuses a certificate for another host, and takes the configured name for it', async () => {
    const { ca } = server.certificates!
    const named = (serverName: string): TargetAddress => ({ ...verified, tls: { verify: 'full', ca, serverName } })
    await expect(logIn(named('db.example.org'), logInRoles.scram)).rejects.toMatchObject({ code: 'GS_TARGET_NOT_TRUSTED' })
    await expect(logIn(named('127.0.0.2'), logInRoles.scram)).rejects.toMatchObject({ code: 'GS_TARGET_NOT_TRUSTED' })
    await expect(logIn(named('localhost'), logInRoles.scram)).resolves.toMatchObject({ minor: 2 })
  })

  it('names what the target refused, without its words or the secret', async () => {
    const wrong = { user: logInRoles.scram.user, password: 'not-the-password' }
    const refused = await logIn(verified, wrong).catch((error: Error) => error)
    expect(refused).toMatchObject({ code: 'GS_TARGET_LOGIN_REFUSED', sqlstate: '28P01' })
    expect(JSON.stringify(refused) + String(refused) + (refused as Error).stack).not.toMatch(/not-the-password|by_scram/)
    await expect(logIn(verified, logInRoles.scram, { database: 'absent' })).rejects.toMatchObject({
      code: 'GS_TARGET_DATABASE_UNKNOWN',
      sqlstate: '3D000',
    })
    await expect(logIn(verified, logInRoles.scram, { settings: new Map([['client_encoding', 'EBCDIC']]) })).rejects.toMatchObject({
      code: 'GS_TARGET_SETTING_REFUSED',
    })
    await expect(logIn(verified, { user: logInRoles.scram.user })).rejects.toMatchObject({ code: 'GS_TARGET_LOGIN_METHOD' })
    await expect(logIn({ ...plain, port: 1 }, logInRoles.scram)).rejects.toMatchObject({ code: 'GS_TARGET_UNREACHABLE' })
  })

  it('passes the settings on, and speaks 3.0 to a client of 3.0', async () => {
    const target = await logIn(verified, logInRoles.scram, { minor: 0, settings: new Map([['application_name', 'a job']]) })
    expect(target.minor).toBe(0)
    expect(target.cancelKey.length).toBe(4)
    expect(target.parameters.get('application_name')).toBe('a job')
  })

  it('has transactions that change nothing where it is asked to, whatever the role or database has as its default', async () => {
    const { user, password } = logInRoles.scram
    await server.query(`alter role ${user} set default_transaction_read_only to off`)
    const target = await logIn(verified, { user, password }, { readOnly: true })
    expect(target.parameters.get('default_transaction_read_only') ?? 'on').toBe('on')
    expect(await value(target, 'create table refused()')).toContain('25006')
    expect(await value(target, 'select current_setting($$default_transaction_read_only$$)')).toBe('on')
    const other = await logIn(verified, { user, password })
    expect(await value(other, 'select current_setting($$default_transaction_read_only$$)')).toBe('off')
  })

  it('has them also behind a pooler that takes no such start-up setting', async () => {
    const pooler = await refusing(server)
    try {
      const { user, password } = logInRoles.scram
      const behind: TargetAddress = { host: '127.0.0.1', port: pooler.port, tls: { verify: 'off' } }
      const target = await logIn(behind, { user, password }, { readOnly: true })
      expect(await value(target, 'create table refused()')).toContain('25006')
      expect(target.rest.length).toBe(0)
    } finally {
      pooler.close()
    }
  })

  it.each(['verified', 'plain'] as const)('cancels a statement over a %s connection', async (transport) => {
    const target = await logIn({ verified, plain }[transport], logInRoles.scram)
    const running = value(target, 'select pg_sleep(20)::text')
    await expect
      .poll(() => server.query(`select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`))
      .toHaveLength(1)
    await target.cancel()
    expect(await running).toContain('57014')
  })

  it('leaves the socket paused with nothing of ours reading', async () => {
    const { socket } = await logIn(verified, logInRoles.scram)
    expect(socket.isPaused()).toBe(true)
    for (const event of ['data', 'readable']) expect(socket.listenerCount(event)).toBe(0)
  })
})

/** Answers a start-up packet with fixed messages; each inner list is sent once the client has said something. */
async function scripted(...answers: Buffer[][]): Promise<{ address: TargetAddress; heard: Buffer[]; server: Server }> {
  const heard: Buffer[] = []
  const server = createServer((socket: Socket) => {
    const turns = [...answers]
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk)
      const turn = turns.shift()
      if (turn) socket.write(Buffer.concat(turn))
      else socket.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  const { port } = server.address() as { port: number }
  return { address: { host: '127.0.0.1', port, tls: { verify: 'off' } }, heard, server }
}
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const key = (bytes: number) => Buffer.concat([Buffer.from('K'), Buffer.from([0, 0, 0, 8 + bytes, 0, 0, 0, 9]), Buffer.alloc(bytes, 1)])
const ready = Buffer.from('Z\0\0\0\u0005I')
const error = (sqlstate: string) => buildErrorResponse({ severity: 'FATAL', sqlstate, message: 'no' })
const full = (address: TargetAddress): TargetAddress => ({ ...address, tls: { verify: 'full' } })

describe('a log-in at a hostile or old target', () => {
  it.each([
    ['does not offer TLS', [[Buffer.from('N')]], 'GS_TARGET_WITHOUT_TLS'],
    ['answers the SSLRequest with an error', [[error('08P01')]], 'GS_TARGET_WITHOUT_TLS'],
    ['glues plaintext behind its S', [[Buffer.from('S'), error('28000')]], 'GS_TARGET_NOT_TRUSTED'],
    ['speaks another protocol', [[Buffer.from('HTTP/1.1 400\r\n\r\n')]], 'GS_TARGET_PROTOCOL'],
    ['hangs up', [], 'GS_TARGET_UNREACHABLE'],
  ] as const)('refuses one that %s', async (_, answers, code) => {
    const { address, heard } = await scripted(...answers.map((turn) => [...turn]))
    await expect(logIn(full(address), { user: 'a', password: 'b' })).rejects.toMatchObject({ code })
    expect(Buffer.concat(heard).length).toBe(8)
  })

  it.each([
    ['an impossible length', [Buffer.from('R\xff\xff\xff\xff', 'latin1')], 'GS_TARGET_PROTOCOL'],
    ['a length below four', [Buffer.from('R\0\0\0\u0003')], 'GS_TARGET_PROTOCOL'],
    ['rows before the log-in', [Buffer.from('D\0\0\0\u0004')], 'GS_TARGET_PROTOCOL'],
    ['a key of three bytes', [buildAuthenticationOk(), key(3), ready], 'GS_TARGET_PROTOCOL'],
    ['a key of 257 bytes', [buildAuthenticationOk(), key(257), ready], 'GS_TARGET_PROTOCOL'],
    ['no key', [buildAuthenticationOk(), ready], 'GS_TARGET_PROTOCOL'],
    ['a newer version than asked for', [buildNegotiateProtocolVersion(3, [])], 'GS_TARGET_PROTOCOL'],
    ['a mechanism that nobody knows', [buildSaslRequest(['SCRAM-SHA-512'])], 'GS_TARGET_LOGIN_METHOD'],
    ['Kerberos', [Buffer.from('R\0\0\0\u0008\0\0\0\u0002')], 'GS_TARGET_LOGIN_METHOD'],
    ['a cleartext password', [buildCleartextRequest()], 'GS_TARGET_LOGIN_METHOD'],
    ['success in the middle of SCRAM', [buildSaslRequest(['SCRAM-SHA-256']), buildAuthenticationOk()], 'GS_TARGET_NOT_PROVEN'],
    ['too many connections', [error('53300')], 'GS_TARGET_FULL'],
    ['that it starts up', [error('57P03')], 'GS_TARGET_NOT_READY'],
    ['an error without SQLSTATE', [Buffer.from('E\0\0\0\u0005\0')], 'GS_TARGET_REFUSED'],
  ] as const)('refuses %s', async (_, turn, code) => {
    const { address } = await scripted([...turn])
    await expect(logIn(address, { user: 'a', password: 'b' })).rejects.toMatchObject({ code })
  })

  it('takes an older minor version, a key of 4 bytes, and keeps notices whole', async () => {
    const notice = buildNoticeResponse({ severity: 'WARNING', sqlstate: '01000', message: 'soon '.repeat(100_000) })
    const { address } = await scripted([buildNegotiateProtocolVersion(0, []), buildAuthenticationOk(), key(4), notice, ready, notice])
    const target = await logIn(address, { user: 'a' })
    expect(target).toMatchObject({ minor: 0, processId: 9 })
    expect(target.notices).toEqual([notice])
    expect(target.rest).toEqual(notice.subarray(0, target.rest.length))
  })

  it('asks again for 3.0 where a target does not negotiate', async () => {
    const { address, heard } = await scripted([error('0A000')])
    await expect(logIn(address, { user: 'a' })).rejects.toMatchObject({ code: 'GS_TARGET_REFUSED', sqlstate: '0A000' })
    expect(heard.map((packet) => readStartup(packet.subarray(4)))).toMatchObject([{ minor: 2 }, { minor: 0 }])
  })

  describe('that must change nothing', () => {
    const readOnly = { readOnly: true } as const
    const status = (text: string) => Buffer.concat([Buffer.from([0x53, 0, 0, 0, 4 + text.length]), Buffer.from(text)])
    const opened = [buildAuthenticationOk(), key(4), ready]
    const set = Buffer.from('C\0\0\0\u0008SET\0')

    it('is told to once more unless it says itself that it will not', async () => {
      const deaf = await scripted(opened, [set, status('default_transaction_read_only\0on\0'), ready])
      const target = await logIn(deaf.address, { user: 'a' }, readOnly)
      expect(target.parameters.get('default_transaction_read_only')).toBe('on')
      expect(deaf.heard.map(String)[1]).toContain('SET default_transaction_read_only TO on')
      const hearing = await scripted([buildAuthenticationOk(), status('default_transaction_read_only\0on\0'), key(4), ready])
      await logIn(hearing.address, { user: 'a' }, readOnly)
      expect(hearing.heard).toHaveLength(1)
    })

    it.each([
      ['refuses to', [error('42501')], 'GS_TARGET_LOGIN_REFUSED'],
      ['is ready without having done it', [ready], 'GS_TARGET_PROTOCOL'],
      ['answers with rows', [Buffer.from('D\0\0\0\u0006\0\0')], 'GS_TARGET_PROTOCOL'],
      ['says it twice', [set, set, ready], 'GS_TARGET_PROTOCOL'],
    ] as const)('is refused where it %s', async (_, answer, code) => {
      const { address } = await scripted(opened, [...answer])
      await expect(logIn(address, { user: 'a' }, readOnly)).rejects.toMatchObject({ code })
    })

    it('is asked again without the setting where it takes that for a violation, and no more often', async () => {
      const { address, heard } = await scripted([error('08P01')])
      await expect(logIn(address, { user: 'a' }, readOnly)).rejects.toMatchObject({ sqlstate: '08P01' })
      const packets = heard.map((packet) => readStartup(packet.subarray(4)))
      expect(
        packets.map((packet) => packet.kind === 'startup' && [packet.minor, packet.parameters.has('default_transaction_read_only')]),
      ).toEqual([
        [2, true],
        [0, true],
        [2, false],
        [0, false],
      ])
    })
  })

  it('refuses a setting that would smuggle in another', async () => {
    const { address, heard } = await scripted()
    const settings = new Map([['application_name', 'a\0role\0admin']])
    await expect(logIn(address, { user: 'a' }, { settings })).rejects.toMatchObject({ code: 'GS_TARGET_SETTING_REFUSED' })
    expect(heard).toEqual([])
  })

  it('ends when it is told to', async () => {
    const { address, server } = await scripted([])
    const abort = new AbortController()
    const gone = new Promise((resolve) => server.once('connection', (socket: Socket) => socket.once('close', resolve)))
    const attempt = logIn(address, { user: 'a' }, {}, abort.signal)
    setTimeout(() => abort.abort(new Error('the client left')), 50)
    await expect(attempt).rejects.toThrow('the client left')
    await gone
  })
})

/** What PgBouncer does by default: start-up settings that it does not track are a protocol violation. */
async function refusing(target: RunningPostgres) {
  const { connect } = await import('node:net')
  const server = createServer((client) => {
    client.on('error', () => undefined)
    client.once('data', (packet: Buffer) => {
      if (packet.includes('default_transaction_read_only')) return client.end(error('08P01'))
      const upstream = connect(target.port, target.host)
      upstream.on('error', () => undefined)
      upstream.write(packet)
      client.pipe(upstream).pipe(client)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, close: () => server.close() }
}

/** A man in the middle whose certificate the client trusts: TLS on both sides, messages passed on. */
async function interceptor(target: RunningPostgres, certificates: Awaited<ReturnType<typeof issueTestCertificates>>) {
  const { TLSSocket, connect, createSecureContext } = await import('node:tls')
  const { connect: connectPlain } = await import('node:net')
  const server = createServer((client) => {
    client.on('error', () => undefined)
    client.once('data', (request) => {
      const upstream = connectPlain(target.port, target.host)
      upstream.on('error', () => undefined)
      upstream.write(request)
      upstream.once('data', () => {
        const behind = connect({ socket: upstream, rejectUnauthorized: false })
        const { certificate: cert, key } = certificates.server
        const front = new TLSSocket(client, { isServer: true, secureContext: createSecureContext({ cert, key }) })
        front
          .on('error', () => undefined)
          .pipe(behind)
          .on('error', () => undefined)
          .pipe(front)
        client.write('S')
      })
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, ca: certificates.ca, close: () => server.close() }
}
