import { latin1, NAME, Names, runStart } from '../../redaction/index.ts'

/** RFC 4648 §4 and §5. */
const RANDOM = /^[A-Za-z0-9+/_-]+={0,2}$/
const SHORTEST = 24
const LONGEST = 128
/** Bits per character, as Shannon counts them, of letters of both cases and digits by chance: a text of 24 has 4.2 on average. */
const LEAST_ENTROPY = 3.8
/** How often one kind of character follows another: by chance 0.63 of all, in identifiers and words less than a third. */
const LEAST_CHANGES = 0.42
/** Digests of SHA-1, SHA-256, SHA-384 and SHA-512 in base64, with or without their name: every lock file has them. */
const DIGEST = /^(?:sha\d{1,3}-.*|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=|(?=[A-Za-z0-9]*[+/])[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{86}==)$/

/** Characters by chance without a name that tells: of all three kinds, evenly mixed, no digest, no text or number in base64. */
export function looksRandom(text: string): boolean {
  if (text.length < SHORTEST || text.length > LONGEST || !RANDOM.test(text)) return false
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/\d/.test(text) || DIGEST.test(text)) return false
  return changes(text) >= LEAST_CHANGES && entropy(text) >= LEAST_ENTROPY && !isEncodedText(text)
}

/** Bytes between a name and its value, at most: a quote, a separator, a blank, a quote. */
const MOST_BETWEEN = 6
const LONGEST_NAME = 48

/** Names that are kept before they are forgotten. */
const MOST_NAMES = 1000

/** Knows which names are those of secrets; a text has few names, often. */
export class SecretNames {
  #names = new Names()
  #asked = 0

  /**
   * Whether a value is given the name of a secret: `api_key=…`, `"clientSecret": "…"`.
   * @param start of the value
   */
  isNamed(bytes: Uint8Array, start: number): boolean {
    let at = start
    let separated = false
    while (at > 0 && start - at < MOST_BETWEEN) {
      const byte = bytes[at - 1]
      if (byte === 0x3d || byte === 0x3a) separated = true
      else if (!(byte === 0x20 || byte === 0x22 || byte === 0x27 || byte === 0x5c)) break
      at--
    }
    if (!separated) return false
    const from = runStart(bytes, at, NAME, LONGEST_NAME)
    if (at - from < 2) return false
    if (++this.#asked % MOST_NAMES === 0) this.#names = new Names()
    return this.#names.kindOf(latin1(bytes, from, at)) !== undefined
  }
}

/** Whether what has the name of a secret can be one: letters and digits, eight of them; placeholders and words are none. */
export function isSecretValue(text: string): boolean {
  return text.length >= 8 && /[A-Za-z]/.test(text) && /\d/.test(text) && !/^[$%{<]|^(.)\1*$/.test(text)
}

function changes(text: string): number {
  let count = 0
  for (let at = 1; at < text.length; at++) if (kind(text.charCodeAt(at)) !== kind(text.charCodeAt(at - 1))) count++
  return count / (text.length - 1)
}

function kind(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return 0
  if (code >= 0x41 && code <= 0x5a) return 1
  return code >= 0x30 && code <= 0x39 ? 2 : 3
}

function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** Base64 of something that can be read, or mostly of zeros. */
function isEncodedText(text: string): boolean {
  const decoded = Buffer.from(text, 'base64')
  let plain = 0
  for (const byte of decoded) if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0) plain++
  return plain >= decoded.length * 0.85
}
