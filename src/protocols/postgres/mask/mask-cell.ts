import {
  type Analyses,
  analyzedIn,
  detect,
  type Findings,
  hashUuid,
  jsonString,
  maskFound,
  maskFoundInJson,
  maskJsonLeaves,
  maskText,
  REDACTED,
} from '../../../masking/index.ts'
import type { MaskOperator } from '../../../operations/index.ts'
import type { CellType } from './cell-types.ts'

/** What a cell becomes: other content, NULL, or what it was. */
export type Masked = Uint8Array | null | 'unchanged'

const VERSION = Uint8Array.of(1)
const ASTERISK = 0x2a
const BLANK = 0x20

/** What stands for a value that a mask covers; NULL where the type has no other. @param content without its length or escapes */
export function maskValue(content: Uint8Array, as: MaskOperator, cell: CellType, key: Uint8Array | undefined): Uint8Array | null {
  if (as === 'null') return null
  switch (cell.kind) {
    case 'text': {
      const masked = maskText(cell.filled ? withoutBlanks(content) : content, as, key)
      return masked && fitted(masked, as, cell)
    }
    case 'json': {
      const leaves = maskJsonLeaves(cell.versioned ? content.subarray(1) : content, (leaf) => maskText(leaf, as, key))
      return leaves === undefined ? hidden(as, cell) : versioned(leaves, cell)
    }
    case 'uuid':
      return as === 'hash' && key ? hashedUuid(content, cell, key) : null
    default:
      return labelOf(as, cell)
  }
}

/** What stands for every value of a type alike: of most operators it depends on nothing of the value. @returns undefined where it does */
export function standsFor(as: MaskOperator, cell: CellType): Uint8Array | null | undefined {
  if (as === 'null') return null
  switch (cell.kind) {
    case 'text':
      return as === 'partial' || as === 'hash' ? undefined : hidden(as, cell)
    case 'json':
      return undefined
    case 'uuid':
      return as === 'hash' ? undefined : null
    default:
      return labelOf(as, cell)
  }
}

/** What stands for what may be made of a masked value: it depends on nothing of it. */
export function hidden(as: MaskOperator, cell: CellType): Uint8Array | null {
  if (as === 'null') return null
  const shown = typeof as === 'object' ? Buffer.from(as.fixed) : REDACTED
  if (cell.kind === 'text') return fitted(shown, as, cell)
  return cell.kind === 'json' ? versioned(jsonString(shown), cell) : labelOf(as, cell)
}

/**
 * What detectors find is replaced where it is in a text or JSON; anything else that holds something becomes NULL.
 * @param found told the detector of each @param analyses of the analyzer; undefined: it cannot be asked about this cell
 */
export function maskFinds(
  content: Uint8Array,
  findings: Findings,
  cell: CellType,
  key: Uint8Array | undefined,
  found: (detector: string) => void,
  analyses?: Analyses,
): Masked {
  switch (cell.kind) {
    case 'plain':
    case 'uuid':
      return 'unchanged'
    case 'address':
      found('ip')
      return null
    case 'text':
    case 'json': {
      const text = cell.versioned ? content.subarray(1) : content
      const replaced = cell.kind === 'text' ? maskFound(text, findings, key, analyses) : maskFoundInJson(text, findings, key, analyses)
      if (replaced === undefined) return 'unchanged'
      // Not JSON as far as its strings go: the server would not send it.
      if (replaced === 'not-json') return hidden('redact', cell)
      for (const { detector } of replaced.found) found(detector)
      return replaced.content && versioned(replaced.content, cell)
    }
    default: {
      const bytes = cell.kind === 'bytes' && !cell.binary ? bytesOf(content) : content
      const all = [...detect(bytes, findings.detectors), ...analyzedIn(withoutControls(bytes, findings), findings, analyses)]
      for (const { detector } of all) found(detector)
      return all.some(({ start, end }) => end > start) ? null : 'unchanged'
    }
  }
}

/** The binary form of rows and arrays has numbers between its texts, which are nothing to be asked about. */
function withoutControls(content: Uint8Array, { entities }: Findings): Uint8Array {
  return entities === undefined ? content : content.map((byte) => (byte < BLANK ? BLANK : byte))
}

/** A replacement that has room in the column: one that is cut would still look like something, so nothing but asterisks stands for `[masked]`. */
function fitted(shown: Uint8Array, as: MaskOperator, { longest, filled }: CellType): Uint8Array {
  if (longest === undefined) return shown
  if (shown.length > longest) return as === 'redact' ? Buffer.alloc(longest, ASTERISK) : clipped(shown, longest)
  // Beyond ASCII characters have several bytes; a few blanks too few change nothing for whoever reads char(n).
  return filled ? Buffer.concat([shown, Buffer.alloc(longest - shown.length, BLANK)]) : shown
}

/** Of what `partial` keeps, a value had room for all of it: only what is ASCII is ever cut. */
function clipped(shown: Uint8Array, longest: number): Uint8Array {
  const characters = Buffer.from(shown).toString()
  return [...characters].length <= longest ? shown : Buffer.from([...characters].slice(0, longest).join(''))
}

function withoutBlanks(content: Uint8Array): Uint8Array {
  let end = content.length
  while (end > 0 && content[end - 1] === BLANK) end--
  return content.subarray(0, end)
}

function versioned(json: Uint8Array, cell: CellType): Uint8Array {
  return cell.versioned ? Buffer.concat([VERSION, json]) : json
}

/** An enum has nothing but its labels, in text and binary alike. */
function labelOf(as: MaskOperator, { labels }: CellType): Uint8Array | null {
  return typeof as === 'object' && labels?.includes(as.fixed) ? Buffer.from(as.fixed) : null
}

function hashedUuid(content: Uint8Array, { binary }: CellType, key: Uint8Array): Uint8Array | null {
  const text = binary ? '' : Buffer.from(content).toString('latin1')
  const uuid = binary ? content : Buffer.from(text.replaceAll('-', ''), 'hex')
  if (uuid.length !== 16) return null
  const hashed = hashUuid(uuid, key)
  if (binary) return hashed
  return Buffer.from(
    Buffer.from(hashed)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  )
}

/** bytea_output hex: `\x…`; as `escape` has it, what is printable stands for itself. */
function bytesOf(content: Uint8Array): Uint8Array {
  if (content[0] !== 0x5c || content[1] !== 0x78) return content
  return Buffer.from(Buffer.from(content.buffer, content.byteOffset + 2, content.byteLength - 2).toString('latin1'), 'hex')
}
