import type { Checkpoint, ReadTile } from '../tlog/index.ts'
import type { TrailError } from './errors.ts'
import type { PruneOrder } from './published.ts'

/** The kinds of entry that this version writes. */
export type EntryKind =
  | 'gateway.start'
  | 'gateway.stop'
  | 'gateway.recovered'
  | 'config.changed'
  | 'config.refused'
  | 'key.changed'
  | 'ca.minted'
  | 'secret.changed'
  | 'signin'
  | 'signin.refused'
  | 'signin.offered'
  | 'signout'
  | 'person.revoked'
  | 'person.restored'
  | 'run.start'
  | 'run.end'
  | 'run.revoked'
  | 'run.suspended'
  | 'run.resumed'
  | 'run.spans'
  | 'budget.exceeded'
  | 'session.open'
  | 'session.close'
  | 'session.killed'
  | 'approval.asked'
  | 'approval.decided'
  | 'approval.used'
  | 'approval.ended'
  | 'breakglass.requested'
  | 'breakglass.opened'
  | 'breakglass.ended'
  | 'breakglass.closed'
  | 'breakglass.reviewed'
  | 'operation.intent'
  | 'operation.outcome'
  | 'recording.segment'
  | 'recording.viewed'
  | 'credential.injected'
  | 'credential.leaked'
  | 'credential.foreign'
  | 'egress.refused'
  | 'connector.offered'
  | 'connector.enrolled'
  | 'connector.revoked'
  | 'connector.refused'
  | 'connector.up'
  | 'connector.down'
  | 'connector.stream'
  | 'connector.stream.end'
  | 'export.begun'
  | 'export.failing'
  | 'export.recovered'
  | 'export.stuck'
  | 'export.skipped'
  | 'export.rewound'
  | 'export.tested'
  | 'catalog.read'
  | 'catalog.outcome'
  | 'tools.seen'
  | 'tools.changed'
  | 'tools.pinned'
  | 'tools.unpinned'
  | 'scan.begun'
  | 'scan.ended'
  | 'log.read'
  | 'log.exported'
  | 'log.continued'
  | 'log.closed'
  | 'erasure.asked'
  | 'erasure.ended'
  | 'erased'
  | 'pruned'
  | 'hold.placed'
  | 'hold.lifted'
  | 'gap'
  | 'clock.step'

/** What may stand in an entry: no floats, integers within ±2^53 (larger ones as strings), no undefined. */
export type EntryValue = string | number | boolean | null | readonly EntryValue[] | { readonly [name: string]: EntryValue }
export type EntryFields = { readonly [name: string]: EntryValue }

/** Identifies one payload key; destroying the key erases everything sealed under it. The key itself stays in the trail room. */
export interface PayloadKey {
  readonly id: string
}

/** Content that belongs to an entry but stands beside the log: encrypted, committed to by a salted hash in the entry. */
export interface PayloadDraft {
  /** Unique within its entry, `[a-z0-9.]+`. */
  readonly name: string
  readonly key: PayloadKey
  readonly content: Uint8Array
}

export interface EntryDraft {
  readonly kind: EntryKind
  /** Nothing here may be personal, secret or guessable: those are payloads. */
  readonly fields: EntryFields
  readonly payloads?: readonly PayloadDraft[]
}

/** `<boot id>.<counter>`: known when appended, in order within a boot. */
export type EntryId = `${string}.${number}`

export interface StoredPayload {
  readonly name: string
  /** Id of the key that it is sealed under; undefined where it has been erased or pruned. */
  readonly key?: string | undefined
  /** Undefined where it has been erased or pruned. */
  readonly content: Uint8Array | undefined
  /** Hash of it with the content comes to the commitment, so that one payload can be disclosed without its key; undefined with the content. */
  readonly salt?: Uint8Array | undefined
}

/** What a check of the whole log came to. */
export interface LogReport {
  /** Entries in the tree, and its root. */
  readonly size: number
  readonly root: Uint8Array
  /** Entries below this index are pruned: their hashes are checked, they themselves are gone. */
  readonly pruned: number
  /** Entries that the newest checkpoint covers, and the newest witnessed one; undefined where there is none. */
  readonly checkpoint: number | undefined
  readonly witnessed: number | undefined
  /** Undefined where they were not asked for. */
  readonly payloads: { readonly opened: number; readonly erased: number } | undefined
  /** What is wrong first; undefined where nothing is. */
  readonly bad: string | undefined
}

