import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseDecoder, type SseEvent, SseTooLong, sseEvent } from './sse.ts'

const decode = (bytes: Uint8Array, cut = bytes.length || 1) => {
  const decoder = new SseDecoder()
  const events: SseEvent[] = []
  for (let at = 0; at < bytes.length; at += cut) {
    // The memory is somebody else's, and used again.
    const chunk = Buffer.from(bytes.subarray(at, at + cut))
    events.push(...decoder.push(chunk))
    chunk.fill(0x2e)
  }
  return { events, rest: decoder.end() }
}
const told = (events: readonly SseEvent[]) => events.filter(({ data }) => data !== undefined).map(({ name, data }) => [name, data])

const STREAM = 'data: {"a":1}\n\nevent: ping\ndata: {}\n\n: kept alive\n\ndata: one\ndata: two\nid: 3\n\ndata\n\ndata:x\n\ndata: [DONE]\n\n'
const TOLD = [
  ['', '{"a":1}'],
  ['ping', '{}'],
  ['', 'one\ntwo'],
  ['', ''],
  ['', 'x'],
  ['', '[DONE]'],
]

describe('the same events come of it', () => {
  it.each([
    ['LF', STREAM],
    ['CRLF', STREAM.replaceAll('\n', '\r\n')],
    ['CR', STREAM.replaceAll('\n', '\r')],
    ['a byte order mark', `\uFEFF${STREAM}`],
  ])('with %s, wherever it is cut', (_, text) => {
    const bytes = Buffer.from(text)
    for (let cut = 1; cut <= bytes.length; cut++) {
      const { events, rest } = decode(bytes, cut)
      expect(told(events)).toEqual(TOLD)
      expect(rest).toHaveLength(0)
      expect(Buffer.concat(events.map(({ bytes: each }) => each)).toString()).toBe(text)
    }
  })
})

it('gives an event as soon as its blank line is there', () => {
  const decoder = new SseDecoder()
  expect(told(decoder.push(Buffer.from('data: 1\r\n\r\n')))).toEqual([['', '1']])
  expect(told(decoder.push(Buffer.from('data: 2\n\ndata: 3')))).toEqual([['', '2']])
  expect(told(decoder.push(Buffer.from('\n\n')))).toEqual([['', '3']])
  expect(told(decoder.push(Buffer.from('data: 4\r\n\r')))).toEqual([['', '4']])
  expect(told(decoder.push(Buffer.from('\ndata: 5\n\n')))).toEqual([['', '5']])
})

it('takes a byte order mark for one only at the beginning', () => {
  expect(told(decode(Buffer.from('\uFEFF\n\n\uFEFFdata: a\n\n')).events)).toEqual([])
})

it('gives back what never ended, and no event of it', () => {
  const { events, rest } = decode(Buffer.from('data: 1\n\ndata: {"half'))
  expect(told(events)).toEqual([['', '1']])
  expect(Buffer.from(rest).toString()).toBe('data: {"half')
})

it('ends at an event that is longer than anybody looks at', () => {
  const decoder = new SseDecoder(1_000)
  expect(() => {
    for (let at = 0; at < 100; at++) decoder.push(Buffer.from('data: never over'))
  }).toThrow(SseTooLong)
})

it('loses no byte of anything, and cuts do not matter', () => {
  const piece = fc.constantFrom('data: ', 'event: e', ':', '\n', '\r', '\r\n', '\n\n', '{"a":1}', 'ä', '\uFEFF', ' ', 'x', 'id', '\0')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (pieces, cut) => {
      const bytes = Buffer.from(pieces.join(''))
      const whole = decode(bytes)
      const parts = decode(bytes, cut)
      expect(Buffer.concat([...parts.events.map(({ bytes: each }) => each), parts.rest])).toEqual(bytes)
      expect(told(parts.events)).toEqual(told(whole.events))
    }),
    { numRuns: 2_000 },
  )
})

it('reads an event of ours as it was made', () => {
  const made = sseEvent('error', '{"type":"error"}')
  expect(told(decode(made.bytes).events)).toEqual([['error', '{"type":"error"}']])
  expect(made.json).toEqual({ type: 'error' })
  expect(sseEvent('', '[DONE]').json).toBeUndefined()
})
