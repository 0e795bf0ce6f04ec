import { type Redacted, type RedactedRow, redactedRows } from '../redaction/index.ts'
import type { PayloadDraft, PayloadKey } from '../trail/index.ts'

export interface RedactedPayload {
  /** Beside the entry's own: says what was taken out, where something was. */
  readonly fields: { readonly redacted?: readonly RedactedRow[] }
  readonly payloads: readonly PayloadDraft[]
}

/** The one payload of an entry, as it may be stored. */
export function redactedPayload(name: string, key: PayloadKey, { content, found }: Redacted): RedactedPayload {
  const payloads = [{ name, key, content }]
  return found.length === 0 ? { fields: {}, payloads } : { fields: { redacted: redactedRows(name, found) }, payloads }
}
