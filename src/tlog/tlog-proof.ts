import { fromBase64, toBase64 } from './base64.ts'
import { fromDecimal } from './decimal.ts'
import { TlogError } from './errors.ts'
import { HASH_BYTES, type Hash } from './merkle.ts'

/** A proof that an entry is in a log, to be checked without asking anybody (c2sp.org/tlog-proof). Nothing in it is verified yet. */
export interface TlogProof {
  /** The entry's, from 0. */
  readonly index: number
  /** The leaf's sibling first. */
  readonly hashes: readonly Hash[]
  /** The note, as it was issued. */
  readonly checkpoint: string
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
const EXTRA = 'extra '
const INDEX = 'index '
/** A tree with more levels than a 64-bit index has bits is none. */
const MAX_HASHES = 64
const MAX_CHARACTERS = 192 << 10

/** The text of a proof, without an extra line. @param checkpoint the whole note */
export function proofText(index: number, hashes: readonly Uint8Array[], checkpoint: string): string {
  return [FIRST_LINE, `${INDEX}${index}`, ...hashes.map(toBase64), '', checkpoint].join('\n')
}

/**
 * @param text at most 192 Ki characters; an extra line is let through and not given on, since nothing vouches for it
 * @throws TlogError GS_TLOG_PROOF
 */
export function parseProof(text: string): TlogProof {
  if (text.length > MAX_CHARACTERS) throw new TlogError('GS_TLOG_PROOF', 'The proof is too large.')
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw new TlogError('GS_TLOG_PROOF')
  const lines = text.slice(0, blank).split('\n')
  if (lines.shift() !== FIRST_LINE) throw new TlogError('GS_TLOG_PROOF', `The first line is not ${FIRST_LINE}.`)
  if (lines[0]?.startsWith(EXTRA)) {
    if (fromBase64(lines[0].slice(EXTRA.length)) === undefined) throw new TlogError('GS_TLOG_PROOF', 'The extra line is not base64.')
    lines.shift()
  }
  const line = lines.shift()
  const index = line?.startsWith(INDEX) ? fromDecimal(line.slice(INDEX.length)) : undefined
  if (index === undefined) throw new TlogError('GS_TLOG_PROOF', 'The index of the entry is missing, or not a number as it must be written.')
  if (lines.length > MAX_HASHES) throw new TlogError('GS_TLOG_PROOF', 'The proof has more hashes than any tree has levels.')
  const hashes = lines.map((encoded) => {
    const hash = fromBase64(encoded)
    if (hash?.length !== HASH_BYTES) throw new TlogError('GS_TLOG_PROOF', 'A line of the proof is not the base64 of a SHA-256 hash.')
    return hash
  })
  return { index, hashes, checkpoint: text.slice(blank + 2) }
}
