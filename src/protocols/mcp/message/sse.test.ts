import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KEEP_ALIVE, SseDecoder, type SseEvent, SseTooLong, writeEvent } from './sse.ts'

const decoded = (pieces: readonly Uint8Array[]): SseEvent[] => {
  const decoder = new SseDecoder()
  return pieces.flatMap((piece) => decoder.push(piece))
}
const plain = ({ event, data, id, retry }: SseEvent) => ({ event, data: data?.toString(), id, retry })

const STREAM = Buffer.from(
  '\ufeff: hello\n\nevent: endpoint\ndata: /messages\n\nid: 7\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\nretry: 1500\rid\rdata\r\r data: not a field\ndata:x\n\nunknown: field\n\ndata: unfinished',
)
const EVENTS = [
  { event: '', data: undefined, id: undefined, retry: undefined },
  { event: 'endpoint', data: '/messages', id: undefined, retry: undefined },
  { event: '', data: '{"a":\n"ü"}', id: '7', retry: undefined },
  { event: '', data: '', id: '', retry: 1500 },
  { event: '', data: 'x', id: undefined, retry: undefined },
  { event: '', data: undefined, id: undefined, retry: undefined },
]

describe('a stream of events', () => {
  it('is read the same wherever it is cut in two, and byte by byte', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      expect(decoded([STREAM.subarray(0, at), STREAM.subarray(at)]).map(plain)).toEqual(EVENTS)
    }
    expect(decoded([...STREAM].map((byte) => Uint8Array.of(byte))).map(plain)).toEqual(EVENTS)
  })

  it('that ends within an event never had that event', () => {
    for (let at = STREAM.length - 16; at < STREAM.length; at++) expect(decoded([STREAM.subarray(0, at)])).toHaveLength(EVENTS.length)
  })

  it('is not held beyond what one event may be, also in many lines', () => {
    const decoder = () => new SseDecoder(1_000)
    expect(() => decoder().push(Buffer.from(`data: ${'x'.repeat(1_000)}`))).toThrow(SseTooLong)
    expect(() => decoder().push(Buffer.from('data: x\n'.repeat(200)))).toThrow(SseTooLong)
    expect(decoder().push(Buffer.from(`data: ${'x'.repeat(900)}\n\n`.repeat(10)))).toHaveLength(10)
  })

  it('is written in one form that is read as what it was', () => {
    const text = fc.string().map((each) => Buffer.from(each.replaceAll(/\r\n?/g, '\n')))
    const line = fc.stringMatching(/^[a-z0-9 ]{1,8}$/).map((each) => each.trim())
    const event = fc.record({
      event: line,
      data: text,
      id: fc.option(line, { nil: undefined }),
      retry: fc.option(fc.nat(99_999), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 4 }), fc.nat(), (events, cut) => {
        const bytes = Buffer.concat(events.map(writeEvent))
        const at = bytes.length === 0 ? 0 : cut % bytes.length
        expect(decoded([bytes.subarray(0, at), bytes.subarray(at)]).map(plain)).toEqual(events.map(plain))
      }),
    )
  })

  it('takes no more room than it has bytes, whether each comes by itself or is a line of its own', () => {
    const before = process.memoryUsage().rss
    const decoder = new SseDecoder()
    decoder.push(Buffer.from('data: '))
    const kilobyte = Buffer.alloc(1024, 'x')
    for (let at = 0; at < 1_000_000; at++) decoder.push(kilobyte.subarray(at & 1023, (at & 1023) + 1))
    const lines = Buffer.from(`\n${'data\n'.repeat(1_000_000)}\n`)
    const [event] = decoder.push(lines)
    expect(event?.data).toHaveLength(2_000_000)
    expect(writeEvent(event!)).toHaveLength(6 + 2_000_000 + 6 * 1_000_000 + 2)
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6)
  })

  it('cannot be broken out of', () => {
    expect(writeEvent({ event: 'a\nid: b', id: 'c\r\ndata: d', data: Buffer.from('e\n\nf\rdata: g') }).toString()).toBe(
      'event: a id: b\nid: c  data: d\ndata: e\ndata: \ndata: f\ndata: data: g\n\n',
    )
    expect(writeEvent({})).toBe(KEEP_ALIVE)
  })

  it('of whatever bytes ends in events or in an error, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        for (const { data } of decoded(pieces)) expect(data === undefined || Buffer.isBuffer(data)).toBe(true)
      }),
    )
  })
})
