import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Detection, DetectorStream, type Detectors, detect, detectors } from './index.ts'

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const JWT = `${base64url({ alg: 'HS256' })}.${base64url({ sub: '1' })}.SflKxwRJSMeKKF2QT4fwpM`
const pieces = [
  ...[
    'bob@example.com',
    '4111 1111 1111 1111',
    'GB82 WEST 1234 5698 7654 32',
    '536-90-4399',
    '+44 20 7946 0958',
    '(415) 555-2671',
    '10.0.0.1',
  ],
  ...['2001:db8::1', JWT, `AKIA${'IOSFODNN7EXAMPLE'}`, `ghp_${'zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17'}`, 'q7Rz2LkP9vXc4TnB8wYd1MfH6sJg3A'],
  ...[
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nEg==\n-----END RSA PRIVATE KEY-----',
    '"api_key": "abcd1234efgh"',
    'password=',
  ],
  ...[
    ' ',
    ' ',
    '\n',
    '\r\n',
    '"',
    ',',
    '-',
    '.',
    ':',
    '=',
    '@',
    '+',
    '1',
    '4',
    '12',
    'a',
    'order',
    '\\n',
    '\\',
    '\\u00e9',
    'é',
    '\xff',
    '(',
    ')',
  ],
  ...['version 1.2.3.4', 'ticket-123', 'x'.repeat(9000), `${JWT}${'a1B2'.repeat(3000)}`],
]
const text = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: fc.string({ maxLength: 9 }) }), {
    maxLength: 14,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))
const cuts = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 })

const own = detectors(undefined, [
  { name: 'ticket', pattern: 'ticket-[0-9]+( |$)' },
  { name: 'long', pattern: 'o.*d' },
])

/** Everything that went on, and what was found, at its place in the whole. */
function stream(bytes: Uint8Array, sizes: Iterable<number>, wanted: Detectors) {
  const stream = new DetectorStream(wanted, 100)
  const gone: Uint8Array[] = []
  const found: Detection[] = []
  let length = 0
  const take = ({ bytes, found: some }: ReturnType<DetectorStream['end']>) => {
    for (const { start, end, detector } of some) {
      expect(end).toBeLessThanOrEqual(bytes.length)
      found.push({ start: start + length, end: end + length, detector })
    }
    gone.push(bytes)
    length += bytes.length
  }
  let at = 0
  for (const size of sizes) {
    take(stream.push(bytes.subarray(at, at + size), 0))
    at += size
    if (at >= bytes.length) break
  }
  take(stream.push(bytes.subarray(at), 0))
  take(stream.end())
  return { gone: Buffer.concat(gone), found }
}

it.each([
  ['built in', detectors()],
  ['with patterns of the user', own],
])('finds the same however the bytes are cut: %s', (_, wanted) => {
  fc.assert(
    fc.property(text, cuts, (bytes, sizes) => {
      const { gone, found } = stream(bytes, sizes, wanted)
      expect(gone.equals(bytes)).toBe(true)
      expect(found).toEqual(detect(bytes, wanted))
    }),
    { numRuns: 600 },
  )
})

it('finds the same byte by byte', () => {
  const bytes = Buffer.from(pieces.filter((each) => each.length < 1000).join(' '), 'latin1')
  for (const wanted of [detectors(), own]) {
    expect(stream(bytes, Array(bytes.length).fill(1), wanted).found).toEqual(detect(bytes, wanted))
  }
})

const pushed = (stream: DetectorStream, text: string, now = 0) => Buffer.from(stream.push(Buffer.from(text), now).bytes).toString()

it('holds back a word that has not ended and a number that may go on, and nothing else', () => {
  const held = new DetectorStream(detectors(), 100)
  expect(pushed(held, 'write to bob@exam')).toBe('write to ')
  expect(pushed(held, 'ple.com or call ')).toBe('bob@example.com or call ')
  expect(held.deadline).toBeUndefined()
  expect(pushed(held, 'x 4111 1111 ')).toBe('x ')
  expect(pushed(held, 'and')).toBe('4111 1111 ')
})

it('holds nothing over the end of a line', () => {
  fc.assert(
    fc.property(text, (bytes) => {
      for (const wanted of [detectors(), own]) {
        const held = new DetectorStream(wanted, 100)
        held.push(Buffer.concat([bytes, Buffer.from(' \n')]), 0)
        expect(held.deadline).toBeUndefined()
      }
    }),
    { numRuns: 300 },
  )
})

it('lets go on what was held for as long as it may be, and counts it', () => {
  const held = new DetectorStream(detectors(), 20)
  expect(pushed(held, 'call +44 20 79', 1000)).toBe('call ')
  expect(held.deadline).toBe(1020)
  expect(held.expire(1019).bytes.length).toBe(0)
  expect(pushed(held, '4', 1015)).toBe('')
  expect(held.deadline).toBe(1020)
  expect(Buffer.from(held.expire(1020).bytes).toString()).toBe('+44 20 794')
  expect(held.letThrough).toBe(10)
  expect(held.deadline).toBeUndefined()
  expect(pushed(held, '6 0958 bob@example.com ', 1021)).toBe('6 0958 bob@example.com ')
})

it('finds what is whole in what it lets go on', () => {
  const held = new DetectorStream(detectors(), 20)
  held.push(Buffer.from('bob@example.com'), 0)
  expect(held.expire(20).found).toEqual([{ start: 0, end: 15, detector: 'email' }])
})
