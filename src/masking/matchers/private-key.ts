import { latin1 } from '../../redaction/index.ts'
import { byteAt, MORE, NONE, UNKNOWN, type Window } from '../bytes.ts'

const BEGIN = '-----BEGIN'
export const KEY_FOOTER = '-----END'
/** ` ENCRYPTED PRIVATE KEY BLOCK-----` and what else stands there. Bytes. */
const LONGEST_LABEL = 45

/** Whether a word ends like the first of a PEM header. */
export function endsInBegin(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= BEGIN.length && bytes[to - 1] === 0x4e && latin1(bytes, to - BEGIN.length, to) === BEGIN
}

/** RFC 7468 §2 and its look-alikes. @param at behind `-----BEGIN`. @returns where the key itself begins */
export function privateKeyStart(window: Window, at: number): number {
  let label = ''
  for (let place = at; place < at + LONGEST_LABEL; place++) {
    const byte = byteAt(window, place)
    if (byte === UNKNOWN) return MORE
    label += String.fromCharCode(byte)
    if (label.endsWith('-----')) return /^ (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----$/.test(label) ? place + 1 : NONE
    if (!/[A-Z0-9 -]$/.test(label)) return NONE
  }
  return NONE
}

/** Whether a word can stand between header and footer. @param first whether it is the first: then prose about keys ends here */
export function isKeyWord(bytes: Uint8Array, from: number, to: number, first: boolean): boolean {
  const text = latin1(bytes, from, Math.min(to, from + 256))
  if (text.endsWith(':')) return true
  return first ? /^[A-Za-z0-9+/=]{16,}$/.test(text) : /^[A-Za-z0-9+/=,._-]+$/.test(text)
}
