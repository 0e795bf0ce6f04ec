import type { HttpCredential } from '../../../operations/index.ts'

/** Shorter ones stand in ordinary text by chance; taking those out would damage answers and tell that they were meant. */
const SHORTEST = 8
/** Needles of one length or more are looked for in bytes; nothing of a credential is longer than this. */
const LONGEST = 16_384

/**
 * The forms in which a credential may come back: as it is, percent-encoded, in JSON, in base64 whatever stands before it there, and what was
 * put together to make it (user and password of Basic).
 */
export function needlesOf({ header }: HttpCredential): readonly Uint8Array[] {
  if (!header) return []
  const found = new Set<string>()
  for (const secret of secretsIn(header.value)) {
    found.add(secret)
    found.add(encodeURIComponent(secret))
    found.add(JSON.stringify(secret).slice(1, -1))
    found.add(secret.replaceAll('/', '\\/'))
    for (const encoded of base64Of(secret)) {
      found.add(encoded)
      found.add(encoded.replaceAll('+', '-').replaceAll('/', '_'))
    }
  }
  return [...found]
    .map((text) => Buffer.from(text))
    .filter(({ length }) => length >= SHORTEST && length <= LONGEST)
    .sort((a, b) => b.length - a.length)
}

/** What of the header's value nobody may see: what stands behind the scheme, and the halves of Basic. */
function secretsIn(value: string): readonly string[] {
  const [, scheme, token] = /^([A-Za-z][A-Za-z0-9-]*) +(\S+)$/.exec(value) ?? []
  if (token === undefined) return [value]
  if (scheme?.toLowerCase() !== 'basic') return [token]
  const pair = Buffer.from(token, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon < 0 ? [token] : [token, pair, pair.slice(colon + 1)]
}

/** What of its base64 is the same whatever stands around it, at each of the three places where it may begin. */
function base64Of(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    // Digits that hold bits of what stands before or behind.
    const first = before === 0 ? 0 : before + 1
    const last = (before + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1
    return encoded.slice(first, last)
  })
}
