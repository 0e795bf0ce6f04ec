import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from './errors.ts'
import {
  buildCancelRequest,
  buildNegotiateProtocolVersion,
  buildSslRequest,
  buildStartup,
  LONGEST_STARTUP,
  readNegotiateProtocolVersion,
  readStartup,
  startupLength,
} from './startup.ts'

const body = (packet: Buffer) => packet.subarray(4)
const packet = (code: number, rest: string | Buffer = '') =>
  Buffer.concat([Buffer.from(new Uint32Array([code]).buffer).reverse(), Buffer.from(rest)])
const VERSION_3 = 3 << 16

describe('a start-up packet', () => {
  it('gives the version and the settings in their order', () => {
    const sent = [
      ['user', 'run_1'],
      ['database', 'orders'],
      ['application_name', 'psql'],
    ] as const
    expect(readStartup(body(buildStartup(2, sent)))).toEqual({
      kind: 'startup',
      major: 3,
      minor: 2,
      parameters: new Map(sent),
      protocolOptions: [],
    })
  })

  it('keeps protocol options apart (PG-06)', () => {
    const sent = buildStartup(9999, [
      ['_pq_.test_protocol_negotiation', ''],
      ['user', 'a'],
    ])
    expect(readStartup(body(sent))).toMatchObject({ minor: 9999, protocolOptions: ['_pq_.test_protocol_negotiation'] })
  })

  it.each([2, 4])('of major version %d gives the number and reads no further (PG-07)', (major) => {
    expect(readStartup(packet(major << 16, 'anything at all'))).toMatchObject({ kind: 'startup', major })
  })

  it.each([
    ['settings that are cut', packet(VERSION_3, 'user\0a')],
    ['a name without a value', packet(VERSION_3, 'user\0')],
    ['no terminator', packet(VERSION_3, 'user\0a\0')],
    ['nothing behind the version', packet(VERSION_3)],
    ['bytes behind the end', packet(VERSION_3, 'user\0a\0\0x')],
    ['a setting named twice', packet(VERSION_3, 'user\0a\0user\0b\0\0')],
    ['a protocol option named twice', packet(VERSION_3, '_pq_.a\0a\0_pq_.a\0b\0\0')],
    ['an SSLRequest with more in it', packet(80877103, 'x')],
    ['a GSSENCRequest with more in it', packet(80877104, 'x')],
    ['a cancel key of 3 bytes', packet(80877102, '1234abc')],
    ['a cancel key of 257 bytes', packet(80877102, Buffer.alloc(4 + 257))],
    ['no code', Buffer.from('abc')],
  ])('is refused with %s', (_, bytes) => {
    expect(() => readStartup(bytes)).toThrow(WireError)
  })

  it.each([0, 7, LONGEST_STARTUP + 1, 0x16030100, 0x80000000, 0xffffffff])('of %d bytes is refused by its length', (length) => {
    expect(() => startupLength(packet(length))).toThrow(WireError)
  })

  it('throws nothing but WireError on hostile bytes', () => {
    const codes = fc.constantFrom(VERSION_3, VERSION_3 | 2, 80877102, 80877103, 80877104, 0)
    fc.assert(
      fc.property(codes, fc.array(fc.constantFrom('user\0', 'a\0', '\0', '_pq_.x\0', 'x', '\xff'), { maxLength: 12 }), (code, parts) => {
        try {
          readStartup(packet(code, parts.join('')))
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })
})

describe('a cancel request', () => {
  it.each([4, 32, 256])('carries a key of %d bytes', (bytes) => {
    const key = Buffer.alloc(bytes, 5)
    expect(readStartup(body(buildCancelRequest(0xfffffffe, key)))).toEqual({ kind: 'cancel-request', processId: 0xfffffffe, key })
  })
})

it('reads what it builds', () => {
  expect(startupLength(buildSslRequest())).toBe(8)
  expect(readStartup(body(buildSslRequest()))).toEqual({ kind: 'ssl-request' })
  const offer = buildNegotiateProtocolVersion(2, ['_pq_.a', '_pq_.b'])
  expect(offer.readUInt32BE(1)).toBe(offer.length - 1)
  expect(readNegotiateProtocolVersion(offer.subarray(5))).toBe(2)
  expect(offer.subarray(13).toString()).toBe('_pq_.a\0_pq_.b\0')
})
