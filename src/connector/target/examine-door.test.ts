import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { createServer as createTls, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type ConnectorWorld, startConnectorWorld } from '../../../test/parts/connector-door.ts'
import { issueTestCertificates, type TestCertificates } from '../../../test/parts/test-certificates.ts'
import { examineDoor } from './examine-door.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await issueTestCertificates(['localhost'])
})

const servers: Server[] = []
const sockets = new Set<{ destroy(): void }>()
let world: ConnectorWorld | undefined
beforeEach(() => {
  world = undefined
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  await world?.close()
})

async function listening(server: Server): Promise<URL> {
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return new URL(`https://localhost:${(server.address() as AddressInfo).port}`)
}

const identity = () => ({ cert: certificates.server.certificate, key: certificates.server.key })
const tls = (talk: (socket: TLSSocket) => void, more: object = {}) =>
  listening(
    createTls({ ...identity(), ...more }, (socket) => talk(socket.on('error', () => undefined))).on('tlsClientError', () => undefined),
  )
const examine = (gateway: URL, ms = 5_000) => examineDoor({ gateway, ca: certificates.ca }, ms, new AbortController().signal)

it('knows the door for connectors, and leaves nothing behind there', async () => {
  world = await startConnectorWorld()
  await examineDoor({ gateway: world.url, ca: world.certificates.ca }, 5_000, new AbortController().signal)
  expect(world.told).toEqual([])
})

it('says which name that door is not called', async () => {
  world = await startConnectorWorld()
  const gateway = new URL(`https://127.0.0.1:${world.url.port}`)
  await expect(examineDoor({ gateway, ca: world.certificates.ca }, 5_000, new AbortController().signal)).rejects.toMatchObject({
    code: 'GS_CONNECTOR_MISDIRECTED',
  })
})

it.each([
  ['answers 404', 404, '{"code":"GS_API_NOT_FOUND"}'],
  ['answers 200', 200, '{"ok":true}'],
  ['claims another code of ours', 400, '{"code":"GS_CONNECTOR_REVOKED"}'],
])('takes none for it that %s', async (_what, code, body) => {
  const gateway = await listening(createHttps(identity(), (_request, response) => void response.writeHead(code).end(body)))
  await expect(examine(gateway)).rejects.toMatchObject({ code: 'GS_CONNECTOR_GATEWAY_ANSWER' })
})

it.each([
  ['speaks no HTTP', (socket: TLSSocket) => void socket.end('220 mail.example.org ESMTP\r\n')],
  ['closes without a word', (socket: TLSSocket) => void socket.once('data', () => socket.end())],
  ['resets', (socket: TLSSocket) => void socket.once('data', () => socket.destroy())],
  ['is silent', () => undefined],
])('takes none for it that %s', async (_what, talk) => {
  const gateway = await tls(talk)
  await expect(examine(gateway, 300)).rejects.toMatchObject({ code: 'GS_CONNECTOR_GATEWAY_ANSWER' })
})

it.each([
  ['only an older TLS', { maxVersion: 'TLSv1.2' }],
  ['another protocol in TLS', { ALPNProtocols: ['postgresql'] }],
])('takes none for it that speaks %s', async (_what, more) => {
  const gateway = await tls(() => undefined, more)
  await expect(examine(gateway)).rejects.toMatchObject({ code: 'GS_CONNECTOR_GATEWAY_ANSWER' })
})

it('takes none for it that speaks no TLS', async () => {
  const gateway = await listening(createTcp((socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  await expect(examine(gateway)).rejects.toMatchObject({ code: 'GS_CONNECTOR_GATEWAY_ANSWER' })
})
