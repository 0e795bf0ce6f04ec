import { Needles } from '../../parts/needles.ts'

/** What must not be seen: values that stand nowhere but in masked columns. */
export const CANARY = {
  text: 'Zq7xKw93vJp2@hTb5nRd8.example',
  bigint: '7391842650',
  numeric: '7391842650.17',
  date: '1973-09-17',
  uuid: '9d3f1c77-5b42-4e88-a6d1-7e20c4b95f13',
} as const

/** So much of it in a row is a leak: characters of a text, digits of a number. */
const FRAGMENT = 7
const DIGITS = 8

/** One way in which the canary may show. */
export interface Trace {
  readonly what: string
  readonly bytes: Buffer
  /** Whether upper and lower case are one. */
  readonly folded: boolean
}

/** @param short whether few bytes are enough, wherever in the canary they stand: not among megabytes */
export function traces(short: boolean): readonly Trace[] {
  const all: Trace[] = []
  const add = (what: string, bytes: Buffer, folded = false) => all.push({ what, bytes: folded ? folding(bytes) : bytes, folded })
  for (const [name, value, length] of [
    ['text', CANARY.text, FRAGMENT],
    ['bigint', CANARY.bigint, DIGITS],
    ['uuid', CANARY.uuid, 12],
    ['uuid without dashes', CANARY.uuid.replaceAll('-', ''), 12],
    ['date', CANARY.date, 10],
  ] as const) {
    const reversed = [...value].reverse().join('')
    for (const [way, text] of [
      ['', value],
      [' reversed', reversed],
    ] as const) {
      for (const piece of pieces(text, length, short ? 1 : length)) {
        add(`${name}${way}`, Buffer.from(piece), true)
        for (const cased of new Set([piece, piece.toUpperCase(), piece.toLowerCase()])) {
          add(`${name}${way} in hex`, Buffer.from(Buffer.from(cased).toString('hex')), true)
          add(`${name}${way} in UTF-16`, Buffer.from(cased, 'utf16le'))
          add(`${name}${way} in UTF-16, the other way round`, Buffer.from(cased, 'utf16le').swap16())
        }
      }
    }
    for (const cased of new Set([value, value.toUpperCase(), value.toLowerCase()])) {
      for (const before of [0, 1, 2]) add(`${name} in base64`, inBase64(cased, before))
    }
  }
  add('numeric, binary', Buffer.from('004923e00a5a06a4', 'hex'))
  const bigint = Buffer.alloc(8)
  bigint.writeBigInt64BE(BigInt(CANARY.bigint))
  add('bigint, binary', bigint)
  add('uuid, binary', Buffer.from(CANARY.uuid.replaceAll('-', ''), 'hex'))
  if (short) {
    const days = Buffer.alloc(4)
    days.writeInt32BE(Math.round((Date.parse(CANARY.date) - Date.parse('2000-01-01')) / 86_400_000))
    add('date, binary', days)
  }
  return all
}

/** What of the canary is in these bytes; empty: nothing. */
export function tracesIn(bytes: Buffer, looked: readonly Trace[]): string[] {
  const { folded, plain } = needlesOf(looked)
  return [...new Set([...folded(folding(bytes)), ...plain(bytes)])]
}

const made = new WeakMap<readonly Trace[], Record<'folded' | 'plain', (bytes: Buffer) => string[]>>()

/** Made once: they are looked for in hundreds of answers. */
function needlesOf(looked: readonly Trace[]) {
  const finding = (some: readonly Trace[]) => {
    const needles = new Needles(some.map((trace) => trace.bytes))
    return (bytes: Buffer) => {
      const found = new Set<number>()
      needles.find(bytes, found)
      return [...found].map((at) => some[at]!.what)
    }
  }
  const needles = made.get(looked) ?? {
    folded: finding(looked.filter(({ folded }) => folded)),
    plain: finding(looked.filter(({ folded }) => !folded)),
  }
  made.set(looked, needles)
  return needles
}

function* pieces(text: string, length: number, apart: number): Generator<string> {
  for (let at = 0; at + length <= text.length; at += apart) yield text.slice(at, at + length)
}

/** What of it looks the same whatever stands before and behind. @param before bytes before it, of three */
function inBase64(value: string, before: number): Buffer {
  const encoded = Buffer.from('\0'.repeat(before) + value).toString('base64')
  const first = Math.ceil((before * 8) / 6)
  return Buffer.from(encoded.slice(first, first + Math.floor((value.length * 8) / 6) - 3))
}

/** ASCII letters in lower case. */
function folding(bytes: Buffer): Buffer {
  const folded = Buffer.from(bytes)
  for (let at = 0; at < folded.length; at += 1) if (folded[at]! >= 0x41 && folded[at]! <= 0x5a) folded[at]! += 0x20
  return folded
}
