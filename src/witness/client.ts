import {
  type Checkpoint,
  cosignatureTime,
  type Hash,
  type Note,
  type NoteVerifier,
  parseCheckpoint,
  parseNote,
  parseSignatureLine,
  TlogError,
  verifiedBy,
} from '../tlog/index.ts'
import { formatAddCheckpoint } from './add-checkpoint-request.ts'
import { originHash } from './checkpoint-files.ts'
import { WitnessError } from './errors.ts'
import type { WitnessFetch, WitnessResponse } from './witness-fetch.ts'

/** One witness, as a log asks it. */
export interface WitnessDoor {
  /** Prefix of `add-checkpoint` and of `<origin hash>/checkpoint`, without a last slash. */
  readonly url: string
  readonly verifier: NoteVerifier
  readonly fetch: WitnessFetch
}

/** The proof that a tree of the log goes on from that of `from` entries (RFC 6962 §2.1.2); empty for 0. */
export type ConsistencyFrom = (from: number) => Promise<readonly Hash[]>

export interface Cosigned {
  /** The witness's signature line for the note, without its newline; verified. */
  readonly line: string
  /** POSIX seconds, as the witness says. */
  readonly time: number
}

/** What a witness remembers of a log, signed by both. */
export interface SeenCheckpoint {
  readonly checkpoint: Checkpoint
  /** The note as the witness gave it. */
  readonly note: string
}

/**
 * Asks a witness for its cosignature (c2sp.org/tlog-witness, add-checkpoint). Where the witness says that it last saw another size,
 * it is asked once more, from there.
 * @param text the log's signed checkpoint. @param consistency to the size of that. @param lastKnown what it is believed to have seen last
 * @throws WitnessError GS_WITNESS_UNREACHABLE, GS_WITNESS_INCONSISTENT, GS_WITNESS_AHEAD, GS_WITNESS_UNKNOWN_LOG, GS_WITNESS_LOG_KEY,
 * GS_WITNESS_ANSWER; and whatever `consistency` rejects with
 */
export async function submitCheckpoint(
  door: WitnessDoor,
  text: string,
  consistency: ConsistencyFrom,
  { lastKnown = 0, signal }: { readonly lastKnown?: number; readonly signal: AbortSignal },
): Promise<Cosigned> {
  const note = parseNote(text)
  const { size } = parseCheckpoint(note.text)
  const submit = async (old: number) => {
    const body = formatAddCheckpoint({ old, proof: old === 0 ? [] : await consistency(old), note: text })
    return ask(door, '/add-checkpoint', { method: 'POST', body, signal })
  }
  // A witness that is believed to be ahead is asked from nothing: it then says for itself where it is.
  const old = lastKnown > size ? 0 : lastKnown
  const first = await submit(old)
  const told = first.status === 409 ? sizeIn(first, size) : undefined
  const answer = told === undefined ? first : await submit(told)
  if (answer.status === 409) sizeIn(answer, size)
  if (answer.status !== 200) throw refusal(answer)
  return cosignedBy(door.verifier, note, answer.text)
}

/**
 * The newest checkpoint that the witness cosigned for a log, or undefined where it never did.
 * @param logKeys present and former keys of the log
 * @throws WitnessError GS_WITNESS_UNREACHABLE; GS_WITNESS_ANSWER where it is not signed by both the log and the witness
 */
export async function seenCheckpoint(
  door: WitnessDoor,
  origin: string,
  logKeys: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<SeenCheckpoint | undefined> {
  const answer = await ask(door, `/${originHash(origin)}/checkpoint`, { method: 'GET', signal })
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw refusal(answer)
  try {
    const note = parseNote(answer.text)
    const checkpoint = parseCheckpoint(note.text)
    const signers = verifiedBy(note, [door.verifier, ...logKeys])
    if (checkpoint.origin === origin && signers.includes(door.verifier) && signers.some((signer) => logKeys.includes(signer)))
      return { checkpoint, note: answer.text }
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
  }
  throw new WitnessError('GS_WITNESS_ANSWER', 'The checkpoint that the witness holds is not signed by both this log and the witness.')
}

async function ask(
  { url, fetch }: WitnessDoor,
  path: string,
  request: { readonly method: 'GET' | 'POST'; readonly body?: string; readonly signal: AbortSignal },
): Promise<WitnessResponse> {
  let answer: WitnessResponse
  try {
    answer = await fetch(`${url}${path}`, request)
  } catch (cause) {
    throw new WitnessError('GS_WITNESS_UNREACHABLE', undefined, { cause })
  }
  if (answer.status >= 500 || answer.status === 429)
    throw new WitnessError('GS_WITNESS_UNREACHABLE', `The witness says that it cannot work now (status ${answer.status}).`)
  return answer
}

/** @returns the size that the witness says it saw last. @throws WitnessError GS_WITNESS_AHEAD where that is beyond `ours` */
function sizeIn({ text }: WitnessResponse, ours: number): number {
  const size = /^(?:0|[1-9][0-9]{0,15})\n?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(size)) throw new WitnessError('GS_WITNESS_ANSWER', 'The witness says 409, but no size that it saw last.')
  if (size > ours)
    throw new WitnessError('GS_WITNESS_AHEAD', `The witness says that it has seen ${size} entries of this log, which has ${ours} here.`, {
      size,
    })
  return size
}

function refusal({ status }: WitnessResponse): WitnessError {
  switch (status) {
    case 403:
      return new WitnessError('GS_WITNESS_LOG_KEY')
    case 404:
      return new WitnessError('GS_WITNESS_UNKNOWN_LOG')
    case 422:
      return new WitnessError('GS_WITNESS_INCONSISTENT')
    case 409:
      // Somebody else submits checkpoints of this log too, and was faster twice.
      return new WitnessError('GS_WITNESS_UNREACHABLE', 'The witness saw another checkpoint of this log in between, twice.')
    default:
      return new WitnessError('GS_WITNESS_ANSWER', `The witness answered with status ${status}, which the protocol does not know here.`)
  }
}

/** Lines by other keys are ignored, as the protocol asks. */
function cosignedBy(verifier: NoteVerifier, { text }: Note, answer: string): Cosigned {
  try {
    const signatures = answer.replace(/\n$/, '').split('\n').map(parseSignatureLine)
    const own = signatures.filter(({ name, id }) => name === verifier.name && id === verifier.id)
    const [first] = own
    const time = first === undefined ? undefined : cosignatureTime(first.signature)
    // A time of zero would say nothing of when this was the newest checkpoint; the protocol forbids it.
    if (first !== undefined && time && verifiedBy({ text, signatures: own }, [verifier]).length === 1) return { line: first.line, time }
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
  }
  throw new WitnessError('GS_WITNESS_ANSWER')
}
