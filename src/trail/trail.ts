import type { TrailError } from './errors.ts'

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
  | 'run.start'
  | 'run.end'
  | 'run.revoked'
  | 'session.open'
  | 'session.close'
  | 'session.killed'
  | 'operation.intent'
  | 'operation.outcome'
  | 'credential.injected'
  | 'credential.leaked'
  | 'credential.foreign'
  | 'log.read'
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
  /** Undefined where the key has been destroyed. */
  readonly content: Uint8Array | undefined
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

/** The log of one instance. One process owns it. */
export interface Trail {
  /**
   * Stages an entry whose caller waits with `whenDurable`: it is written with the next batch, or the caller is told that it was not and it is forgotten.
   * Throws nothing; a closed or failed trail reports through `whenDurable`.
   */
  append(draft: EntryDraft): EntryId
  /** Stages an entry about something that already happened: kept and written when there is room again, so that nothing is lost. */
  note(draft: EntryDraft): EntryId
  /** Calls back exactly once, when everything staged before this call is durable, or, with the reason, when it will not be. In order of calling. May call back at once. */
  whenDurable(then: (error: TrailError | undefined) => void): void
  /** `append`, then wait. @throws TrailError where it could not be written */
  durable(draft: EntryDraft): Promise<EntryId>
  /** A key for one session's payloads, already durable in the key store. @throws TrailError */
  sessionKey(): PayloadKey
  /** The key for one principal's names and log-ins; made at first use. @throws TrailError */
  subjectKey(pseudonym: string): PayloadKey
  /** HMAC(pseudonym key, issuer | subject): how a principal appears in entries. */
  pseudonym(issuer: string, subject: string): string
  /**
   * Entries in order, from `from` on (negative counts from the end); with `follow`, waits for more until the signal aborts.
   * `before` is shown the entries in front of `from`, in order, for whoever must know them to understand the others.
   */
  read(options?: ReadOptions): AsyncIterable<StoredEntry>
  /** open — writing; full — no room, resumes by itself; failed — stopped for good, `failure` says why. */
  readonly state: 'open' | 'full' | 'failed' | 'closed'
  /** Resolves with the reason when the trail fails for good: the gateway must stop. Never rejects. */
  readonly failure: Promise<TrailError>
  /** Writes what is staged, releases the lock. */
  close(): Promise<void>
}
