import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { wayTo } from '../../../../test/parts/dialled.ts'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogInRoles, logInHba, logInRoles } from '../../../../test/parts/postgres-roles.ts'
import { CodedError, type Dial, type TargetAddress } from '../../../operations/index.ts'
import { sqlstateOf } from '../door/refuse.ts'
import type { PostgresAsk } from '../target.ts'
import { createLogin } from './login.ts'

class Refused extends CodedError {}
const never = new AbortController().signal
const ask: PostgresAsk = { database: 'postgres', settings: new Map(), minor: 2, readOnly: true }
const login = createLogin()
const secret = { user: logInRoles.scram.user, password: logInRoles.scram.password }
let server: RunningPostgres
beforeAll(async () => {
  server = await startPostgres({ tls: true, hba: logInHba })
  await createLogInRoles(server)
})
afterAll(() => server?.stop())

/** A name that only the way leads to. */
const behind = (dial: Dial): TargetAddress => ({
  host: 'orders.internal',
  port: 5432,
  via: { connector: 'plant-a', dial },
  tls: { verify: 'full', ca: server.certificates!.ca, serverName: 'localhost' },
})

const simple = (sql: string) => {
  const text = Buffer.from(`${sql}\0`)
  const head = Buffer.from('Q\0\0\0\0')
  head.writeUInt32BE(4 + text.length, 1)
  return Buffer.concat([head, text])
}

it('logs in over TLS that ends here, with SCRAM bound to it, and carries a large result', async () => {
  const way = wayTo(server.host, server.port)
  const { socket, processId, parameters } = await login(behind(way.via.dial), secret, ask, never)
  expect(processId).toBeGreaterThan(0)
  expect(parameters.get('default_transaction_read_only')).toBe('on')
  expect(way.streams).toHaveLength(1)
  socket.write(simple("select repeat('x', 1000) from generate_series(1, 20000)"))
  let bytes = 0
  let last = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length
    last = Buffer.concat([last, chunk]).subarray(-6)
    if (last.equals(Buffer.from('Z\0\0\0\u0005I'))) break
  }
  expect(bytes).toBeGreaterThan(20_000_000)
  expect(way.streams[0]!.destroyed).toBe(true)
})

it('cancels on the same way', async () => {
  const way = wayTo(server.host, server.port)
  const target = await login(behind(way.via.dial), secret, ask, never)
  target.socket.write(simple('select pg_sleep(60)'))
  const answered = once(target.socket.resume(), 'data') as Promise<[Buffer]>
  const running = () => server.query("select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'")
  await expect.poll(running, { interval: 20 }).toHaveLength(1)
  void target.cancel()
  const [answer] = await answered
  expect(answer.toString()).toContain('57014')
  expect(way.streams).toHaveLength(2)
  target.socket.destroy()
})

it.each([
  ['GS_CONNECTOR_ABSENT', '57P03'],
  ['GS_CONNECTOR_BUSY', '53300'],
  ['GS_CONNECTOR_TARGET_NOT_ALLOWED', '08004'],
  ['GS_CONNECTOR_TARGET_UNREACHABLE', '08001'],
])('says %s as whoever dials does', async (code, sqlstate) => {
  const refused = login(
    behind(() => Promise.reject(new Refused(code, 'What happened.', 'What to do.'))),
    secret,
    ask,
    never,
  )
  const error = await refused.then(
    () => undefined,
    (thrown: CodedError) => thrown,
  )
  expect(error).toMatchObject({ code, message: 'What happened.', next: 'What to do.' })
  expect(sqlstateOf(error!)).toBe(sqlstate)
})

it('is not told what else went wrong on the way', async () => {
  const refused = login(
    behind(() => Promise.reject(new Error('10.0.0.7 secret'))),
    secret,
    ask,
    never,
  )
  await expect(refused).rejects.toMatchObject({ code: 'GS_TARGET_UNREACHABLE', message: expect.not.stringContaining('secret') })
})

it('gives up with its client, while it is dialled and while it logs in', async () => {
  const leaving = new AbortController()
  const waiting = login(
    behind((signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))),
    secret,
    ask,
    leaving.signal,
  )
  leaving.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')

  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume()))
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const way = wayTo('127.0.0.1', (silent.address() as { port: number }).port)
  const later = new AbortController()
  const stuck = login(behind(way.via.dial), secret, ask, later.signal)
  setTimeout(() => later.abort(new Error('gone')), 100)
  await expect(stuck).rejects.toThrow('gone')
  expect(way.streams[0]!.destroyed).toBe(true)
  silent.close()
})

it('speaks no plaintext on it, whatever the address says', async () => {
  const way = wayTo(server.host, server.port)
  const plain = { ...behind(way.via.dial), tls: { verify: 'off' } } as const
  await expect(login(plain, secret, ask, never)).rejects.toMatchObject({ code: 'GS_TARGET_WITHOUT_TLS' })
  expect(way.streams).toHaveLength(0)
})

it.each([
  ['says that there is no TLS', 'N', 'GS_TARGET_WITHOUT_TLS'],
  ['speaks for the target', 'S\x16\x03\x03', 'GS_TARGET_NOT_TRUSTED'],
])('gives a connector that %s nothing but the wish for TLS', async (_, answer, code) => {
  const [here, there] = duplexPair()
  let seen = Buffer.alloc(0)
  there.on('data', (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk])
    there.write(Buffer.from(answer, 'latin1'))
  })
  await expect(
    login(
      behind(async () => here),
      secret,
      ask,
      never,
    ),
  ).rejects.toMatchObject({ code })
  expect(seen.toString('hex')).toBe('0000000804d2162f')
  expect(here.destroyed).toBe(true)
})
