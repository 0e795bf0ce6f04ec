import {
  appendSignatures,
  type Checkpoint,
  cosignatureSigner,
  EMPTY_ROOT,
  type Note,
  type NoteVerifier,
  parseCheckpoint,
  parseNote,
  parseVkey,
  signatureLine,
  TlogError,
  verifiedBy,
  verifyConsistency,
} from '../tlog/index.ts'
import { type AddCheckpointRequest, parseAddCheckpoint } from './add-checkpoint-request.ts'
import { type CheckpointStore, originHash } from './checkpoint-files.ts'
import { WitnessError } from './errors.ts'
import type { WitnessKey } from './witness-key.ts'

/** What a witness says to `add-checkpoint`. */
export type WitnessAnswer =
  /** Its cosignature, one line with its newline. */
  | { readonly status: 200; readonly body: string }
  /** The size that it saw last, with a newline. */
  | { readonly status: 409; readonly body: string }
  /** A sentence. */
  | { readonly status: 400 | 403 | 404 | 422; readonly body: string }

/** What happened to a checkpoint that its log had signed; others are not worth a line. */
export interface WitnessEvent {
  readonly origin: string
  readonly size: number
  readonly outcome: 'cosigned' | 'stale' | 'inconsistent' | 'split'
}

export interface WitnessOptions {
  readonly key: WitnessKey
  /** Keys of the logs that are watched; several of one name are keys of one log. */
  readonly logs: readonly NoteVerifier[]
  readonly store: CheckpointStore
  /** POSIX seconds. */
  readonly now: () => number
  readonly onEvent?: (event: WitnessEvent) => void
}

/** Bytes. Extension lines may be anything, but what is kept must stay a note. */
const MAX_TEXT_BYTES = 16 << 10

interface Signed {
  readonly checkpoint: Checkpoint
  /** The text with those of the log's signatures that were verified. */
  readonly note: string
}

/** Cosigns what goes on from what it saw before, and nothing else (c2sp.org/tlog-witness). */
export class Witness {
  readonly #options: WitnessOptions
  readonly #verifier: NoteVerifier

  /** @throws WitnessError GS_WITNESS_STATE where what it remembers of one of the logs is damaged */
  constructor(options: WitnessOptions) {
    this.#options = options
    this.#verifier = parseVkey(options.key.vkey)
    for (const { name } of options.logs) this.#latest(name)
  }

  get vkey(): string {
    return this.#options.key.vkey
  }

  /** Origins of the logs that are watched. */
  get origins(): readonly string[] {
    return [...new Set(this.#options.logs.map(({ name }) => name))]
  }

  /**
   * What is answered to a request with this body, in the order in which the protocol asks for the checks. A cosignature is durably
   * remembered when it is returned.
   * @throws WitnessError GS_WITNESS_STORAGE, GS_WITNESS_STATE
   */
  addCheckpoint(body: Uint8Array): WitnessAnswer {
    const request = parseAddCheckpoint(body)
    if (request === undefined) return { status: 400, body: 'The request is not written as c2sp.org/tlog-witness has it.\n' }
    const signed = this.#signed(request.note)
    if ('status' in signed) return signed
    const { origin, size } = signed.checkpoint
    if (request.old > size) return { status: 400, body: 'The old size is larger than that of the checkpoint.\n' }
    const answer = this.#cosign(signed, request)
    if (answer.status === 200) this.#options.onEvent?.({ origin, size, outcome: 'cosigned' })
    return answer
  }

  /** The checkpoint that was cosigned last, with the signatures of log and witness; undefined where there is none. */
  checkpoint(hash: string): string | undefined {
    const origin = this.origins.find((each) => originHash(each) === hash)
    return origin === undefined ? undefined : this.#latest(origin)?.note
  }

  #signed(text: string): Signed | WitnessAnswer {
    let note: Note
    let checkpoint: Checkpoint
    try {
      note = parseNote(text)
      checkpoint = parseCheckpoint(note.text)
    } catch (error) {
      if (error instanceof TlogError) return { status: 400, body: `${error.message}\n` }
      throw error
    }
    if (Buffer.byteLength(note.text) > MAX_TEXT_BYTES) return { status: 400, body: 'The checkpoint is too large.\n' }
    const keys = this.#options.logs.filter(({ name }) => name === checkpoint.origin)
    if (keys.length === 0) return { status: 404, body: 'This log is not known here.\n' }
    try {
      const signers = verifiedBy(note, keys)
      if (signers.length > 0) return { checkpoint, note: keptNote(note, signers) }
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
    }
    return { status: 403, body: 'No key that is known for this log signed the checkpoint.\n' }
  }

  #cosign({ checkpoint, note }: Signed, { old, proof }: AddCheckpointRequest): WitnessAnswer {
    const { key, store, now, onEvent } = this.#options
    const { origin, size, root } = checkpoint
    const latest = this.#latest(origin)
    if (old !== (latest?.checkpoint.size ?? 0)) {
      onEvent?.({ origin, size, outcome: 'stale' })
      return this.#conflict(origin)
    }
    const before = latest?.checkpoint ?? { size: 0, root: EMPTY_ROOT }
    if ((size === 0 && !root.equals(EMPTY_ROOT)) || !verifyConsistency(old, before.root, size, root, proof)) {
      const split = latest !== undefined && old === size && !root.equals(before.root)
      if (split) store.keepSplit(originHash(origin), `${latest.note}\n${note}`)
      onEvent?.({ origin, size, outcome: split ? 'split' : 'inconsistent' })
      return { status: 422, body: `It is not shown that the checkpoint goes on from that of size ${old}.\n` }
    }
    const signer = cosignatureSigner(key.name, key.seed, now)
    const line = signatureLine(signer, parseNote(note).text)
    if (!store.advance(originHash(origin), latest?.number ?? 0, appendSignatures(note, [line]))) return this.#conflict(origin)
    return { status: 200, body: `${line}\n` }
  }

  #conflict(origin: string): WitnessAnswer {
    return { status: 409, body: `${this.#latest(origin)?.checkpoint.size ?? 0}\n` }
  }

  /** @throws WitnessError GS_WITNESS_STATE where what is kept is not what this witness signed for that log */
  #latest(origin: string): { readonly number: number; readonly note: string; readonly checkpoint: Checkpoint } | undefined {
    const kept = this.#options.store.latest(originHash(origin))
    if (kept === undefined) return undefined
    try {
      const note = parseNote(kept.note)
      const checkpoint = parseCheckpoint(note.text)
      if (checkpoint.origin === origin && verifiedBy(note, [this.#verifier]).length === 1) return { ...kept, checkpoint }
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause
    }
    throw new WitnessError('GS_WITNESS_STATE', `What this witness remembers of ${origin} is not what it signed.`)
  }
}

/** One signature of each signer. Those of others are left away: nobody here vouches for them. */
function keptNote(note: Note, signers: readonly NoteVerifier[]): string {
  const lines = signers.map((signer) => note.signatures.find(({ name, id }) => signer.name === name && signer.id === id)?.line)
  return `${note.text}\n${lines.map((line) => `${line}\n`).join('')}`
}
