import { Automaton, BASE64URL, classOf, DIGIT, LETTER, latin1, PREFIXES, type Prefix, runEnd, TOKEN68 } from '../../redaction/index.ts'
import type { Detector } from '../detector.ts'
import { isGithubToken } from './github-token.ts'
import { jwt } from './jwt.ts'

const JWT = PREFIXES.length
const AZURE_SECRET = JWT + 1
const AZURE_NAMED = AZURE_SECRET + 1
const AZURE_STORAGE = AZURE_NAMED + 3

const automaton = new Automaton(
  [...PREFIXES.map(({ prefix }) => prefix), 'eyJ', 'Q~', 'AccountKey=', 'SharedAccessKey=', 'sig=', '+ASt'].map((text) => ({
    text,
    rank: 0,
  })),
)
const LENGTHS = [...PREFIXES.map(({ prefix }) => prefix.length), 3, 2, 11, 16, 4, 4]

/** Words shorter than this hold no token. Bytes. */
export const SHORTEST_TOKEN = 16

/**
 * Tokens that show what they are, in one word from `from` to `to`. Each look is bounded, or ends in a place that is not looked at again.
 * @param found told each, from left to right
 */
export function eachToken(
  bytes: Uint8Array,
  from: number,
  to: number,
  found: (start: number, end: number, detector: Detector) => void,
): void {
  let done = from
  const look = (word: number, end: number) => {
    const start = end - (LENGTHS[word] as number)
    if (start < done) return
    const match = word < JWT ? prefixed(bytes, PREFIXES[word] as Prefix, start, to) : shaped(bytes, word, start, end, from, to)
    if (match === undefined) return
    done = match.end
    found(match.start, match.end, match.detector)
  }
  automaton.each(bytes, 0, look, from, to)
}

interface Match {
  readonly start: number
  readonly end: number
  readonly detector: Detector
}

function prefixed(bytes: Uint8Array, { prefix, kind, of, least, exact, strict }: Prefix, start: number, to: number): Match | undefined {
  const begin = start + prefix.length
  if (isLetterOrDigit(bytes[start - 1]) || latin1(bytes, start, begin) !== prefix) return undefined
  const enough = runEnd(bytes, begin, of, Math.min(to - begin, exact ? least + 1 : least))
  if (enough - begin < least || (exact && (enough - begin > least || isLetterOrDigit(bytes[enough])))) return undefined
  const end = runEnd(bytes, enough, of, to - enough)
  const text = latin1(bytes, start, Math.min(end, start + LONGEST_CHECKED))
  if (!isGenuine(kind, text, strict === true)) return undefined
  return { start, end, detector: DETECTOR_OF.get(kind) ?? 'access-token' }
}

/** What of a token is checked; the rest of it belongs to it in any case. Bytes. */
const LONGEST_CHECKED = 256

const DETECTOR_OF = new Map<Prefix['kind'], Detector>([
  ['aws-key', 'aws-key'],
  ['google-key', 'gcp-key'],
  ['github-token', 'github-token'],
  ['private-key', 'private-key'],
])

function isGenuine(kind: Prefix['kind'], text: string, strict: boolean): boolean {
  switch (kind) {
    case 'github-token':
      return isGithubToken(text)
    case 'aws-key':
      // RFC 4648 §6: the account is in it, in base 32.
      return /^[A-Z]{4}[A-Z2-7]{16}$/.test(text)
    default:
      return !strict || /\d/.test(text)
  }
}

function shaped(bytes: Uint8Array, word: number, start: number, end: number, from: number, to: number): Match | undefined {
  if (word === JWT) {
    if ((classOf(bytes[start - 1]) & BASE64URL) !== 0 && start > from) return undefined
    const stop = latin1(bytes, start, end) === 'eyJ' ? jwt(bytes, start, to) : 0
    return stop > 0 ? { start, end: stop, detector: 'jwt' } : undefined
  }
  if (word === AZURE_SECRET) return entraSecret(bytes, start, end, from, to)
  if (word === AZURE_STORAGE) return storageKey(bytes, start, from, to)
  const stop = valueEnd(bytes, end, to)
  if (stop - end < (word === AZURE_NAMED + 2 ? 43 : 44)) return undefined
  return { start: end, end: stop, detector: 'azure-key' }
}

/** A client secret of Microsoft Entra: three characters, a digit, `Q~`, and thirty-one or more. */
function entraSecret(bytes: Uint8Array, start: number, end: number, from: number, to: number): Match | undefined {
  if (latin1(bytes, start, end) !== 'Q~' || start - from < 4 || (classOf(bytes[start - 1]) & DIGIT) === 0) return undefined
  let stop = end
  while (stop < to && stop < end + 64 && isEntra(bytes[stop] as number)) stop++
  const begins = start - 4
  if (stop - end < 31 || (begins > from && isEntra(bytes[begins - 1] as number))) return undefined
  for (let at = begins; at < start; at++) if (!isEntra(bytes[at] as number)) return undefined
  return { start: begins, end: stop, detector: 'azure-key' }
}

/** Keys of storage accounts carry a signature behind their 76th character, and are 64 bytes in base64 (Microsoft, "Identifiable secrets"). */
function storageKey(bytes: Uint8Array, signature: number, from: number, to: number): Match | undefined {
  const start = signature - 76
  if (start < from || valueEnd(bytes, start, to) !== start + 88) return undefined
  return bytes[start + 86] === 0x3d && bytes[start + 87] === 0x3d ? { start, end: start + 88, detector: 'azure-key' } : undefined
}

/** Base64 with its padding, or percent-encoded. At most 128 bytes. */
function valueEnd(bytes: Uint8Array, start: number, to: number): number {
  let at = start
  while (at < to && at < start + 128 && ((classOf(bytes[at]) & TOKEN68) !== 0 || bytes[at] === 0x25) && bytes[at] !== 0x2e) at++
  return at
}

function isEntra(byte: number): boolean {
  return (classOf(byte) & BASE64URL) !== 0 || byte === 0x7e || byte === 0x2e
}

function isLetterOrDigit(byte: number | undefined): boolean {
  return (classOf(byte) & (LETTER | DIGIT)) !== 0
}
