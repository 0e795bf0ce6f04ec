import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type ConnectorWorld, isUp, startConnectorWorld } from '../../test/parts/connector-door.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import type { ConnectorsOptions } from './gateway/types.ts'
import { connectorIdOf, spkiOf } from './key.ts'
import { channelBinding, prove } from './proof.ts'
import { saidAtEnrolment, saidAtTunnel } from './said.ts'
import { CONNECTOR_HEADER, PROOF_HEADER, TUNNEL_PROTOCOL, VERSION_HEADER } from './words.ts'

let world: ConnectorWorld
const verifyWorkload = vi.fn<ConnectorsOptions['verifyWorkload']>()

beforeEach(async () => {
  verifyWorkload.mockReset()
  world = await startConnectorWorld({ verifyWorkload, workloadRule: () => 'rule' })
})
afterEach(() => world.close())

const refusals = () => world.of('refused').map(({ code }) => code)

it('takes in whoever shows a token, once, and says so before the connector hears of it', async () => {
  const connector = await world.up()
  const { id, name } = connector.state()
  expect(name).toBe('plant-a')
  expect(world.told.map(({ kind }) => kind)).toEqual(['offered', 'enrolled', 'up'])
  expect(world.of('enrolled')).toMatchObject([
    { connector: id, name: 'plant-a', how: { by: 'token', offeredBy: 'someone' }, address: '127.0.0.1' },
  ])
  expect(world.connectors.known()).toMatchObject([{ id, name: 'plant-a', how: { by: 'token' } }])
  expect(JSON.stringify(world.told)).not.toContain('gs_con_')
})

it('is the same connector when it starts again with its folder, and needs no token', async () => {
  const data = world.folder()
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  const first = await world.up({ data, token })
  const { id } = first.state()
  await first.stop()
  const second = await world.up({ data })
  expect(second.state().id).toBe(id)
  expect(world.of('enrolled')).toHaveLength(1)
})

it('spends a token once', async () => {
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  await world.up({ token })
  const second = await world.connector({ token })
  expect(await second.ended).toMatchObject({ code: 'GS_CONNECTOR_TOKEN_INVALID' })
  expect(second.state()).toMatchObject({ phase: 'refused', lastError: { code: 'GS_CONNECTOR_TOKEN_INVALID' } })
  expect(refusals()).toEqual(['GS_CONNECTOR_TOKEN_INVALID'])
})

it('spends a token once, however many show it at the same time', async () => {
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  const all = await Promise.all(Array.from({ length: 5 }, () => world.connector({ token })))
  const ended = all.map(async (connector) => (await connector.ended)?.code)
  await expect.poll(() => all.filter((connector) => connector.state().phase === 'refused').length).toBe(4)
  await Promise.all(all.map((connector) => connector.stop()))
  expect((await Promise.all(ended)).filter((code) => code === 'GS_CONNECTOR_TOKEN_INVALID')).toHaveLength(4)
  expect(world.of('enrolled')).toHaveLength(1)
})

it.each([
  ['one that it never gave', async () => `gs_con_${'0'.repeat(40)}`],
  ['something else', async () => 'let me in'],
  ['one that is too old', async () => (await world.connectors.offer('plant-a', 'someone', -1)).token],
  [
    'one that was taken back',
    async () => {
      const { id, token } = await world.connectors.offer('plant-a', 'someone', 60_000)
      expect(await world.connectors.revoke(id, 'someone')).toBe(true)
      return token
    },
  ],
])('refuses %s', async (_what, token) => {
  const connector = await world.connector({ token: await token() })
  expect(await connector.ended).toMatchObject({ code: 'GS_CONNECTOR_TOKEN_INVALID' })
  expect(world.connectors.known()).toEqual([])
})

it('refuses a token of another name, and names that are not configured', async () => {
  const { token } = await world.connectors.offer('plant-b', 'someone', 60_000)
  const other = await world.connector({ token, name: 'plant-a' })
  expect(await other.ended).toMatchObject({ code: 'GS_CONNECTOR_TOKEN_INVALID' })
  await expect(world.connectors.offer('nowhere', 'someone', 60_000)).rejects.toMatchObject({ code: 'GS_CONNECTOR_NAME_UNKNOWN' })
  await world.up({ token, name: 'plant-b' })
})

