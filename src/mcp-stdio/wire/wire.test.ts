import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventReader, EventTooLong, eventText } from './events.ts'
import { LineReader, LineTooLong } from './line-reader.ts'
import { errorMessage, ownVersion, progressTokenOf, readMessage } from './message.ts'

/** In pieces, cut at these places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((to, at) => bytes.subarray(places[at], to))
}

describe('lines', () => {
  it('are the same wherever the stream is cut', () => {
    const bytes = Buffer.from('{"a":1}\r\n\n{"b":"ü"}\nrest')
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new LineReader(100)
      expect(
        pieces(bytes, [at])
          .flatMap((piece) => reader.push(piece))
          .map(String),
      ).toEqual(['{"a":1}', '', '{"b":"ü"}'])
    }
  })

  it('are what split gives, for any bytes and cuts, or are refused where one is longer than it may be', () => {
    const chunk = fc.array(fc.oneof(fc.constantFrom('\n', '\r', '{', '"', 'é'), fc.string({ maxLength: 12 })), { maxLength: 20 })
    let passed = 0
    fc.assert(
      fc.property(chunk, fc.array(fc.nat(), { maxLength: 6 }), (parts, cuts) => {
        const text = parts.join('')
        const wanted = text
          .split('\n')
          .slice(0, -1)
          .map((line) => line.replace(/\r$/, ''))
        const isLong = (line: string) => Buffer.byteLength(line) > 20
        const reader = new LineReader(20)
        const read = () =>
          pieces(Buffer.from(text), cuts)
            .flatMap((piece) => reader.push(piece))
            .map(String)
        if (wanted.some(isLong)) {
          expect(read).toThrow(LineTooLong)
          return
        }
        try {
          expect(read()).toEqual(wanted)
          passed++
        } catch (error) {
          // What is behind the last newline is too long already.
          if (!(error instanceof LineTooLong)) throw error
          expect(isLong(text.split('\n').at(-1)!)).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
    expect(passed).toBeGreaterThan(1000)
  })

  it('take no more room than they have bytes, also where each comes by itself', () => {
    const reader = new LineReader(1_000_000)
    const kilobyte = Buffer.alloc(1024, 'x')
    const before = process.memoryUsage().rss
    for (let at = 0; at < 1_000_000; at++) reader.push(kilobyte.subarray(at & 1023, (at & 1023) + 1))
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6)
    expect(reader.push(Buffer.from('\n'))[0]).toHaveLength(1_000_000)
  })

  it('may have so many bytes, and not one more', () => {
    expect(new LineReader(4).push(Buffer.from('1234\r\n')).map(String)).toEqual(['1234'])
    expect(() => new LineReader(4).push(Buffer.from('12345\n'))).toThrow(LineTooLong)
    const reader = new LineReader(4)
    reader.push(Buffer.from('12345'.slice(0, 5)))
    expect(() => reader.push(Buffer.from('6'))).toThrow(LineTooLong)
  })
})

describe('a message', () => {
  const read = (text: string) => readMessage(Buffer.from(text))

  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', { kind: 'request', id: 1, method: 'ping' }],
    ['{"jsonrpc":"2.0","id":"a","method":"x","params":{"y":1}}', { kind: 'request', id: 'a', params: { y: 1 } }],
    ['{"jsonrpc":"2.0","method":"notifications/x"}', { kind: 'notification', method: 'notifications/x' }],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', { kind: 'answer', id: 1 }],
    ['{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}', { kind: 'answer', id: undefined }],
  ])('is told apart: %s', (text, wanted) => {
    expect(read(text)).toMatchObject({ ...wanted, text })
  })

  it.each([
    ...['', 'null', '7', '"x"', '[]', '[{"jsonrpc":"2.0","method":"x"}]', '{}', '{"jsonrpc":"1.0","method":"x"}', '{"jsonrpc":"2.0"}'],
    ...['{"jsonrpc":"2.0","id":null,"method":"x"}', '{"jsonrpc":"2.0","id":{},"method":"x"}', '{"jsonrpc":"2.0","method":"x","params":[]}'],
    ...['{"jsonrpc":"2.0","method":7}', '{"jsonrpc":"2.0","method":"x"', 'Listening on port 3000'],
  ])('is none: %s', (text) => {
    expect(read(text)).toBeUndefined()
  })

  it('is none where it is not UTF-8, or nested beyond what is read', () => {
    expect(readMessage(Buffer.from([0x7b, 0xff, 0x7d]))).toBeUndefined()
    const nested = (depth: number) => `{"jsonrpc":"2.0","method":"x","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`
    expect(read(nested(190))).toBeDefined()
    expect(read(nested(200))).toBeUndefined()
    expect(read(nested(500_000))).toBeUndefined()
    expect(read(`{"jsonrpc":"2.0","method":"x","params":{"a":"${'[\\"{'.repeat(500)}"}}`)).toBeDefined()
  })

  it('is one line when it is passed on', () => {
    expect(read('{"jsonrpc":"2.0",\r"id":1,\r"method":"ping"}')!.text).toBe('{"jsonrpc":"2.0","id":1,"method":"ping"}')
  })

  it('never throws, and passes on what means the same', () => {
    const message = fc.record({
      jsonrpc: fc.constant('2.0'),
      id: fc.integer(),
      method: fc.string(),
      params: fc.dictionary(
        fc.string({ minLength: 4 }),
        fc.oneof({ weight: 4, arbitrary: fc.string({ minLength: 20, maxLength: 60 }) }, fc.jsonValue()),
        { minKeys: 4 },
      ),
    })
    let passed = 0
    fc.assert(
      fc.property(
        message,
        fc.nat(),
        fc.oneof(fc.nat({ max: 255 }), { weight: 4, arbitrary: fc.integer({ min: 0x61, max: 0x7a }) }),
        (value, place, byte) => {
          const bytes = Buffer.from(JSON.stringify(value))
          expect(JSON.parse(readMessage(bytes)!.text)).toEqual(JSON.parse(JSON.stringify(value)))
          const end = bytes.length / 2
          bytes[Math.floor(end) + (place % Math.floor(end))] = byte
          const changed = readMessage(bytes)
          if (!changed) return
          passed++
          expect(changed.text).not.toMatch(/[\r\n]/)
          expect(JSON.parse(changed.text)).toMatchObject({ jsonrpc: '2.0' })
        },
      ),
      { numRuns: 2000 },
    )
    expect(passed).toBeGreaterThan(1000)
  })

  it('says what is needed of it', () => {
    const said = read(
      '{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}',
    )!
    expect(said.kind === 'request' && [progressTokenOf(said), ownVersion(said)]).toEqual([7, '2026-07-28'])
    const odd = read(
      '{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"progressToken":{},"io.modelcontextprotocol/protocolVersion":"newest\\r\\n"}}}',
    )!
    expect(odd.kind === 'request' && [progressTokenOf(odd), ownVersion(odd)]).toEqual([undefined, undefined])
    expect(JSON.parse(errorMessage(null, { code: 'GS_X', message: 'No.', next: 'Stop.' }))).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32000, message: 'GS_X: No.', data: { code: 'GS_X', next: 'Stop.' } },
    })
  })
})

describe('events', () => {
  const all = (reader: EventReader, text: string, cuts: readonly number[] = []) =>
    pieces(Buffer.from(text), cuts).flatMap((piece) => reader.push(piece))

  it('are the same wherever the stream is cut, and whatever ends its lines', () => {
    const text = ': hello\nid: 1\ndata: ü1\ndata:2\n\nretry: 50\n\nid\n\nevent: x\n\ndata\n\ndata: not over'
    const wanted = [
      { id: '1', data: 'ü1\n2', retry: undefined },
      { id: undefined, data: undefined, retry: 50 },
      { id: '', data: undefined, retry: undefined },
      { id: undefined, data: '', retry: undefined },
    ]
    for (const ending of ['\n', '\r\n', '\r']) {
      const bytes = text.replaceAll('\n', ending)
      for (let at = 0; at <= Buffer.byteLength(bytes); at++) expect(all(new EventReader(1000), bytes, [at])).toEqual(wanted)
    }
  })

  it('are those that were written', () => {
    const message = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value))
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 8 }), (messages, cuts) => {
        const text = messages.map((each, at) => eventText(each, `s-${at}`)).join('')
        expect(all(new EventReader(100_000), text, cuts).map(({ data }) => data)).toEqual(messages)
      }),
    )
  })

  it('are refused where one is longer than it may be, in one line, in many, or unfinished', () => {
    for (const text of [`data: ${'x'.repeat(200)}\n\n`, 'data: 1234567890\n'.repeat(20), 'x'.repeat(200), `: ${'x'.repeat(200)}\n`])
      expect(() => all(new EventReader(100), text)).toThrow(EventTooLong)
    expect(all(new EventReader(100), 'data: 1\n\n'.repeat(100))).toHaveLength(100)
  })
})
