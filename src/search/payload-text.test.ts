import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeHistory } from '../trail/index.ts'
import { payloadTexts } from './payload-text.ts'

/** Formats, parameters and result formats of a Bind. */
function bind(values: readonly (Uint8Array | string | null)[], formats: readonly number[] = []): Buffer {
  const short = (value: number) => Buffer.from([value >> 8, value & 0xff])
  const long = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  }
  const parts = [short(formats.length), ...formats.map(short), short(values.length)]
  for (const value of values) {
    const bytes = value === null ? undefined : Buffer.from(value as string)
    parts.push(long(bytes?.byteLength ?? -1), bytes ?? Buffer.alloc(0))
  }
  return Buffer.concat([...parts, short(1), short(1)])
}

describe('the text of a payload', () => {
  it('is its UTF-8, and its first bytes where it is long', () => {
    expect(payloadTexts('statement.1', Buffer.from('select 1'), 100)).toEqual(['select 1'])
    expect(payloadTexts('statement.1', Buffer.from('select 1'), 6)).toEqual(['select'])
    expect(payloadTexts('client', Uint8Array.of(0x61, 0xff, 0x62), 100)).toEqual(['a\ufffdb'])
  })

  it('is, of parameters, each value that is text, without its length', () => {
    const long = 'x'.repeat(0x61)
    expect(
      payloadTexts('parameters.7', bind(['alice', null, '', long, Buffer.from([0, 0, 0, 42]), Buffer.from([0xff, 0x61])], [0, 1]), 1000),
    ).toEqual(['alice', '', long])
  })

  it('is all there is where parameters are not what a Bind holds', () => {
    for (const bytes of ['', 'a', '\0\0\0\u0001\0\0\0\u0009abc', '\0\0\0\0\0\0more'])
      expect(payloadTexts('parameters.1', Buffer.from(bytes), 100)).toEqual([bytes])
  })

  it('is there for any bytes and name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('parameters.1', 'statement.1'), fc.nat(50), (bytes, name, most) => {
        for (const text of payloadTexts(name, bytes, most)) expect(typeof text).toBe('string')
      }),
    )
    const whole = bind(['alice', 'bob', null])
    for (let cut = 0; cut < whole.byteLength; cut++) expect(payloadTexts('parameters.1', whole.subarray(0, cut), 100)).toHaveLength(1)
    expect(payloadTexts('parameters.1', whole, 100)).toEqual(['alice', 'bob'])
  })
})

describe('the text of what a run says again and again', () => {
  it('is each part that is said here, with what its escapes stand for', () => {
    const content = writeHistory({
      after: { session: 'ses_a', link: 3 },
      items: [
        { part: Buffer.from('{"content":"hello world"}') },
        { same: { session: 'ses_b', link: 1 }, count: 2 },
        { part: Buffer.from(',{"content":"first\\nsecond \\"third\\" f\\u00fcnf \\\\n"}') },
      ],
    })
    expect(payloadTexts('history.4', content, 1000)).toEqual(['{"content":"hello world"}', ',{"content":"first second "third" fünf \\n"}'])
    expect(payloadTexts('history.4', content, 10)).toEqual(['{"content"'])
    expect(payloadTexts('history.4', Buffer.from('something else'), 1000)).toEqual(['something else'])
  })
})
