import { describe, expect, it } from 'vitest'
import {
  buildAuthenticationOk,
  buildCleartextRequest,
  buildPassword,
  buildSaslContinue,
  buildSaslFinal,
  buildSaslInitialResponse,
  buildSaslRequest,
  buildSaslResponse,
  md5Password,
  readAuthenticationRequest,
  readPassword,
  readSaslInitialResponse,
  readSaslResponse,
} from './authentication.ts'
import { buildErrorResponse, readErrorFields, readSqlstate } from './error-response.ts'
import { WireError } from './errors.ts'

const body = (message: Buffer) => {
  expect(message.readUInt32BE(1)).toBe(message.length - 1)
  return message.subarray(5)
}
const authentication = (code: number, rest = '') => Buffer.concat([Buffer.from([0, 0, 0, code]), Buffer.from(rest)])

describe('a server at log-in', () => {
  it.each([
    [buildAuthenticationOk(), { kind: 'ok' }],
    [buildCleartextRequest(), { kind: 'cleartext' }],
    [buildSaslRequest(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']), { kind: 'sasl', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] }],
    [buildSaslContinue('r=1'), { kind: 'sasl-continue', message: 'r=1' }],
    [buildSaslFinal('v=1'), { kind: 'sasl-final', message: 'v=1' }],
  ])('says what it asks for', (message, request) => {
    expect(readAuthenticationRequest(body(message))).toEqual(request)
  })

  it.each([2, 7, 8, 9, 13])('names the method %d as another', (code) => {
    expect(readAuthenticationRequest(authentication(code, 'x'))).toEqual({ kind: 'other', code })
  })

  it.each([
    ['a cut code', Buffer.from([0, 0])],
    ['a salt of three bytes', authentication(5, 'abc')],
    ['mechanisms without an end', authentication(10, 'A\0')],
    ['an empty mechanism', authentication(10, 'A\0\0B\0\0')],
  ])('is refused with %s', (_, bytes) => {
    expect(() => readAuthenticationRequest(bytes)).toThrow(WireError)
  })
})

describe('a client at log-in', () => {
  it('reads back what it builds', () => {
    expect(readPassword(body(buildPassword('pässword')))).toBe('pässword')
    expect(readSaslInitialResponse(body(buildSaslInitialResponse('SCRAM-SHA-256', 'n,,n=,r=a')))).toEqual({
      mechanism: 'SCRAM-SHA-256',
      message: 'n,,n=,r=a',
    })
    expect(readSaslResponse(body(buildSaslResponse('c=biws')))).toBe('c=biws')
  })

  it.each(['', 'secret', 'two\0words\0'])('is refused with the password packet %j', (text) => {
    expect(() => readPassword(Buffer.from(text))).toThrow(WireError)
  })

  it.each(['', 'SCRAM', 'SCRAM\0', 'SCRAM\0\0\0\0', 'SCRAM\0\0\0\0\u0005abcd', 'SCRAM\0\xff\xff\xff\xff'])(
    'is refused with the SASLInitialResponse %j',
    (text) => {
      expect(() => readSaslInitialResponse(Buffer.from(text, 'latin1'))).toThrow(WireError)
    },
  )

  it('answers an MD5 challenge as PostgreSQL does', () => {
    // Python: 'md5' + md5(md5(b'secretalice').hexdigest().encode() + bytes([1, 2, 3, 4])).hexdigest()
    expect(md5Password('alice', 'secret', Buffer.from([1, 2, 3, 4]))).toBe('md598a0412b9c31436fc53776e863350083')
  })
})

describe('an error', () => {
  it('is read as it was built', () => {
    const message = buildErrorResponse({ severity: 'FATAL', sqlstate: '28P01', message: 'no', detail: 'GS_X', hint: 'do this' })
    expect(message.toString('latin1', 0, 1)).toBe('E')
    expect(readErrorFields(body(message))).toEqual(
      new Map([
        ['S', 'FATAL'],
        ['V', 'FATAL'],
        ['C', '28P01'],
        ['M', 'no'],
        ['D', 'GS_X'],
        ['H', 'do this'],
      ]),
    )
    expect(readSqlstate(body(message))).toBe('28P01')
  })

  it('cannot be given a field by a NUL in a text', () => {
    const message = buildErrorResponse({ severity: 'ERROR', sqlstate: '42501', message: 'a\0Cxxxxx' })
    expect(readSqlstate(body(message))).toBe('42501')
    expect(readErrorFields(body(message))?.get('M')).toBe('a\u{fffd}Cxxxxx')
  })

  it.each(['', 'S', 'Serror', 'Serror\0', 'Serror\0\0more'])('is not read from %j', (text) => {
    expect(readErrorFields(Buffer.from(text))).toBeUndefined()
  })
})
