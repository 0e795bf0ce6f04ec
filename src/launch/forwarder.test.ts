import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import { type Forwarder, startForwarder } from './forwarder.ts'

let gateway: Server
let ca: string
let forwarder: Forwarder
const names: unknown[] = []

beforeEach(async () => {
  const certificates = await issueTestCertificates(['localhost'])
  ca = certificates.ca
  names.length = 0
  // Says back what it hears, and ends when it has heard all.
  gateway = createServer(
    { cert: certificates.server.certificate, key: certificates.server.key, allowHalfOpen: true } as never,
    (socket: TLSSocket) => {
      names.push(socket.servername)
      socket.pipe(socket)
      socket.on('error', () => undefined)
    },
  )
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', () => resolve()))
})
afterEach(() => {
  forwarder?.close()
  gateway.close()
})

const port = () => (gateway.address() as AddressInfo).port

it('carries bytes both ways as they are, under the name of the gateway', async () => {
  forwarder = await startForwarder({ host: 'localhost', port: port(), ca })
  const client = connect(forwarder.port, '127.0.0.1')
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251))
  client.end(sent)
  const heard: Buffer[] = []
  client.on('data', (piece: Buffer) => heard.push(piece))
  await once(client, 'close')
  expect(Buffer.concat(heard).equals(sent)).toBe(true)
  expect(names).toEqual(['localhost'])
})

it('carries nothing to somebody who cannot prove to be the gateway', async () => {
  const { ca: other } = await issueTestCertificates(['localhost'])
  forwarder = await startForwarder({ host: 'localhost', port: port(), ca: other })
  const client = connect(forwarder.port, '127.0.0.1')
  client.on('error', () => undefined)
  client.write('CONNECT example.org:443 HTTP/1.1\r\nProxy-Authorization: Basic secret\r\n\r\n')
  let heard = ''
  client.on('data', (piece) => {
    heard += piece
  })
  await once(client, 'close')
  expect(heard).toBe('')
  expect(names).toEqual([])
})

it('lets go of a client when the gateway goes, and of all when it is closed', async () => {
  forwarder = await startForwarder({ host: 'localhost', port: port(), ca })
  const client = connect(forwarder.port, '127.0.0.1')
  client.on('error', () => undefined)
  client.write('x')
  await once(client, 'data')
  forwarder.close()
  await once(client, 'close')
  const late = connect(forwarder.port, '127.0.0.1')
  await once(late, 'error')
})
