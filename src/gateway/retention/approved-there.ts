import type { EntryFields, StoredEntry } from '../../trail/index.ts'

const DECIDED = Buffer.from('"kind":"approval.decided"')

/** Somebody who approved an operation of a run. */
export interface ApproverThere {
  readonly run: string
  readonly pseudonym: string
  /** As they signed in then; undefined where that is erased. */
  readonly signedIn: Uint8Array | undefined
}

/** Who approved operations of which run, told by entries that are read anyway. */
export class ApprovedThere {
  readonly #found: ApproverThere[] = []

  /** Passes entries on as they come. */
  async *watch(entries: AsyncIterable<StoredEntry>): AsyncGenerator<StoredEntry> {
    for await (const entry of entries) {
      this.#see(entry)
      yield entry
    }
  }

  in(runs: readonly string[]): readonly ApproverThere[] {
    return this.#found.filter(({ run }) => runs.includes(run))
  }

  #see(entry: StoredEntry): void {
    // Most entries are another: their bytes say so, and they are not parsed.
    if (!Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength).includes(DECIDED)) return
    const { kind, fields } = entry
    const { run, verdict, who } = fields
    const { pseudonym } = (who ?? {}) as EntryFields
    if (kind !== 'approval.decided' || verdict !== 'approve' || typeof run !== 'string' || typeof pseudonym !== 'string') return
    const signedIn = entry.payloads().find(({ name }) => name === 'person')?.content
    this.#found.push({ run, pseudonym, signedIn })
  }
}
