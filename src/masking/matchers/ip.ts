import { latin1 } from '../../redaction/index.ts'
import { byteAt, closes, isAlphanumeric, isDigit, MORE, NONE, type Window } from '../bytes.ts'

/** RFC 4291 §2.2: eight groups of four, or six and a dotted quad. */
const LONGEST_IPV6 = 45
/** What may stand before numbers with dots that are no address. */
const VERSION = /(?:^|[^a-z])(?:version|ver|v|release|rel|build|firmware)[ :=]{1,3}$/i
const LONGEST_BEFORE = 12

/** Four numbers to 255 without leading zeros; no version, part of a longer number, or product in a User-Agent. */
export function ipv4(window: Window, start: number): number {
  const end = quadEnd(window, start)
  if (end === NONE) return NONE
  const { bytes } = window
  const next = byteAt(window, end)
  if (next !== 0x2f) {
    const closed = closes(window, end)
    if (closed !== true) return closed === MORE ? MORE : NONE
  }
  if (start > 1 && bytes[start - 1] === 0x2f && isAlphanumeric(bytes[start - 2] as number)) return NONE
  return VERSION.test(latin1(bytes, Math.max(0, start - LONGEST_BEFORE), start)) ? NONE : end
}

/** A run was read as a whole, so its end is there. */
function quadEnd(window: Window, start: number): number {
  let at = start
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && byteAt(window, at++) !== 0x2e) return NONE
    const from = at
    let value = 0
    while (isDigit(byteAt(window, at)) && at < from + 4) value = value * 10 + byteAt(window, at++) - 0x30
    if (at === from || at > from + 3 || value > 255 || (at > from + 1 && byteAt(window, from) === 0x30)) return NONE
  }
  return at
}

/** One past hexadecimal digits, `:` and `.` from `from` on, at most one byte more than an address has. */
export function addressRunEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && at <= from + LONGEST_IPV6 + 1 && isAddressByte(bytes[at] as number)) at++
  return at
}

export function isAddressByte(byte: number): boolean {
  return isDigit(byte) || byte === 0x3a || byte === 0x2e || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

/**
 * All forms of RFC 4291 §2.2. Eight groups of two are an EUI-64 or a fingerprint; an address without a digit is a word of some language
 * (`abc::def`), and `::` alone says of nobody anything.
 *
 * @param run one past what `addressRunEnd` found
 */
export function ipv6(window: Window, start: number, run: number): number {
  let end = run
  const { bytes } = window
  while (end > start && (bytes[end - 1] === 0x2e || (bytes[end - 1] === 0x3a && bytes[end - 2] !== 0x3a))) end--
  if (end - start > LONGEST_IPV6 || isAlphanumeric(byteAt(window, end))) return NONE
  if (start > 0 && (isAlphanumeric(bytes[start - 1] as number) || bytes[start - 1] === 0x5f)) return NONE
  const text = latin1(bytes, start, end)
  if (!/\d/.test(text) || /^(?:[0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text)) return NONE
  return isIpv6(text) ? end : NONE
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  let groups = 0
  for (const [place, half] of halves.entries()) {
    if (half === '') continue
    const parts = half.split(':')
    for (const [at, part] of parts.entries()) {
      const last = place === halves.length - 1 && at === parts.length - 1
      if (last && part.includes('.')) {
        if (!/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(part)) return false
        groups += 2
      } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups++
      else return false
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8
}
