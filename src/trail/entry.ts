import { canonicalObject } from './canonical-json.ts'
import type { EntryDraft, EntryFields, EntryId, EntryKind, EntryValue } from './trail.ts'

export const MAX_ENTRY_BYTES = 65_535

/** An entry as parsed from its stored bytes. */
export interface ParsedEntry {
  readonly id: EntryId
  readonly kind: EntryKind
  readonly at: string
  readonly fields: EntryFields
  /** Payload name → commitment. */
  readonly commitments: Readonly<Record<string, string>>
}

/**
 * Every entry has `at`, `id` and `kind`, and `payloads` where it has any; a draft's fields stand beside them and may not use these names.
 *
 * @param commitments canonical text of the object payload name → commitment; undefined where there are no payloads
 * @throws RangeError where a field is not allowed; names no content
 */
export function entryText({ kind, fields }: EntryDraft, id: EntryId, at: string, commitments: string | undefined): string {
  if ('payloads' in fields) throw new RangeError('a field cannot be called payloads')
  const given: [string, string][] = [
    ['at', `"${at}"`],
    ['id', `"${id}"`],
    ['kind', `"${kind}"`],
  ]
  if (commitments !== undefined) given.push(['payloads', commitments])
  return canonicalObject(fields, given)
}

/** @param bytes stored bytes whose MAC was right */
export function parseEntry(bytes: Uint8Array): ParsedEntry {
  const { at, id, kind, payloads, ...fields } = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as {
    at: string
    id: EntryId
    kind: EntryKind
    payloads?: Record<string, string>
  } & Record<string, EntryValue>
  return { at, id, kind, fields: fields as EntryFields, commitments: payloads ?? {} }
}
