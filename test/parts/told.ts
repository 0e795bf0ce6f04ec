import { canonicalJson } from '../../src/trail/canonical-json.ts'
import type { EntryFields, EntryKind, StoredEntry } from '../../src/trail/index.ts'
import { storedEntry } from '../../src/trail/stored-entry.ts'

const DAY_MS = 24 * 3_600_000
/** Day 0. */
export const DAY_ZERO = Date.UTC(2026, 0, 1)

/** What a log tells of runs and sessions, as entries without payloads: for what reads entries and nothing else. */
export class Told {
  readonly entries: StoredEntry[] = []
  /** Entries are written on this day, counted from day 0. */
  day = 0

  tell(kind: EntryKind, fields: EntryFields = {}): this {
    const index = this.entries.length
    const at = `${new Date(DAY_ZERO + this.day * DAY_MS).toISOString().slice(0, 23)}000000Z`
    const entry = Buffer.from(canonicalJson({ at, id: `7f3a9c21b0.${index}`, kind, ...fields }))
    this.entries.push(storedEntry({ index, entry, payloads: () => [] }, 'test.example/trail', { find: () => undefined }))
    return this
  }

  run(run: string, who: string): this {
    return this.tell('run.start', { run, who: { pseudonym: pseudonymOf(who), kind: 'job' } })
  }

  /** Its key has the name of the session, with a k before it. */
  open(session: string, run: string, who: string): this {
    return this.tell('session.open', { session, run, who: { pseudonym: pseudonymOf(who), kind: 'job' }, key: `k${session}` })
  }

  close(session: string): this {
    return this.tell('session.close', { session, reason: 'client-closed' })
  }

  /** A session that has begun and ended. */
  session(session: string, run: string, who: string): this {
    return this.open(session, run, who)
      .tell('operation.intent', { session, ops: [[1, 1, 1]] })
      .close(session)
  }

  /** Other entries, until the next bundle begins. */
  fill(): this {
    do this.tell('log.read', { n: this.entries.length })
    while (this.entries.length % 256 !== 0)
    return this
  }

  /** From an index on, as a log is read. */
  async *read(from = 0): AsyncGenerator<StoredEntry> {
    yield* this.entries.slice(from)
  }
}

/** As long as a real one: 22 characters. */
export function pseudonymOf(who: string): string {
  return who.padEnd(22, '0')
}

/** The first moment of a day, ms since the epoch. */
export function dayOf(day: number): number {
  return DAY_ZERO + day * DAY_MS
}
