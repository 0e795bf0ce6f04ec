import { type Claims, type Facts, factsWithoutContent, quotesClient } from '../operations/index.ts'
import {
  type Found,
  type LeakedDoor,
  leakedDoors,
  parametersAreSecret,
  type RedactedRow,
  redactedRows,
  redactHttp,
  redactJson,
  redactParameters,
  redactPart,
  redactSql,
  sumOf,
} from '../redaction/index.ts'
import type { EntryDraft } from '../trail/index.ts'
import type { KnownStatement } from './statement-references.ts'

const NO_ROWS: readonly RedactedRow[] = Object.freeze([])
const NO_LEAKS: readonly EntryDraft[] = Object.freeze([])

/**
 * The payloads of one session's intents as they may be stored. Where nothing has to be taken out, which is nearly always, nothing is
 * made or copied: content goes through as it came.
 */
export class RedactedPayloads {
  readonly #session: string
  #rows: RedactedRow[] = []
  #leaks: EntryDraft[] = []
  /** What was taken out of parts, by the payload that holds them: told as one, since a payload may hold thousands. */
  #parts = new Map<string, (readonly Found[])[]>()

  /** @param session its id */
  constructor(session: string) {
    this.#session = session
  }

  /** @param name of the payload */
  request(name: string, request: Uint8Array): Uint8Array {
    const redacted = redactHttp(request)
    if (redacted.content !== request) this.#took(name, redacted.found)
    return redacted.content
  }

  /** A part of a request. @param name of the payload that it is recorded in */
  part(name: string, part: Uint8Array): Uint8Array {
    const redacted = redactPart(part)
    if (redacted.content === part) return part
    const founds = this.#parts.get(name)
    if (founds) founds.push(redacted.found)
    else this.#parts.set(name, [redacted.found])
    return redacted.content
  }

  /** Facts as JSON. What a request brings is in the record as that, and not twice. @param name of the payload */
  facts(name: string, facts: Facts): Uint8Array {
    if (!quotesClient(facts)) return Buffer.from(JSON.stringify(facts))
    const redacted = redactJson(factsWithoutContent(facts))
    if (redacted.found.length > 0) this.#took(name, redacted.found)
    return redacted.content
  }

  /** As JSON. @param name of the payload */
  claims(name: string, claims: Claims): Uint8Array {
    const redacted = redactJson(claims)
    if (redacted.found.length > 0) this.#took(name, redacted.found)
    return redacted.content
  }

  /** @param known takes note of which of its parameters are secret. @param name of the payload */
  statement(known: KnownStatement, name: string, text: Uint8Array): Uint8Array {
    const redacted = redactSql(text)
    if (parametersAreSecret(redacted)) known.secretParameters = redacted.secretParameters
    if (redacted.content !== text) this.#took(name, redacted.found)
    return redacted.content
  }

  /** @param wire as on the wire, of the statement. @param name of the payload */
  parameters(known: KnownStatement, name: string, wire: Uint8Array): Uint8Array {
    const redacted = redactParameters(wire, known.secretParameters)
    if (redacted.content !== wire) this.#took(name, redacted.found)
    return redacted.content
  }

  #took(payload: string, found: readonly Found[]): void {
    this.#rows.push(...redactedRows(payload, found))
    for (const door of leakedDoors(found)) this.#leaks.push(credentialLeaked(this.#session, door, payload))
  }

  /** What the entry has to say of what was taken out since the last call. */
  rows(): readonly RedactedRow[] {
    for (const [name, founds] of this.#parts) this.#took(name, sumOf(founds))
    this.#parts.clear()
    if (this.#rows.length === 0) return NO_ROWS
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  /** One entry for each credential of ours that was seen since the last call. */
  leaks(): readonly EntryDraft[] {
    if (this.#leaks.length === 0) return NO_LEAKS
    const leaks = this.#leaks
    this.#leaks = []
    return leaks
  }
}

/** A credential of ours stood where everybody who may read the target, or its log, can read it. Never its value. @param payload where it stood */
export function credentialLeaked(session: string, credential: LeakedDoor, payload: string): EntryDraft {
  return { kind: 'credential.leaked', fields: { session, credential, in: payload } }
}
