import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readClientHello } from './client-hello.ts'

/** What a client of Node's says first. */
async function helloOf(options: object): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options }).on('error', () => undefined)
  const [socket] = await once(server, 'connection')
  const pieces: Buffer[] = []
  while (readClientHello(Buffer.concat(pieces)).is === 'unfinished') pieces.push((await once(socket, 'data'))[0])
  client.destroy()
  socket.destroy()
  server.close()
  return Buffer.concat(pieces)
}

let hello: Buffer
let old: Buffer
beforeAll(async () => {
  hello = await helloOf({ servername: 'API.Example.org' })
  old = await helloOf({ servername: 'api.example.org', maxVersion: 'TLSv1.2' })
})

/** The same message in records of so many bytes. */
function inRecords(bytes: Buffer, size: number): Buffer {
  const message = bytes.subarray(5)
  const pieces: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size)
    pieces.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece)
  }
  return Buffer.concat(pieces)
}

describe('the begin of a connection', () => {
  it('says which name TLS asks for, in lower case, or that it asks for none', async () => {
    expect(readClientHello(hello)).toEqual({ is: 'hello', serverName: 'api.example.org', hidden: false })
    expect(readClientHello(old)).toEqual({ is: 'hello', serverName: 'api.example.org', hidden: false })
    expect(readClientHello(await helloOf({}))).toEqual({ is: 'hello', serverName: undefined, hidden: false })
  })

  it('is unfinished at every place before its end, and nothing else', () => {
    for (let end = 0; end < hello.length; end++) expect(readClientHello(hello.subarray(0, end)).is).toBe('unfinished')
  })

  it('may be cut into records, though not into any number of them', () => {
    for (const size of [40, 64, 200, 1_000]) expect(readClientHello(inRecords(hello, size))).toEqual(readClientHello(hello))
    expect(readClientHello(inRecords(hello, 1)).is).toBe('other')
  })

  it('is something else at once where its first byte is no handshake', () => {
    for (const other of ['GET / HTTP/1.1\r\n', 'SSH-2.0-x\r\n', '\0', '\x80\x2e\x01'])
      expect(readClientHello(Buffer.from(other)).is).toBe('other')
    expect(readClientHello(Buffer.from([22, 2])).is).toBe('other')
    expect(readClientHello(Buffer.from([22, 3, 1, 0xff, 0xff])).is).toBe('other')
    expect(readClientHello(Buffer.from([22, 3, 1, 0, 4, 2])).is).toBe('other')
  })

  it('tells that it hides a name within', () => {
    const at = hello.indexOf(Buffer.from([0x00, 0x0d]), 80)
    expect(at).toBeGreaterThan(0)
    const hiding = Buffer.from(hello)
    hiding.writeUInt16BE(0xfe0d, at)
    const read = readClientHello(hiding)
    expect(read.is === 'other' || (read.is === 'hello' && read.hidden)).toBe(true)
  })

  it('is refused where lengths do not fit, or two names are asked for', () => {
    const at = hello.indexOf('API.Example.org')
    const named = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(hello)
      change(bytes)
      return readClientHello(bytes).is
    }
    expect(named((bytes) => bytes.writeUInt16BE(14, at - 2))).toBe('other')
    expect(named((bytes) => bytes.writeUInt16BE(16, at - 2))).toBe('other')
    expect(named((bytes) => bytes.writeUInt8(1, at - 3))).toBe('other')
    expect(named((bytes) => bytes.writeUInt8(0, at))).toBe('other')
    expect(named((bytes) => bytes.writeUInt8(0xff, 43))).toBe('other')
  })

  it('never takes bytes that were changed for what they were not, and never throws', () => {
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(hello.length), (at, value, end) => {
        const bytes = Buffer.from(hello)
        bytes[at] = value
        const read = readClientHello(bytes.subarray(0, end))
        expect(['unfinished', 'other', 'hello']).toContain(read.is)
        if (read.is === 'hello' && read.serverName !== undefined) expect(read.serverName).toMatch(/^[\x21-\x7e]{1,253}$/)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => readClientHello(Buffer.from(bytes))).not.toThrow()
        expect(() => readClientHello(Buffer.concat([Buffer.from([22, 3, 1, 0, bytes.length & 255, 1, 0, 0]), bytes]))).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })
})
