/*
 * Whatever is printed to a terminal may hold bytes that an agent wrote: statements, names, addresses, messages of a target.
 * A terminal obeys some of them (ANSI sequences move the cursor, set the title, answer back), and others make a line read
 * differently from what it is (bidirectional controls, invisible characters). All of those are shown instead of obeyed.
 */

/**
 * C0 and C1 controls and DEL; marks and overrides of direction (UAX #9); line and paragraph separators; invisible characters and
 * the tags of U+E0000 (UTR #36); interlinear annotations; halves of surrogate pairs. Joiners and U+FE0F stay: emoji and several scripts need them.
 */
const HARMFUL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff0-\ufffb\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu

/** One line: controls become `\n`, `\t`, `\x1b` or `\u{202e}`. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, escaped)
}

/** Several lines: line breaks and tabs stay, everything else as in `harmless`. A lone CR would overwrite its line, so it is shown. */
export function harmlessLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(HARMFUL, (character) => (character === '\n' || character === '\t' ? character : escaped(character)))
}

/** JSON that means the same and is harmless: JSON.stringify escapes C0 only. */
export function harmlessJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(HARMFUL, (character) => (character === '\n' ? character : jsonEscaped(character)))
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0
  return SHORT[character] ?? (point < 0x100 ? `\\x${hex(point, 2)}` : `\\u{${hex(point, 4)}}`)
}

function jsonEscaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => `\\u${hex(character.charCodeAt(index), 4)}`).join('')
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
