import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { webSocketFrame } from './build.ts'
import { type ChannelOptions, ChannelReader, type ChannelVisitor } from './channels.ts'
import { StreamError } from './errors.ts'
import { opcodes, WebSocketReader } from './websocket.ts'

class Scribe implements ChannelVisitor {
  readonly seen: string[] = []
  readonly bytes = new Map<number, string>()
  content(channel: number, bytes: Uint8Array, start: number, end: number): void {
    this.bytes.set(channel, `${this.bytes.get(channel) ?? ''}${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`)
  }
  messageEnd(channel: number): void {
    this.seen.push(`${channel}: ${this.bytes.get(channel) ?? ''}`)
  }
  closed(channel: number): void {
    this.seen.push(`closed ${channel}`)
  }
  end(): void {
    this.seen.push('end')
  }
}

const V5: ChannelOptions = {
  base64: false,
  closes: true,
  allowed: (channel) => channel <= 4,
  mayClose: (channel) => channel <= 4,
  fragments: false,
}
const BASE64: ChannelOptions = { ...V5, base64: true, closes: false }

function read(options: ChannelOptions, chunks: readonly Uint8Array[]): Scribe {
  const scribe = new Scribe()
  const reader = new WebSocketReader(false, new ChannelReader(options, scribe))
  for (const chunk of chunks) reader.push(chunk)
  return scribe
}

const codeOf = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error instanceof StreamError ? error.code : `not coded: ${error}`
  }
  return 'nothing'
}

const on = (channel: number, text: string) =>
  webSocketFrame(opcodes.binary, Buffer.concat([Buffer.from([channel]), Buffer.from(text, 'latin1')]))
const inBase64 = (channel: number, text: string) =>
  webSocketFrame(opcodes.text, Buffer.from(`${channel}${Buffer.from(text, 'latin1').toString('base64')}`))

describe('channels of a WebSocket', () => {
  it('are read wherever bytes are cut', () => {
    const bytes = Buffer.concat([
      on(0, 'ls\n'),
      webSocketFrame(opcodes.binary, Buffer.alloc(0)),
      on(4, '{}'),
      on(0, ''),
      on(255, '\0'),
      on(1, 'x'),
      webSocketFrame(opcodes.close, Buffer.alloc(0)),
    ])
    for (let at = 0; at <= bytes.length; at++)
      expect(read(V5, [bytes.subarray(0, at), bytes.subarray(at)]).seen).toEqual(['0: ls\n', '4: {}', '0: ls\n', 'closed 0', '1: x', 'end'])
  })

  it('are read in base64 wherever bytes are cut', () => {
    const bytes = Buffer.concat([inBase64(0, 'a'), inBase64(0, 'bc'), inBase64(1, 'def'), inBase64(2, ''), inBase64(0, '\0\xff\x80\x01')])
    for (let at = 0; at <= bytes.length; at++) {
      const { bytes: read0, seen } = read(BASE64, [bytes.subarray(0, at), bytes.subarray(at)])
      expect(read0.get(0)).toBe('abc\0\xff\x80\x01')
      expect(read0.get(1)).toBe('def')
      expect(seen).toHaveLength(5)
    }
  })

  it.each([
    ['one that there is not', V5, on(5, 'x')],
    ['the one that closes, where none is closed', { ...V5, closes: false }, on(255, '\0')],
    ['one that was closed', V5, Buffer.concat([on(255, '\0'), on(0, 'x')])],
    ['a close without a channel', V5, on(255, '')],
    ['a close of two', V5, on(255, '\0\x01')],
    ['a close of one that there is not', V5, on(255, '\x09')],
    [
      'a message in two frames',
      V5,
      Buffer.concat([
        webSocketFrame(opcodes.binary, Buffer.from('\x04{'), undefined, false),
        webSocketFrame(opcodes.continuation, Buffer.from('\0rm')),
      ]),
    ],
    ['base64 that is cut', BASE64, webSocketFrame(opcodes.text, Buffer.from('0YW'))],
    ['base64 with a line break', BASE64, webSocketFrame(opcodes.text, Buffer.from('0YWJj\nYWJj'))],
    ['base64 that goes on behind its end', BASE64, webSocketFrame(opcodes.text, Buffer.from('0YQ==YQ=='))],
    ['what is no base64', BASE64, webSocketFrame(opcodes.text, Buffer.from('0YQ-_'))],
    ['a digit that is none', BASE64, webSocketFrame(opcodes.text, Buffer.from('/YQ=='))],
  ])('refuse %s', (_, options, bytes) => {
    expect(codeOf(() => read(options, [bytes]))).toBe('GS_K8S_CHANNEL')
    expect(
      codeOf(() =>
        read(
          options,
          [...bytes].map((byte) => Buffer.from([byte])),
        ),
      ),
    ).toBe('GS_K8S_CHANNEL')
  })

  it('join the frames of a message where everybody does', () => {
    const frames = Buffer.concat([
      webSocketFrame(opcodes.binary, Buffer.from('\x01ab'), undefined, false),
      webSocketFrame(opcodes.continuation, Buffer.from('\0cd')),
    ])
    expect(read({ ...V5, fragments: true }, [frames]).seen).toEqual(['1: ab\0cd'])
  })

  it('carry any base64 as Node reads it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(200), (content, cut) => {
        const bytes = webSocketFrame(opcodes.text, Buffer.from(`1${Buffer.from(content).toString('base64')}`))
        expect(read(BASE64, [bytes.subarray(0, cut), bytes.subarray(cut)]).bytes.get(1) ?? '').toBe(Buffer.from(content).toString('latin1'))
      }),
    )
  })
})
