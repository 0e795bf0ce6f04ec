import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { McpError } from '../errors.ts'
import { LONGEST_MESSAGE, type RpcMessage, readMessage, readReceived, writeMessage } from './json-rpc.ts'

const read = (value: unknown) => readMessage(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof McpError) return error.code
    throw error
  }
  return 'it was read'
}

const json = fc.jsonValue({ maxDepth: 4, noUnpairedSurrogates: true } as never) as fc.Arbitrary<never>
const id = fc.oneof(fc.string({ maxLength: 20, unit: 'grapheme' }), fc.integer())
const method = fc.constantFrom('tools/call', 'tools/list', 'ping', 'notifications/progress', 'x')
const params = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null)),
)
const message: fc.Arbitrary<RpcMessage> = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), id, method, params }),
  fc.record({ kind: fc.constant('notification' as const), method, params }),
  fc.record({ kind: fc.constant('result' as const), id, result: params }),
  fc.record({ kind: fc.constant('error' as const), id, error: params }),
)

describe('a message', () => {
  it('is read as what it was written of', () => {
    fc.assert(fc.property(message, (each) => void expect(readMessage(writeMessage(each))).toEqual(each)))
    fc.assert(
      fc.property(message, (each) => void expect(readReceived(writeMessage(each).toString())).toEqual({ message: each, plain: true })),
    )
  })

  it('is read from all of it, and from nothing less', () => {
    const whole = writeMessage({ kind: 'request', id: 1, method: 'tools/call', params: { name: 'a', arguments: { path: 'ü', n: [1, 2] } } })
    for (let at = 0; at < whole.length; at++) expect(codeOf(() => readMessage(whole.subarray(0, at)))).toBe('GS_MCP_MALFORMED')
    expect(codeOf(() => readMessage(whole))).toBe('it was read')
  })

  it.each([
    [{ jsonrpc: '1.0', id: 1, method: 'ping' }],
    [{ jsonrpc: '2.0', id: 1, method: '' }],
    [{ jsonrpc: '2.0', id: 1, method: 'x'.repeat(129) }],
    [{ jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' }],
    [{ jsonrpc: '2.0', id: {}, method: 'ping' }],
    [{ jsonrpc: '2.0', id: 1 }],
    [{ jsonrpc: '2.0', id: 1, result: {}, error: {} }],
    [{ jsonrpc: '2.0', id: 1, result: {}, params: {} }],
    [{ jsonrpc: '2.0', result: {} }],
    [{ jsonrpc: '2.0', id: 1, method: 'ping', extra: 1 }],
    [{ jsonrpc: '2.0', id: 1, method: 'ping', params: null }],
    ['"text"'],
    ['1'],
    ['null'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1e400}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\\ud800"}}'],
    ['\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}'],
    [`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${'['.repeat(300)}${']'.repeat(300)}}}`],
  ])('that is none is refused (%#)', (value) => {
    expect(codeOf(() => read(value))).toBe('GS_MCP_MALFORMED')
  })

  it('of bytes that are no UTF-8 is refused, and one that is too large before it is looked at', () => {
    expect(codeOf(() => readMessage(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}', 'latin1')))).toBe('GS_MCP_MALFORMED')
    expect(codeOf(() => readMessage(Buffer.alloc(LONGEST_MESSAGE + 1)))).toBe('GS_MCP_MESSAGE_TOO_LARGE')
  })

  it('keeps names that JavaScript gives a meaning to', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"x":1},"constructor":2}}'
    expect(writeMessage(read(text)).toString()).toBe(text)
  })

  it('of whatever a mutation makes of it is read as one form, or refused', () => {
    let passed = 0
    let runs = 0
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), (each, where, byte) => {
        const bytes = writeMessage(each)
        // Most of a short message is what it is made of; what is left are values.
        bytes[where % bytes.length] = byte
        runs++
        if (codeOf(() => readMessage(bytes)) !== 'it was read') return
        passed++
        const again = writeMessage(readMessage(bytes))
        expect(writeMessage(readMessage(again))).toEqual(again)
      }),
      { numRuns: 2_000 },
    )
    expect(passed / runs).toBeGreaterThan(0.1)
  })

  it('that a server sends is written anew where two readers would differ', () => {
    expect(readReceived('{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}')).toMatchObject({ plain: false, message: { result: { a: 2 } } })
    expect(readReceived('{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud83d"}}')).toMatchObject({ plain: false })
    expect(readReceived('{"jsonrpc":"2.0","id":1,"result":{},"Result":{}}')).toBeUndefined()
    expect(readReceived('[]')).toBeUndefined()
  })

  it('of whatever JSON is never anything but a message or nothing', () => {
    fc.assert(fc.property(json, (value) => void expect(['undefined', 'object']).toContain(typeof readReceived(JSON.stringify(value)))))
  })
})