/** How many entries are done, of how many; in the end what was found. */
export type CheckStep = { readonly done: number; readonly of: number } | { readonly report: LogReport }

/** An entry that is durable. */
export interface Recorded {
  readonly id: EntryId
  /** Its place in the log. */
  readonly index: number
}

/** A key that signs checkpoints of this log, did, or will; or that of a log of this instance before it. */
export interface LogKey {
  /** C2SP signed-note, "Verifier keys". */
  readonly vkey: string
  /** next — it signs once a checkpoint covers the entry that tells of it. */
  readonly state: 'next' | 'signs' | 'former'
  /** When it began to sign, ms since the epoch; not yet where it is the next. */
  readonly since?: number
  /** When it stops or stopped, ms since the epoch; undefined where nothing is known of an end. */
  readonly until?: number
}

/** What of the log is provable by now. */
export interface Proven {
  /** Entries in the published tree, and its root. */
  readonly size: number
  readonly root: Uint8Array
  /** Entries below this index are pruned. */
  readonly minimum: number
  /** The newest checkpoint, a signed note; undefined until the first is signed. Its size may be smaller. */
  readonly checkpoint: string | undefined
  /** How long the oldest entry that no checkpoint covers has been durable, ms; 0 where there is none. */
  readonly age: number
}

export interface StoredEntry {
  /** Position in this instance's log, from 0. */
  readonly index: number
  readonly id: EntryId
  readonly kind: EntryKind
  /** RFC 3339, nanoseconds, UTC. */
  readonly at: string
  readonly fields: EntryFields
  /** Payload name → SHA-256(salt ‖ plaintext), base64url. Stays when the key has been destroyed. */
  readonly commitments: Readonly<Record<string, string>>
  /** The bytes as stored: RFC 8785 JSON. What a verifier hashes. */
  readonly bytes: Uint8Array
  /** Opened on demand. @throws TrailError where a payload does not match its commitment */
  payloads(): readonly StoredPayload[]
}

export interface ReadOptions {
  readonly from?: number
  readonly follow?: boolean
  readonly signal?: AbortSignal
  readonly before?: (entry: StoredEntry) => void
}

/** What writes entries needs of the trail, and no more. */
export interface TrailWriter {
  /**
   * Stages an entry whose caller waits with `whenDurable`: it is written with the next batch, or the caller is told that it was not and it is forgotten.
   * Throws nothing; a closed or failed trail reports through `whenDurable`.
   * @returns undefined where nothing was staged of it, so that what it said has not been said
   */
  append(draft: EntryDraft): EntryId | undefined
  /**
   * Stages an entry about something that already happened: kept and written when there is room again, so that nothing is lost.
   * @param placed told its index in the log once it is durable, before those who wait with `whenDurable`; undefined where it never will be
   */
  note(draft: EntryDraft, placed?: (index: number | undefined) => void): EntryId
  /** Calls back exactly once, when everything staged before this call is durable, or, with the reason, when it will not be. In order of calling. May call back at once. */
  whenDurable(then: (error: TrailError | undefined) => void): void
  /** `append`, then wait. @throws TrailError where it could not be written */
  durable(draft: EntryDraft): Promise<Recorded>
  /** A key for one session's payloads, already durable in the key store. @throws TrailError */
  sessionKey(): PayloadKey
  /** The key for one principal's names and log-ins; made at first use. @throws TrailError */
  subjectKey(pseudonym: string): PayloadKey
  /** HMAC(pseudonym key, issuer | subject): how a principal appears in entries. */
  pseudonym(issuer: string, subject: string): string
}

/** What must go besides, such as words in an index, once keys are destroyed. Called again after a crash. */
export type EraseAlso = (keys: readonly string[]) => void | Promise<void>

/** Moments, ms since the epoch: entries, or payloads, before that are too old. */
export interface Aged {
  readonly entries?: number | undefined
  readonly payloads?: number | undefined
}

/** What retention takes out of the log. */
export interface Pruning extends PruneOrder {
  /** Payload keys that nothing is left of, or soon. */
  readonly keys: readonly string[]
  /** Those of them that nothing may be left of wherever it stands; absent: none. */
  readonly everywhere?: readonly string[]
  /** Of logs that were set aside: what was written last before a moment, ms since the epoch, goes too. */
  readonly aside?: Aged
}

