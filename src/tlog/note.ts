import { isUtf8 } from 'node:buffer'
import { fromBase64, toBase64 } from './base64.ts'
import { TlogError } from './errors.ts'
import { isKeyName } from './key-name.ts'
import type { NoteSigner } from './signers.ts'
import type { NoteVerifier } from './vkey.ts'

export interface NoteSignature {
  readonly name: string
  readonly id: number
  /** As it stands in the note, without its newline. */
  readonly line: string
  /** The bytes behind the key id. */
  readonly signature: Buffer
}

/** A note taken apart (c2sp.org/signed-note). Nothing in it is verified yet. */
export interface Note {
  /** With its last newline; this is what is signed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const MAX_NOTE_BYTES = 64 << 10
const MAX_SIGNATURES = 64
const KEY_ID_BYTES = 4
const LINE_START = '— '
// biome-ignore lint/suspicious/noControlCharactersInRegex: which characters a note must not hold is what this says
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/

/**
 * @param bytes at most 64 KiB with at most 64 signatures
 * @throws TlogError GS_TLOG_NOTE
 */
export function parseNote(bytes: Uint8Array | string): Note {
  const note = typeof bytes === 'string' ? bytes : decode(bytes)
  if (Buffer.byteLength(note) > MAX_NOTE_BYTES) throw new TlogError('GS_TLOG_NOTE', 'The note is larger than 64 KiB.')
  if (!note.isWellFormed() || CONTROL.test(note)) throw new TlogError('GS_TLOG_NOTE', 'The note holds what no note may hold.')
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0 || !note.endsWith('\n')) throw new TlogError('GS_TLOG_NOTE')
  const lines = note.slice(blank + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw new TlogError('GS_TLOG_NOTE', 'The note has more than 64 signatures.')
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) }
}

/**
 * Those of `verifiers` that signed the note, each once, in the note's order. Signatures by other keys are ignored.
 * @throws TlogError GS_TLOG_SIGNATURE where a signature has name and id of one of them, but is not by it
 */
export function verifiedBy(note: Note, verifiers: readonly NoteVerifier[]): readonly NoteVerifier[] {
  const found = new Set<NoteVerifier>()
  for (const { name, id, signature } of note.signatures) {
    for (const verifier of verifiers) {
      if (verifier.name !== name || verifier.id !== id) continue
      if (!verifier.verify(note.text, signature))
        throw new TlogError('GS_TLOG_SIGNATURE', `A signature claims to be by the known key ${name}, and is not.`)
      found.add(verifier)
    }
  }
  return [...found]
}

/**
 * A note with a signature of each signer, in their order.
 * @param text with its last newline
 * @throws TlogError GS_TLOG_NOTE for a text that no note can have
 */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const note = `${text}\n${signers.map((signer) => `${signatureLine(signer, text)}\n`).join('')}`
  if (parseNote(note).text !== text) throw new TlogError('GS_TLOG_NOTE', 'The text does not end as a note must.')
  return note
}

/**
 * A note with further signatures below those that it has.
 * @param lines without their newlines
 * @throws TlogError GS_TLOG_NOTE
 */
export function appendSignatures(note: string, lines: readonly string[]): string {
  const longer = `${note}${lines.map((line) => `${line}\n`).join('')}`
  parseNote(longer)
  return longer
}

/** One signature in text, without a newline. */
export function signatureLine(signer: NoteSigner, text: string): string {
  const id = Buffer.alloc(KEY_ID_BYTES)
  id.writeUInt32BE(signer.id)
  return `${LINE_START}${signer.name} ${toBase64(Buffer.concat([id, signer.sign(text)]))}`
}

/** @param line without its newline. @throws TlogError GS_TLOG_NOTE */
export function parseSignatureLine(line: string): NoteSignature {
  const [name, encoded, ...more] = line.startsWith(LINE_START) ? line.slice(LINE_START.length).split(' ') : []
  const bytes = encoded === undefined ? undefined : fromBase64(encoded)
  if (name === undefined || bytes === undefined || more.length > 0 || !isKeyName(name) || bytes.length <= KEY_ID_BYTES)
    throw new TlogError('GS_TLOG_NOTE', 'A line below the blank line is not a signature.')
  return { name, id: bytes.readUInt32BE(), line, signature: bytes.subarray(KEY_ID_BYTES) }
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > MAX_NOTE_BYTES || !isUtf8(bytes)) throw new TlogError('GS_TLOG_NOTE', 'The note is too large, or not UTF-8.')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}
