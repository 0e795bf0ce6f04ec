import { isUtf8 } from 'node:buffer'
import { createHmac } from 'node:crypto'
import type { MaskOperator } from '../operations/index.ts'

/** What stands for a text of which nothing is shown. */
export const REDACTED: Uint8Array = Buffer.from('[masked]')
/** What `partial` shows of a text that is too short to show anything of; otherwise what stands before its end. */
export const PARTLY_HIDDEN: Uint8Array = Buffer.from('****')
/** Characters that `partial` keeps. */
const KEPT = 4
/** In a text of fewer characters, what is kept would be half of it, or more. */
const SHORTEST_PARTIAL = 2 * KEPT

/**
 * What stands for a text. All of it is ASCII but what `partial` keeps, so that it is the same in every client encoding.
 *
 * @param text in any encoding that ASCII is part of; `partial` shows nothing of what is not UTF-8
 * @param key of `hash`, 32 bytes; without it, nothing is shown
 * @returns null: nothing, that is NULL
 */
export function maskText(text: Uint8Array, operator: MaskOperator, key: Uint8Array | undefined): Uint8Array | null {
  switch (operator) {
    case 'redact':
      return REDACTED
    case 'null':
      return null
    case 'partial':
      return lastOf(text)
    case 'hash':
      return key === undefined ? null : Buffer.from(digestOf('text', text, key).toString('hex'))
    default:
      return Buffer.from(operator.fixed)
  }
}

/**
 * A UUID that stands for another one: the same for the same key, and joined like it.
 * @param uuid 16 bytes @returns 16 bytes, of version 8 (RFC 9562 §5.8)
 */
export function hashUuid(uuid: Uint8Array, key: Uint8Array): Uint8Array {
  const hashed = digestOf('uuid', uuid, key)
  hashed[6] = ((hashed[6] as number) & 0x0f) | 0x80
  hashed[8] = ((hashed[8] as number) & 0x3f) | 0x80
  return hashed
}

/** 128 bits. A text and a UUID of the same bytes have nothing in common. */
function digestOf(kind: 'text' | 'uuid', content: Uint8Array, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`gatescribe mask ${kind}\0`).update(content).digest().subarray(0, 16)
}

/** The last characters, behind as many asterisks as there always are. */
function lastOf(text: Uint8Array): Uint8Array {
  const kept = keptByPartial(text, 0, text.length)
  return kept === text.length ? PARTLY_HIDDEN : Buffer.concat([PARTLY_HIDDEN, text.subarray(kept)])
}

/**
 * What `partial` keeps of a text behind `PARTLY_HIDDEN`: its last characters, or nothing where it is too short, or they are not UTF-8.
 * @param from where it stands in `bytes` @param to its end
 * @returns where what is kept begins; `to`: nothing is
 */
export function keptByPartial(bytes: Uint8Array, from: number, to: number): number {
  let at = to
  let start = to
  let ascii = true
  for (let characters = 0; characters < SHORTEST_PARTIAL; characters++) {
    if (at === from) return to
    at--
    while (at > from && ((bytes[at] as number) & 0xc0) === 0x80) at--
    if (characters < KEPT) {
      start = at
      ascii &&= (bytes[at] as number) < 0x80
    }
  }
  return ascii || isUtf8(bytes.subarray(start, to)) ? start : to
}