/** The log of one instance. One process owns it. */
export interface Trail extends TrailWriter {
  /**
   * Entries in order, from `from` on (negative counts from the end), to what is durable when it is called; with `follow`, waits for more until the signal
   * aborts.
   * `before` is shown the entries in front of `from`, in order, for whoever must know them to understand the others.
   */
  read(options?: ReadOptions): AsyncIterable<StoredEntry>
  /** Name of the log, origin of its checkpoints and name of the key that signs them: `<origin>/<instance>`. */
  readonly name: string
  readonly proven: Proven
  /** How many entries are durable; of them `proven.size` are published. */
  readonly written: number
  /** Publishes all that is durable when it is called, and signs. @throws TrailError GS_TRAIL_FULL, GS_TRAIL_FAILED */
  publish(): Promise<Proven>
  /** Calls after each publication, until what it returns is called. `tell` must not throw. */
  onPublished(tell: (proven: Proven) => void): () => void
  /**
   * This log may not go on, such as when somebody else knows that it was rolled back: nothing is written any more, `failure` says why.
   * @param elsewhere a checkpoint that this log signed and that is none of it here: the next starts are refused too, as long as that is so
   */
  abandon(error: TrailError, elsewhere?: Pick<Checkpoint, 'size' | 'root'>): void
  /** Hash tiles of the published tree, for proofs. @throws TrailError GS_TRAIL_DAMAGED */
  readonly tile: ReadTile
  /** Verifier keys of the keys that sign checkpoints now, the newest first (C2SP signed-note, "Verifier keys"). */
  verifierKeys(): readonly string[]
  /** The same and all before them, also of logs before this one, and the next one, the newest first. */
  logKeys(): readonly LogKey[]
  /**
   * Once a checkpoint covers the entry that tells of it, another key signs, and until `until` (ms since the epoch) the one before it too; then that one
   * is destroyed. @throws TrailError GS_TRAIL_ROTATING while another is to be the next, or too many sign; what keeps an entry from being written
   */
  rotateKey(until: number): Promise<Recorded>
  /** The newest checkpoint that enough witnesses cosigned; undefined where there is none. */
  witnessed(): Promise<string | undefined>
  /** Keeps a checkpoint with its cosignatures. */
  keepWitnessed(note: string): Promise<void>
  /** Thirty-two bytes that the words of the search index are hashed under. */
  indexKey(): Uint8Array
  /** Whether a payload key is still there. */
  hasKey(id: string): boolean
  /** Id of the key that names and log-ins of a principal are sealed under; undefined where there is none. */
  subjectKeyId(pseudonym: string): string | undefined
  /**
   * Destroys payload keys and what they sealed, in every file of this log and of those that were set aside. The entry that says so is durable first; its
   * field `erasure` is added. One erasure at a time.
   * @throws TrailError: where nothing was recorded nothing was done; GS_TRAIL_ERASING where `finishErasing` must go on with it
   */
  erase(keys: readonly string[], entry: EntryDraft, also: EraseAlso): Promise<Recorded>
  /** Goes on with an erasure that was interrupted. @returns how many keys it was of; 0 where there was none. @throws TrailError GS_TRAIL_ERASING */
  finishErasing(also: EraseAlso): Promise<number>
  /**
   * Records, then destroys keys and removes entries and payloads, step by step beside everything else. Asked for again, it goes on where it was
   * interrupted. @throws TrailError
   */
  prune(pruning: Pruning, entry: EntryDraft, also: EraseAlso): Promise<Proven>
  /**
   * Entries of logs that were set aside, as far as they can be read; nobody vouches for them. Without their payloads.
   * @param before only of logs that were written last before this moment, ms since the epoch, and still have payloads
   */
  readAside(before?: number): AsyncIterable<StoredEntry>
  /** An entry of this log that is kept elsewhere, with the payloads that are still here. @param bytes as stored; the caller knows that they are the entry's */
  reopen(index: number, bytes: Uint8Array): StoredEntry
  /**
   * Publishes, then verifies everything that is published: every entry against its hash, every tile, root and checkpoints. Others go first in between.
   * @param payloads whether each is opened and held against what its entry commits to
   * @throws whatever the signal aborts with; TrailError where it cannot be published
   */
  check(payloads: boolean, signal: AbortSignal): AsyncIterable<CheckStep>
  /** open — writing; full — no room, resumes by itself; failed — stopped for good, `failure` says why. */
  readonly state: 'open' | 'full' | 'failed' | 'closed'
  /** Resolves with the reason when the trail fails for good: the gateway must stop. Never rejects. */
  readonly failure: Promise<TrailError>
  /** Writes what is staged, releases the lock. */
  close(): Promise<void>
}
