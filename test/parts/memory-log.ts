import type { EntryFields, EntryKind, ReadOptions, StoredEntry, Trail } from '../../src/trail/index.ts'

interface Payload {
  readonly name: string
  readonly key: string
  readonly content: Uint8Array | string
}

/**
 * A log in memory, as the search room reads one: a fake, for tests that need thousands of entries, or ones that no gateway writes. The search over a
 * real trail is tested in test/trail.
 */
export class MemoryLog implements Pick<Trail, 'name' | 'read' | 'proven'> {
  name = 'example.org/test/one'
  readonly entries: StoredEntry[] = []
  /** Payload keys that are destroyed. */
  readonly destroyed = new Set<string>()
  minimum = 0
  /** ms since the epoch; each entry is a second after the one before. */
  now = Date.UTC(2026, 10, 23, 12)
  readonly #waiting = new Set<() => void>()

  get proven(): Trail['proven'] {
    return { size: this.entries.length, root: new Uint8Array(32), minimum: this.minimum, checkpoint: undefined, age: 0 }
  }

  append(kind: EntryKind, fields: EntryFields, payloads: readonly Payload[] = []): StoredEntry {
    const index = this.entries.length
    const at = new Date(this.now).toISOString().replace('Z', '000000Z')
    this.now += 1000
    const entry: StoredEntry = {
      index,
      id: `boot.${index}`,
      kind,
      at,
      fields,
      commitments: Object.fromEntries(payloads.map(({ name }) => [name, `commitment to ${name}`])),
      bytes: Buffer.from(JSON.stringify({ at, kind, index, ...fields })),
      payloads: () =>
        payloads.map(({ name, key, content }) => {
          const gone = this.destroyed.has(key)
          return { name, key, content: gone ? undefined : Buffer.from(content as string), salt: gone ? undefined : new Uint8Array(32) }
        }),
    }
    this.entries.push(entry)
    for (const wake of this.#waiting) wake()
    return entry
  }

  run(run: string, pseudonym = `who-of-${run}`): StoredEntry {
    return this.append('run.start', { run, who: { pseudonym, issuer: 'ci', kind: 'job', proof: 'proven' } }, [
      { name: 'run', key: `key-of-${pseudonym}`, content: JSON.stringify({ subject: `subject ${pseudonym}` }) },
    ])
  }

  /** @param over fields that are others than usual */
  session(session: string, run: string, over: EntryFields = {}): StoredEntry {
    const fields = {
      session,
      run,
      who: { pseudonym: `who-of-${run}` },
      resource: 'orders-db',
      protocol: 'postgres',
      effect: 'allow',
      ...over,
    }
    return this.append('session.open', fields, [
      { name: 'client', key: `key-of-${session}`, content: JSON.stringify({ address: '10.0.0.7:5000' }) },
    ])
  }

  /** Rows of operations; texts of statements by number, parameters by operation. */
  intent(
    session: string,
    ops: readonly (readonly (number | string)[])[],
    said: {
      statements?: Record<number, string>
      parameters?: Record<number, string>
      decisions?: readonly (readonly (number | string)[])[]
    } = {},
  ): StoredEntry {
    const { statements = {}, parameters = {}, decisions } = said
    const key = `key-of-${session}`
    const decided = decisions?.map(([number, effect]) => [number, effect, ['a-rule'], 'sha256:00'] as const)
    return this.append(
      'operation.intent',
      { session, ops, ...(decided ? { decisions: decided as EntryFields[string] } : {}) } as EntryFields,
      [
        ...Object.entries(statements).map(([number, content]) => ({ name: `statement.${number}`, key, content })),
        ...Object.entries(parameters).map(([n, content]) => ({ name: `parameters.${n}`, key, content })),
      ],
    )
  }

  outcome(session: string, n: number): StoredEntry {
    return this.append('operation.outcome', { session, outcomes: [[n, 'ok', 1, 10, 100]] })
  }

  close(session: string): StoredEntry {
    return this.append('session.close', { session, reason: 'client' })
  }

  async *read({ from = 0, follow = false, signal }: ReadOptions = {}): AsyncGenerator<StoredEntry> {
    let next = from < 0 ? Math.max(0, this.entries.length + from) : from
    for (;;) {
      next = Math.max(next, this.minimum)
      while (next < this.entries.length && !signal?.aborted) yield this.entries[next++] as StoredEntry
      if (!follow || signal?.aborted) return
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        signal?.addEventListener('abort', wake, { once: true })
      })
    }
  }
}
