import { asBuffer } from './characters.ts'
import { PREFIXES } from './prefixes.ts'
import { NOTHING_FOUND, type Redacted, wholly } from './redacted.ts'
import { Spans } from './spans.ts'
import { TokenScan } from './token-scan.ts'
import { FIRST_PREFIX } from './triggers.ts'

/** What every credential of ours begins with (src/identity/credential.ts). */
const OURS = 'gs_'

const own = PREFIXES.flatMap(({ prefix }, at) => (prefix.startsWith(OURS) ? [{ prefix, number: FIRST_PREFIX + at }] : []))

/** Whether there is anything to look at; false is certain. */
export function mayHoldOwn(bytes: Uint8Array): boolean {
  return asBuffer(bytes).includes(OURS)
}

/**
 * Takes out credentials of ours, and nothing else: for what is kept because it was seen, as results are.
 * @returns the same object as content where nothing was found
 */
export function redactOwn(bytes: Uint8Array): Redacted {
  const text = asBuffer(bytes)
  if (!text.includes(OURS)) return { content: bytes, found: NOTHING_FOUND, whole: false }
  const spans = new Spans()
  const tokens = new TokenScan(text, spans)
  const places = own.flatMap((each) => placesOf(text, each.prefix).map((end) => ({ ...each, end })))
  for (const { number, end } of places.sort((a, b) => a.end - b.end)) tokens.at(number, end)
  if (spans.empty) return { content: bytes, found: NOTHING_FOUND, whole: false }
  const redacted = spans.applyTo(text)
  return redacted ? { ...redacted, whole: false } : wholly('content')
}

/** @returns where each ends */
function placesOf(text: Buffer, prefix: string): number[] {
  const ends: number[] = []
  for (let at = text.indexOf(prefix, 0, 'latin1'); at !== -1; at = text.indexOf(prefix, at + prefix.length, 'latin1')) {
    ends.push(at + prefix.length)
  }
  return ends
}
