import { canonicalJson } from './canonical-json.ts'
import type { EntryDraft, EntryFields, EntryId, EntryKind, EntryValue } from './trail.ts'

export const MAX_ENTRY_BYTES = 65_535

/** Names that every entry has; a draft's fields stand beside them and may not use them. */
const RESERVED = ['at', 'id', 'kind', 'payloads'] as const

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
 * @param commitments payload name → commitment; undefined where there are no payloads
 * @throws RangeError where a field is not allowed; names no content
 */
export function entryText(draft: EntryDraft, id: EntryId, at: string, commitments: Record<string, string> | undefined): string {
  for (const name of RESERVED) if (name in draft.fields) throw new RangeError(`a field of an entry cannot be called ${name}`)
  const { kind, fields } = draft
  return canonicalJson(commitments === undefined ? { ...fields, at, id, kind } : { ...fields, at, id, kind, payloads: commitments })
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
