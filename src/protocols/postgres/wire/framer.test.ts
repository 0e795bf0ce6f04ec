import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as build from './build.ts'
import { backend, frontend } from './codes.ts'
import { WireError } from './errors.ts'
import { Framer, type MessageVisitor } from './framer.ts'

/** Writes down what it is told, and what it would forward. */
class Scribe implements MessageVisitor {
  readonly seen: string[] = []
  readonly forwarded: Buffer[] = []
  stopAt = Number.POSITIVE_INFINITY
  wholes = 0

  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.#forward(bytes, start, end)
    this.seen.push(`${String.fromCharCode(type)}${end - start}`)
    this.wholes += 1
    return this.wholes < this.stopAt
  }

  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void {
    this.#forward(bytes, start, end)
    if (first) this.seen.push(`${String.fromCharCode(type)}…`)
  }

  oversize(type: number): void {
    this.seen.push(`${String.fromCharCode(type)}!`)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.forwarded)
  }

  #forward(bytes: Uint8Array, start: number, end: number): void {
    this.forwarded.push(Buffer.from(bytes.subarray(start, end)))
  }
}

const assembled = [frontend.query, frontend.parse, frontend.bind, frontend.sync, frontend.execute, frontend.describe, frontend.close]

function framing(limit = 4096): { scribe: Scribe; framer: Framer } {
  const scribe = new Scribe()
  return { scribe, framer: new Framer(scribe, { assembled, limit }) }
}

const session = Buffer.concat([
  build.query('select 1'),
  build.parse('s1', 'select $1::text'),
  build.describe('S', 's1'),
  build.bind('', 's1', ['räksmörgås', null]),
  build.execute('', 10),
  build.close('P', ''),
  build.sync(),
  build.query('copy t from stdin'),
  build.copyData(Buffer.from('1\t2\n')),
  build.copyData(Buffer.alloc(0)),
  build.copyDone(),
  build.flush(),
  build.terminate(),
])
const kinds = ['Q', 'P', 'D', 'B', 'E', 'C', 'S', 'Q', 'd', 'd', 'c', 'H', 'X']
const letters = (seen: readonly string[]): string[] => seen.map((one) => one[0]!)

describe('framing', () => {
  it('finds every message of one read, in place', () => {
    const { scribe, framer } = framing()
    expect(framer.push(session)).toBe(session.length)
    expect(letters(scribe.seen)).toEqual(kinds)
    expect(scribe.bytes).toEqual(session)
    expect(framer.atBoundary).toBe(true)
  })

  it('finds the same messages when they are cut at any byte', () => {
    for (let cut = 0; cut <= session.length; cut += 1) {
      const { scribe, framer } = framing()
      framer.push(session.subarray(0, cut))
      framer.push(session.subarray(cut))
      expect(letters(scribe.seen), `cut at ${cut}`).toEqual(kinds)
      expect(scribe.bytes, `cut at ${cut}`).toEqual(session)
    }
  })

  it('finds the same messages in reads of one byte', () => {
    const { scribe, framer } = framing()
    for (const byte of session) framer.push(Uint8Array.of(byte))
    expect(letters(scribe.seen)).toEqual(kinds)
    expect(scribe.bytes).toEqual(session)
  })

  it('tells every byte once, whatever the messages and the cuts', () => {
    const messages = fc.array(
      fc.record({
        type: fc.constantFrom(...assembled, frontend.copyData, backend.noticeResponse),
        body: fc.uint8Array({ maxLength: 300 }),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (list, cuts) => {
        const stream = Buffer.concat(list.map(({ type, body }) => build.message(type, body)))
        const { scribe, framer } = framing()
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length]!
          framer.push(stream.subarray(at, at + size))
          at += size
        }
        expect(scribe.bytes).toEqual(stream)
        expect(letters(scribe.seen)).toEqual(list.map(({ type }) => String.fromCharCode(type)))
        expect(framer.atBoundary).toBe(true)
      }),
    )
  })

  it('stops behind the message at which its visitor stops, and goes on from there', () => {
    for (let cut = 0; cut <= session.length; cut += 1) {
      const { scribe, framer } = framing()
      scribe.stopAt = 4
      let rest = 0
      for (const part of [session.subarray(0, cut), session.subarray(cut)]) {
        for (let at = 0; at < part.length; ) {
          at += framer.push(part.subarray(at))
          if (at < part.length) {
            rest += 1
            expect(framer.atBoundary).toBe(true)
            scribe.stopAt = Number.POSITIVE_INFINITY
          }
        }
      }
      expect(rest).toBeLessThanOrEqual(2)
      expect(scribe.bytes).toEqual(session)
    }
  })
})

describe('hostile lengths', () => {
  it.each([0, 1, 3, -1, -2147483648, 2147483647, 0x40000000])('refuses a length of %i', (length) => {
    const header = Buffer.from([frontend.query, 0, 0, 0, 0])
    header.writeInt32BE(length, 1)
    expect(() => framing().framer.push(header)).toThrow(WireError)
    const { framer } = framing()
    for (const byte of header.subarray(0, 4)) framer.push(Uint8Array.of(byte))
    expect(() => framer.push(header.subarray(4))).toThrow(WireError)
  })

  it('takes no memory for a length that is only announced', () => {
    const before = process.memoryUsage().arrayBuffers
    const framers = Array.from({ length: 64 }, () => {
      const { framer } = framing(16 * 1024 * 1024)
      const header = Buffer.from([frontend.query, 0, 0, 0, 0, 0x20])
      header.writeInt32BE(16 * 1024 * 1024 - 1, 1)
      framer.push(header)
      return framer
    })
    expect(framers).toHaveLength(64)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })

  it('drops a message over the limit and finds the next, at every cut', () => {
    const stream = Buffer.concat([build.query('x'.repeat(200)), build.sync()])
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const { scribe, framer } = framing(100)
      framer.push(stream.subarray(0, cut))
      framer.push(stream.subarray(cut))
      expect(scribe.seen).toEqual(['Q!', 'S5'])
      expect(scribe.bytes).toEqual(build.sync())
    }
  })

  it('passes a message of any size in pieces without keeping it', () => {
    const { scribe, framer } = framing(100)
    const size = 1_000_000
    const header = Buffer.from([backend.copyData, 0, 0, 0, 0])
    header.writeInt32BE(4 + size, 1)
    framer.push(header)
    for (let sent = 0; sent < size; sent += 1000) framer.push(Buffer.alloc(1000))
    framer.push(build.sync())
    expect(scribe.seen).toEqual(['d…', 'S5'])
    expect(scribe.bytes).toHaveLength(5 + size + 5)
  })

  it('assembles a message from single bytes in linear time', () => {
    const stream = build.query('x'.repeat(1_000_000))
    const { scribe, framer } = framing(2_000_000)
    for (let at = 0; at < stream.length; at += 1) framer.push(stream.subarray(at, at + 1))
    expect(scribe.seen).toEqual([`Q${stream.length}`])
  })
})
