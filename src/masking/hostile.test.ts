import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DetectorStream, detect, detectInJson, detectors } from './index.ts'

const all = detectors()

/** What repeats, to make each detector look, and look again. */
const HOSTILE = [
  ...['a', '1', '1 ', '1-', '1.', '12 ', '4111 ', '4111-', '+1', '+1 ', '+', '(415) ', '0', '00 ', '020 ', '01 '],
  ...[
    'a@',
    '@',
    'a.',
    'a@a.',
    'a@b.c@',
    '.@',
    ':',
    '::',
    'a:',
    '1:',
    'f',
    'fe80:',
    '1.1.1.1.',
    '1.1.1.',
    'GB82',
    'GB82 ',
    'GB82 WEST ',
    'A1',
  ],
  ...[
    'eyJ',
    'eyJhbGciOiJIUzI1NiJ9.',
    '.eyJ',
    'sk-',
    'ghp_',
    'AKIA',
    'Q~',
    '1Q~',
    '+ASt',
    'sig=',
    'AccountKey=',
    'a1=',
    'ab=',
    'password=',
    'key=a1b2c3d4&',
  ],
  ...[
    '-----BEGIN',
    '-----BEGIN PRIVATE KEY-----',
    '-----END',
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n',
    '\\',
    '\\u',
    '\\n',
    '"',
    'aB3',
    'aB3 ',
  ],
  ...['version 1.1.1.1 ', '\xff', 'é1', '\n', 'api_key: '],
]

/** Of the processor, since others are at work on it, too; the fastest of three. ms. */
function time(work: () => unknown): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const started = process.cpuUsage()
      work()
      return process.cpuUsage(started).user / 1000
    }),
  )
}

/** Four times the bytes take about four times as long; a quadratic one would take sixteen. A few ms are noise. */
function growsWithLength(of: (bytes: Buffer) => unknown, piece: string, bytes: number): void {
  const make = (length: number) => Buffer.from(piece.repeat(Math.ceil(length / piece.length)), 'latin1')
  const short = make(bytes)
  const long = make(4 * bytes)
  const once = time(() => of(short))
  expect(time(() => of(long))).toBeLessThan(9 * once + 15)
}

it.each(HOSTILE)('takes time by length and not by its square: %j again and again', { retry: 2 }, (piece) => {
  growsWithLength((bytes) => detect(bytes, all), piece, 64 * 1024)
})

it.each(['a', '1 ', 'a@', 'aB3', 'ab=', 'GB82 WEST '])(
  'takes time by length also when it comes in small pieces: %j',
  { retry: 2 },
  (piece) => {
    growsWithLength(
      (bytes) => {
        const stream = new DetectorStream(all, 100)
        for (let at = 0; at < bytes.length; at += 16) stream.push(bytes.subarray(at, at + 16), 0)
        stream.end()
      },
      piece,
      16 * 1024,
    )
  },
)

it.each(['"a@b.io",', '"\\u0040",', '{"a":', '"', '[', '\\"'])('takes time by length in JSON: %j', { retry: 2 }, (piece) => {
  growsWithLength((bytes) => detectInJson(bytes, all), piece, 32 * 1024)
})

it('takes time by length for patterns of the user that make others hang', { retry: 2 }, () => {
  const wanted = detectors([], [{ name: 'evil', pattern: '(a+)+$' }])
  growsWithLength((bytes) => detect(bytes, wanted), `${'a'.repeat(200)}!`, 4 * 1024)
})

it('finds places that are within the text, in order and apart, in any bytes', () => {
  const pieces = fc.constantFrom(...HOSTILE).map((each) => Buffer.from(each, 'latin1'))
  const any = fc.oneof(pieces, fc.uint8Array({ maxLength: 20 }))
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), (parts) => {
      const bytes = Buffer.concat(parts)
      for (const found of [detect(bytes, all), detectInJson(bytes, all) ?? []]) {
        let last = 0
        for (const { start, end } of found) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(bytes.length)
          last = end
        }
      }
    }),
    { numRuns: 2000 },
  )
})

it('holds no more than a word may have, however much comes', () => {
  const stream = new DetectorStream(all, 100)
  let gone = 0
  for (let pushed = 1; pushed <= 200; pushed++) {
    gone += stream.push(Buffer.alloc(1024, 'aB3'), 0).bytes.length
    expect(pushed * 1024 - gone).toBeLessThanOrEqual(8192 + 1024)
  }
})
