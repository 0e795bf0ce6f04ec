import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { webSocketFrame } from './build.ts'
import { StreamError } from './errors.ts'
import { LONGEST_FRAME, opcodes, WebSocketReader, type WebSocketVisitor } from './websocket.ts'

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** Writes down messages and control frames, whole. */
class Scribe implements WebSocketVisitor {
  readonly seen: string[] = []
  #message = ''
  message(text: boolean): void {
    this.#message = text ? 'text ' : 'binary '
  }
  continues(): void {
    this.#message += '|'
  }
  content(bytes: Uint8Array, start: number, end: number): void {
    this.#message += Buffer.from(bytes.subarray(start, end)).toString('latin1')
  }
  messageEnd(): void {
    this.seen.push(this.#message)
  }
  control(opcode: number, payload: Uint8Array): void {
    this.seen.push(`${opcode} ${Buffer.from(payload).toString('latin1')}`)
  }
}

function read(masked: boolean, chunks: readonly Uint8Array[]): { seen: string[]; reader: WebSocketReader } {
  const scribe = new Scribe()
  const reader = new WebSocketReader(masked, scribe)
  for (const chunk of chunks) reader.push(chunk)
  return { seen: scribe.seen, reader }
}

const codeOf = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error instanceof StreamError ? error.code : `not coded: ${error}`
  }
  return 'nothing'
}

const session = (mask?: Uint8Array) =>
  Buffer.concat([
    webSocketFrame(opcodes.text, Buffer.from('Hello'), mask),
    webSocketFrame(opcodes.ping, Buffer.from('p'), mask),
    webSocketFrame(opcodes.binary, Buffer.from('one'), mask, false),
    webSocketFrame(opcodes.pong, Buffer.alloc(0), mask),
    webSocketFrame(opcodes.continuation, Buffer.alloc(0), mask, false),
    webSocketFrame(opcodes.continuation, Buffer.from('two'), mask),
    webSocketFrame(opcodes.binary, Buffer.alloc(126, 'a'), mask),
    webSocketFrame(opcodes.binary, Buffer.alloc(0), mask),
    webSocketFrame(opcodes.close, Buffer.from([0x03, 0xe8]), mask),
  ])
const SEEN = ['text Hello', '9 p', '10 ', 'binary one||two', `binary ${'a'.repeat(126)}`, 'binary ', '8 \x03\xe8']

describe('frames of a WebSocket', () => {
  it('reads the examples of RFC 6455 §5.7', () => {
    expect(read(false, [Buffer.from('810548656c6c6f', 'hex')]).seen).toEqual(['text Hello'])
    expect(read(true, [Buffer.from('818537fa213d7f9f4d5158', 'hex')]).seen).toEqual(['text Hello'])
    expect(read(false, [Buffer.from('010348656c80026c6f', 'hex')]).seen).toEqual(['text Hel|lo'])
    expect(read(false, [Buffer.from('890548656c6c6f', 'hex')]).seen).toEqual(['9 Hello'])
    expect(read(false, [Buffer.concat([Buffer.from('827e0100', 'hex'), Buffer.alloc(256, 'x')])]).seen).toEqual([
      `binary ${'x'.repeat(256)}`,
    ])
  })

  it.each([undefined, KEY])('are the same wherever they are cut (key %s)', (mask) => {
    const bytes = session(mask)
    for (let at = 0; at <= bytes.length; at++) {
      const { seen, reader } = read(mask !== undefined, [bytes.subarray(0, at), bytes.subarray(at)])
      expect(seen).toEqual(SEEN)
      expect(reader.closed).toBe(true)
    }
    expect(
      read(
        mask !== undefined,
        [...bytes].map((byte) => Buffer.from([byte])),
      ).seen,
    ).toEqual(SEEN)
  })

  it('are at a boundary only where none is under way, and no message either', () => {
    const bytes = session(KEY)
    let boundaries = 0
    for (let at = 0; at <= bytes.length; at++) if (read(true, [bytes.subarray(0, at)]).reader.atBoundary) boundaries++
    // Before the first, and behind each that ends no message in between.
    expect(boundaries).toBe(1 + 6)
  })

  it('leave unmasked content at its place in the chunk', () => {
    const chunk = Buffer.concat([Buffer.from('810548656c6c6f', 'hex')])
    const scribe = new Scribe()
    scribe.content = (bytes, start, end) => {
      expect(bytes).toBe(chunk)
      expect([start, end]).toEqual([2, 7])
    }
    new WebSocketReader(false, scribe).push(chunk)
    expect.assertions(2)
  })

  it.each([
    ['an unmasked frame of a client', true, '810548656c6c6f'],
    ['a masked frame of a server', false, '818537fa213d7f9f4d5158'],
    ['a bit of an extension', false, 'c10548656c6c6f'],
    ['an opcode that means nothing', false, '830548656c6c6f'],
    ['a control opcode that means nothing', false, '8b00'],
    ['a cut control frame', false, '0900'],
    ['a long control frame', false, '897e007e'],
    ['half of a close code', false, '880103'],
    ['a continuation of nothing', false, '8000'],
    ['a message within another', false, '01014182014181'],
    ['a length that is not the shortest', false, '827e0005'],
    ['a long length that is not the shortest', false, '827f0000000000000400'],
    ['a frame behind Close', false, '8800810141'],
  ])('refuses %s', (_, masked, hex) => {
    expect(codeOf(() => read(masked, [Buffer.from(hex, 'hex')]))).toBe('GS_K8S_WEBSOCKET')
  })

  it('refuses a frame that is longer than any', () => {
    const header = Buffer.from('827f0000000000000000', 'hex')
    header.writeBigUInt64BE(BigInt(LONGEST_FRAME), 2)
    expect(codeOf(() => read(false, [header]))).toBe('nothing')
    header.writeBigUInt64BE(BigInt(LONGEST_FRAME + 1), 2)
    expect(codeOf(() => read(false, [header]))).toBe('GS_K8S_STREAM_LIMIT')
    header.fill(0xff, 2)
    expect(codeOf(() => read(false, [header]))).toBe('GS_K8S_STREAM_LIMIT')
  })

  it('end in a code or are read, whatever the bytes are, and the same however they come', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.uint8Array({ maxLength: 400 }), fc.nat(400), (masked, bytes, cut) => {
        const outcome = (chunks: readonly Uint8Array[]) => {
          const scribe = new Scribe()
          const code = codeOf(() => {
            const reader = new WebSocketReader(masked, scribe)
            for (const chunk of chunks) reader.push(chunk)
          })
          expect(code).not.toContain('not coded')
          return [code, ...scribe.seen]
        }
        expect(outcome([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(outcome([bytes]))
      }),
      { numRuns: 500 },
    )
  })
})
