import { isUtf8 } from 'node:buffer'

/** A piece of text as it is, or a mark in place of what a reader would not see, or would take for something else. */
export type Shown = string | { readonly mark: string }

/**
 * Everything that has no shape of its own, or one that is easily taken for another: controls, what steers direction (UAX #9), joiners, selectors,
 * tags (UTR #36), private and unassigned characters, halves of pairs, spaces that are no space, and the brackets that marks are written with.
 * Line feed and tab stay.
 */
const HIDDEN =
  /(?:(?![\n\t])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u27e8\u27e9])+/gu

/** Nothing of a text is left out, and no two texts look the same because of what they hide. @returns adjacent pieces of the same sort are one */
export function visible(text: string): readonly Shown[] {
  const shown: Shown[] = []
  let end = 0
  for (const { 0: hidden, index } of text.matchAll(HIDDEN)) {
    if (index > end) shown.push(text.slice(end, index))
    shown.push({ mark: marksOf(hidden) })
    end = index + hidden.length
  }
  if (end < text.length) shown.push(text.slice(end))
  return shown
}

/** The same of bytes, which are read as UTF-8; what is none is shown byte by byte. */
export function visibleBytes(content: Uint8Array): readonly Shown[] {
  if (isUtf8(content)) return visible(decode(content))
  const shown: Shown[] = []
  for (let at = 0; at < content.length; ) {
    const end = endOf(content, at, (length) => length > 0)
    if (end > at) shown.push(...visible(decode(content.subarray(at, end))))
    const next = endOf(content, end, (length) => length === 0)
    if (next > end) shown.push({ mark: marksOf(content.subarray(end, next)) })
    at = next
  }
  return shown
}

/** Bytes of something that is not meant to be text: pairs of digits, sixteen to a line. */
export function visibleHex(content: Uint8Array): readonly Shown[] {
  const lines: string[] = []
  for (let at = 0; at < content.length; at += 16)
    lines.push([...content.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '))
  return content.length === 0 ? [] : [lines.join('\n')]
}

/** For a channel that has nothing but characters: the brackets of marks occur nowhere else. */
export function plainly(shown: readonly Shown[]): string {
  return shown.map((piece) => (typeof piece === 'string' ? piece : piece.mark)).join('')
}

/** `⟨U+200B⟩⟨U+202E ×3⟩`, `⟨0xFF⟩` */
function marksOf(hidden: string | Uint8Array): string {
  const name = (value: number) => (typeof hidden === 'string' ? `U+${hex(value, 4)}` : `0x${hex(value, 2)}`)
  let written = ''
  for (let at = 0; at < hidden.length; ) {
    const value = valueAt(hidden, at)
    const width = value > 0xffff ? 2 : 1
    let end = at + width
    while (end < hidden.length && valueAt(hidden, end) === value) end += width
    const times = (end - at) / width
    written += times === 1 ? `⟨${name(value)}⟩` : `⟨${name(value)} ×${times}⟩`
    at = end
  }
  return written
}

function valueAt(hidden: string | Uint8Array, at: number): number {
  return typeof hidden === 'string' ? hidden.codePointAt(at)! : hidden[at]!
}

// A byte order mark is a character like others here, and one that nobody sees.
const decode = (content: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(content)

/** Where a stretch of well-formed characters, or of bytes that are none, ends. */
function endOf(content: Uint8Array, from: number, goesOn: (length: number) => boolean): number {
  let at = from
  while (at < content.length) {
    const length = wellFormed(content, at)
    if (!goesOn(length)) break
    at += length || 1
  }
  return at
}

/** Bytes of the character that begins there; 0 where none does. Unicode 15, table 3-7. */
function wellFormed(content: Uint8Array, at: number): 0 | 1 | 2 | 3 | 4 {
  const first = content[at]!
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const second = content[at + 1] ?? 0
  if (second < (first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80)) return 0
  if (second > (first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf)) return 0
  for (let next = at + 2; next < at + length; next++) if (((content[next] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0')
