import { type ParsedEntry, parseEntry } from './entry.ts'
import { type IntentFields, MAX_OUTCOMES, type OutcomeFields, type OutcomeRow, type SessionOpenFields } from './operation-entries.ts'
import type { OpenSession } from './published.ts'
import { shortIntent } from './short-intent.ts'
import type { EntryDraft } from './trail.ts'

/** Follows entries in order and knows which sessions and operations have begun and not ended. */
export class OpenSessions {
  readonly #operations: Map<string, Set<number>>

  /** @param known what was open where the following begins */
  constructor(known: readonly OpenSession[] = []) {
    this.#operations = new Map(known.map(([session, operations]) => [session, new Set(operations)]))
  }

  /** @param entry as stored */
  seeStored(entry: Buffer): void {
    const intent = shortIntent(entry)
    if (intent) this.#begin(intent.session, intent.operations)
    else this.see(parseEntry(entry))
  }

  see({ kind, fields }: Pick<ParsedEntry, 'kind' | 'fields'>): void {
    switch (kind) {
      case 'session.open':
        this.#operations.set((fields as SessionOpenFields).session, new Set())
        break
      case 'session.close':
        this.#operations.delete((fields as SessionOpenFields).session)
        break
      case 'operation.intent':
        this.#begin(
          (fields as SessionOpenFields).session,
          (fields as unknown as IntentFields).ops.map(([n]) => n),
        )
        break
      case 'operation.outcome':
        for (const [n] of (fields as unknown as OutcomeFields).outcomes) {
          this.#operations.get((fields as SessionOpenFields).session)?.delete(n)
        }
        break
    }
  }

  #begin(session: string, operations: readonly number[]): void {
    const open = this.#operations.get(session)
    if (open) for (const n of operations) open.add(n)
  }

  snapshot(): readonly OpenSession[] {
    return [...this.#operations].map(([session, operations]) => [session, [...operations]])
  }

  get sessions(): number {
    return this.#operations.size
  }

  get operations(): number {
    let sum = 0
    for (const open of this.#operations.values()) sum += open.size
    return sum
  }

  /** What must be written so that nothing stays open: nobody can say any more how it ended. */
  *endings(): Generator<EntryDraft> {
    for (const [session, open] of this.#operations) {
      const rows = [...open].sort((a, b) => a - b).map((n): OutcomeRow => [n, 'unknown', 0, 0, 0])
      for (let at = 0; at < rows.length; at += MAX_OUTCOMES) {
        yield { kind: 'operation.outcome', fields: { session, outcomes: rows.slice(at, at + MAX_OUTCOMES) } }
      }
      yield { kind: 'session.close', fields: { session, reason: 'unknown' } }
    }
  }
}