it('takes in a workload under the name that its token is good for', async () => {
  verifyWorkload.mockImplementation(async (name, token) => {
    if (name !== 'plant-a' || token !== 'good.workload.token') throw new Error('no')
    return { issuer: 'cluster', subject: 'psn_1', rule: 'rule', token }
  })
  const tokens = ['stale.workload.token', 'good.workload.token']
  const connector = await world.up({ name: 'plant-a', workloadToken: async () => tokens.shift() ?? 'good.workload.token' })
  expect(world.of('enrolled')).toMatchObject([
    { connector: connector.state().id, how: { by: 'workload', issuer: 'cluster', subject: 'psn_1' } },
  ])
  expect(refusals()).toEqual(['GS_CONNECTOR_WORKLOAD_REFUSED'])
  // A token may become good; it goes on trying.
  const other = await world.connector({ name: 'plant-b', workloadToken: async () => 'good.workload.token' })
  await expect.poll(() => other.state().lastError?.code).toBe('GS_CONNECTOR_WORKLOAD_REFUSED')
  expect(other.state().phase).not.toBe('refused')
})

it('cuts a revoked connector at once, lets it in no more, and keeps the others', async () => {
  const [gone, stays] = [await world.up(), await world.up()]
  const { id } = gone.state()
  expect(await world.connectors.revoke(id, 'admin', 'lost')).toBe(true)
  expect(world.connectors.state().map((link) => link.id)).toEqual([stays.state().id])
  expect(await gone.ended).toMatchObject({ code: 'GS_CONNECTOR_REVOKED' })
  expect(world.of('revoked')).toMatchObject([{ id, name: 'plant-a', revokedBy: 'admin', reason: 'lost' }])
  expect(world.of('down')).toMatchObject([{ connector: id, why: 'revoked' }])
  expect(world.of('refused')).toMatchObject([{ code: 'GS_CONNECTOR_REVOKED', connector: id, name: 'plant-a' }])
  expect(await world.connectors.revoke(id, 'admin')).toBe(false)
  expect(await world.connectors.revoke('con_nobody', 'admin')).toBe(false)
})

it('lets a revoked key enrol no more, whatever it shows', async () => {
  const data = world.folder()
  const first = await world.up({ data, token: (await world.connectors.offer('plant-a', 'someone', 60_000)).token })
  await world.connectors.revoke(first.state().id, 'admin')
  await first.ended
  const again = await world.connector({ data, token: (await world.connectors.offer('plant-a', 'someone', 60_000)).token })
  expect(await again.ended).toMatchObject({ code: 'GS_CONNECTOR_REVOKED' })
})

it('cuts connectors of a name that is configured no more, and takes them back once it is', async () => {
  const connector = await world.up()
  world.names.delete('plant-a')
  world.connectors.settingsChanged()
  expect(world.of('down')).toMatchObject([{ why: 'unconfigured' }])
  await expect.poll(() => connector.state().lastError?.code).toBe('GS_CONNECTOR_NAME_UNKNOWN')
  world.names.add('plant-a')
  await isUp(connector, world.connectors)
})

it('goes to no gateway whose certificate it does not trust', async () => {
  const { ca } = await issueTestCertificates(['localhost'])
  const connector = await world.connector({ ca })
  await expect.poll(() => connector.state().lastError?.code).toBe('GS_CONNECTOR_GATEWAY_UNTRUSTED')
  expect(world.of('enrolled')).toEqual([])
})

it('ends where it has nothing to enrol with', async () => {
  const connector = await world.connector({ data: world.folder() })
  expect(await connector.ended).toMatchObject({ code: 'GS_CONNECTOR_NO_TOKEN' })
})

// What follows speaks to the door by hand.

interface Said {
  readonly status: number
  readonly code?: string
}

async function connection(options: { readonly maxVersion?: 'TLSv1.2' } = {}): Promise<TLSSocket> {
  const socket = connect({
    port: Number(world.url.port),
    host: '127.0.0.1',
    servername: 'localhost',
    ca: world.certificates.ca,
    ...options,
  })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

function send(socket: TLSSocket, method: string, path: string, headers: Record<string, string | string[]>, body?: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const asking = request({ createConnection: () => socket, method, path, headers: { host: world.url.host, ...headers } })
    asking.once('upgrade', () => resolve({ status: 101 }))
    asking.once('error', reject)
    asking.once('response', async (response) => {
      const answer = JSON.parse(await text(response)) as { code?: string }
      resolve({ status: response.statusCode!, ...(answer.code !== undefined && { code: answer.code }) })
    })
    asking.end(body)
  })
}

