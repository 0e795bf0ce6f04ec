import { gunzipSync } from 'node:zlib'

/** What must not be seen: values that stand nowhere but in masked fields, by where they stand. */
export const CANARIES = {
  secret: 'Zq7xKw93vJp2-hTb5nRd8',
  environment: 'Mf4cWy81sLg6-kDz2vQx7',
  configmap: 'Bt9rNh35pXe8-wGj4mUa1',
  binary: 'Yd2kVs67zCq1-bPf8tEo5',
  token: 'Hu6jRa14gTm3-xNw9cIl2',
  helm: 'Ls8pFb52yKd7-qVe3hJz6',
} as const

export type Canary = keyof typeof CANARIES

/** So much of it in a row is a leak; what `partial` keeps is shorter. */
const FRAGMENT = 7
/** Texts in base64 in texts in base64, as Helm has them. */
const DEEPEST = 4

/** Which canaries are in these bytes, and how they are written; empty: none. */
export function canariesIn(bytes: Uint8Array, depth = 0): readonly string[] {
  const text = Buffer.from(bytes).toString('latin1')
  const folded = text.toLowerCase()
  const found = new Set<string>()
  for (const { name, ways, encoded } of TRACES) {
    for (const [way, traces] of ways) if (traces.some((trace) => folded.includes(trace))) found.add(`${name}${way}`)
    if (encoded.some((trace) => text.includes(trace))) found.add(`${name} in base64`)
  }
  if (depth < DEEPEST) for (const inner of packedIn(text)) for (const each of canariesIn(inner, depth + 1)) found.add(`${each}, packed`)
  return [...found]
}

/** The same among megabytes: as they are, in hex or in base64. */
export function plainlyIn(bytes: Buffer): readonly string[] {
  return Object.entries(CANARIES).flatMap(([name, value]) => {
    const traces = [value, Buffer.from(value).toString('hex'), ...inBase64(value), ...inBase64(Buffer.from(value).toString('base64'))]
    return traces.some((trace) => bytes.includes(trace)) ? [name] : []
  })
}

function waysOf(value: string): Readonly<Record<string, readonly string[]>> {
  const lower = value.toLowerCase()
  const reversed = [...lower].reverse().join('')
  return {
    '': pieces(lower),
    ' reversed': pieces(reversed),
    ' in hex': [...pieces(value), ...pieces(lower)].map((piece) => Buffer.from(piece).toString('hex')),
    ' in UTF-16': pieces(lower).map((piece) => Buffer.from(piece, 'utf16le').toString('latin1')),
    ' in percents': [...pieces(value), ...pieces(lower)].map((piece) =>
      [...piece].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(''),
    ),
  }
}

function pieces(text: string): readonly string[] {
  return Array.from({ length: text.length - FRAGMENT + 1 }, (_, at) => text.slice(at, at + FRAGMENT))
}

/** What looks the same whatever stands before and behind. */
function inBase64(value: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from('\0'.repeat(before) + value).toString('base64')
    const first = Math.ceil((before * 8) / 6)
    return encoded.slice(first, first + Math.floor((value.length * 8) / 6) - 3)
  })
}

/** Of each canary. Made once: they are looked for in every word that might be packed. */
const TRACES = Object.entries(CANARIES).map(([name, value]) => ({ name, ways: Object.entries(waysOf(value)), encoded: inBase64(value) }))

/** What texts in base64 hold, and what that holds where it is compressed. */
function* packedIn(text: string): Generator<Uint8Array> {
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{24,}={0,2}/g)) {
    const bytes = Buffer.from(run, 'base64')
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      try {
        yield gunzipSync(bytes)
      } catch {
        // Cut, or something else that begins so.
      }
    }
    yield bytes
  }
}