const tunnelHeaders = (id: string, proof: Uint8Array, version = '1') => ({
  connection: 'upgrade',
  upgrade: TUNNEL_PROTOCOL,
  [CONNECTOR_HEADER]: id,
  [VERSION_HEADER]: version,
  [PROOF_HEADER]: Buffer.from(proof).toString('base64url'),
})

function newKey(): { readonly privateKey: KeyObject; readonly spki: Buffer; readonly id: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, spki: spkiOf(publicKey), id: connectorIdOf(spkiOf(publicKey)) }
}

async function enrolBody(key: ReturnType<typeof newKey>, socket: TLSSocket, change: Record<string, unknown> = {}): Promise<string> {
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  const proof = prove(key.privateKey, 'enrol', channelBinding(socket)!, saidAtEnrolment(key.spki, 'plant-a', { token }))
  return JSON.stringify({
    name: 'plant-a',
    publicKey: key.spki.toString('base64url'),
    proof: proof.toString('base64url'),
    token,
    ...change,
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }

async function enrolled() {
  const key = newKey()
  const socket = await connection()
  expect(await send(socket, 'POST', '/v1/enrol', JSON_TYPE, await enrolBody(key, socket))).toEqual({ status: 200 })
  return key
}

it('takes no proof of another connection, and none for another purpose', async () => {
  const key = await enrolled()
  const [first, second] = [await connection(), await connection()]
  const proof = prove(key.privateKey, 'tunnel', channelBinding(first)!, saidAtTunnel(key.id, '1'))
  expect(await send(second, 'GET', '/v1/tunnel', tunnelHeaders(key.id, proof))).toEqual({ status: 401, code: 'GS_CONNECTOR_PROOF_INVALID' })
  expect(await send(first, 'GET', '/v1/tunnel', tunnelHeaders(key.id, proof))).toEqual({ status: 101 })
  const third = await connection()
  const purpose = prove(key.privateKey, 'enrol', channelBinding(third)!, saidAtTunnel(key.id, '1'))
  expect(await send(third, 'GET', '/v1/tunnel', tunnelHeaders(key.id, purpose))).toMatchObject({ status: 401 })
  const fourth = await connection()
  const version = prove(key.privateKey, 'tunnel', channelBinding(fourth)!, saidAtTunnel(key.id, '2'))
  expect(await send(fourth, 'GET', '/v1/tunnel', tunnelHeaders(key.id, version))).toMatchObject({ status: 401 })
  // The same from the same address is told of once a minute.
  expect(refusals()).toEqual(['GS_CONNECTOR_PROOF_INVALID'])
})

it('takes no proof by another key, and no id that it does not know', async () => {
  const [key, other] = [await enrolled(), newKey()]
  const socket = await connection()
  const proof = prove(other.privateKey, 'tunnel', channelBinding(socket)!, saidAtTunnel(key.id, '1'))
  expect(await send(socket, 'GET', '/v1/tunnel', tunnelHeaders(key.id, proof))).toEqual({ status: 401, code: 'GS_CONNECTOR_PROOF_INVALID' })
  const another = await connection()
  const good = prove(other.privateKey, 'tunnel', channelBinding(another)!, saidAtTunnel(other.id, '1'))
  expect(await send(another, 'GET', '/v1/tunnel', tunnelHeaders(other.id, good))).toEqual({ status: 401, code: 'GS_CONNECTOR_UNKNOWN' })
})

it.each([
  ['of another connection', async (key: ReturnType<typeof newKey>) => enrolBody(key, await connection())],
  [
    'over another token',
    async (key: ReturnType<typeof newKey>, socket: TLSSocket) => enrolBody(key, socket, { token: `gs_con_${'1'.repeat(40)}` }),
  ],
  ['over another name', async (key: ReturnType<typeof newKey>, socket: TLSSocket) => enrolBody(key, socket, { name: 'plant-b' })],
  [
    'over another key',
    async (key: ReturnType<typeof newKey>, socket: TLSSocket) => enrolBody(key, socket, { publicKey: newKey().spki.toString('base64url') }),
  ],
])('enrols nobody with a proof %s', async (_what, body) => {
  const socket = await connection()
  expect(await send(socket, 'POST', '/v1/enrol', JSON_TYPE, await body(newKey(), socket))).toEqual({
    status: 401,
    code: 'GS_CONNECTOR_PROOF_INVALID',
  })
  expect(world.connectors.known()).toEqual([])
})

it.each([
  ['no JSON', '{'],
  ['a field too many', '{"name":"plant-a","publicKey":"AA","proof":"AA","token":"x","admin":true}'],
  ['both kinds of token', '{"publicKey":"AA","proof":"AA","token":"x","workloadToken":"y"}'],
  ['no token', '{"publicKey":"AA","proof":"AA"}'],
  ['a name that is none', '{"name":"../x","publicKey":"AA","proof":"AA","token":"x"}'],
])('answers 400 to %s', async (_what, body) => {
  expect(await send(await connection(), 'POST', '/v1/enrol', JSON_TYPE, body)).toEqual({
    status: 400,
    code: 'GS_CONNECTOR_REQUEST_INVALID',
  })
})

it('reads no body over 64 KiB', async () => {
  const body = JSON.stringify({ token: 'x'.repeat(70_000) })
  expect(await send(await connection(), 'POST', '/v1/enrol', JSON_TYPE, body)).toEqual({
    status: 400,
    code: 'GS_CONNECTOR_REQUEST_INVALID',
  })
})

it('switches only for GET of one path to one protocol, under its own name, with one of each header', async () => {
  const key = await enrolled()
  const refused = async (method: string, path: string, change: Record<string, string | string[]>) => {
    const socket = await connection()
    const proof = prove(key.privateKey, 'tunnel', channelBinding(socket)!, saidAtTunnel(key.id, '1'))
    return (await send(socket, method, path, { ...tunnelHeaders(key.id, proof), ...change })).code
  }
  expect(await refused('POST', '/v1/tunnel', {})).toBe('GS_CONNECTOR_REQUEST_INVALID')
  expect(await refused('GET', '/v1/enrol', {})).toBe('GS_CONNECTOR_REQUEST_INVALID')
  expect(await refused('GET', '/v1/tunnel', { upgrade: 'h2c' })).toBe('GS_CONNECTOR_REQUEST_INVALID')
  expect(await refused('GET', '/v1/tunnel', { host: 'elsewhere' })).toBe('GS_CONNECTOR_MISDIRECTED')
  expect(await refused('GET', '/v1/tunnel', { host: 'other.localhost' })).toBe('GS_CONNECTOR_MISDIRECTED')
  expect(await refused('GET', '/v1/tunnel', { [CONNECTOR_HEADER]: [key.id, key.id] })).toBe('GS_CONNECTOR_REQUEST_INVALID')
  expect(await refused('GET', '/v1/tunnel', { [CONNECTOR_HEADER]: "con_' OR 1=1" })).toBe('GS_CONNECTOR_REQUEST_INVALID')
  expect(await refused('GET', '/v1/tunnel', { [PROOF_HEADER]: 'AAAA' })).toBe('GS_CONNECTOR_REQUEST_INVALID')
  expect(world.of('up')).toEqual([])
})

it('takes no upgrade behind another request, whose answer may still be under way', async () => {
  const key = await enrolled()
  const socket = await connection()
  const proof = prove(key.privateKey, 'tunnel', channelBinding(socket)!, saidAtTunnel(key.id, '1'))
  const head = Object.entries({ host: world.url.host, ...tunnelHeaders(key.id, proof) }).map(([name, value]) => `${name}: ${value}\r\n`)
  const first = `POST /v1/enrol HTTP/1.1\r\nhost: ${world.url.host}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`
  const answers = text(socket)
  socket.write(`${first.repeat(20)}GET /v1/tunnel HTTP/1.1\r\n${head.join('')}\r\n`)
  expect(await answers).not.toContain('101 Switching')
  expect(world.of('up')).toEqual([])
})

it('speaks no TLS before 1.3, where a proof would not be bound to its connection', async () => {
  await expect(connection({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version|alert/i)
})

it('has a connector that sends no proof to whoever speaks an older TLS', async () => {
  const old = createServer({ cert: world.certificates.server.certificate, key: world.certificates.server.key, maxVersion: 'TLSv1.2' })
  await once(old.listen(0, '127.0.0.1'), 'listening')
  const gateway = new URL(`https://localhost:${(old.address() as { port: number }).port}`)
  const connector = await world.connector({ gateway })
  await expect.poll(() => connector.state().lastError?.code).toMatch(/^GS_CONNECTOR_GATEWAY_/)
  await connector.stop()
  await new Promise((resolve) => old.close(resolve))
})
