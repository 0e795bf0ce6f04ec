import {
  type Checkpoint,
  type Note,
  type NoteVerifier,
  parseCheckpoint,
  parseNote,
  TILE_WIDTH,
  TlogError,
  verifiedBy,
} from '../tlog/index.ts'
import { TrailError } from './errors.ts'
import type { TrailState } from './key-store.ts'
import type { Published } from './published.ts'
import type { PublishedLog } from './published-log.ts'

export interface CheckPublishedOptions {
  readonly log: PublishedLog
  readonly published: Published
  /** What the key store knows. */
  readonly known: TrailState | undefined
  /** Of the log. */
  readonly name: string
  /** Of the keys that sign and of those that did: the last checkpoint may be from before a rotation's end. */
  readonly verifiers: readonly NoteVerifier[]
  /** What somebody else showed that this log signed; see `Trail.abandon`. */
  readonly elsewhere?: Pick<Checkpoint, 'size' | 'root'> | undefined
}

/**
 * Before anything is signed anew: the tiles at the tree's edge still come to the root of the state, what the key store remembers and the
 * checkpoint that was signed last are of this same tree, and neither is further than the state. All other tiles are the verifier's to read.
 *
 * @throws TrailError GS_TRAIL_DAMAGED, which names the first bad entry where one can be told; GS_TRAIL_ROLLED_BACK; GS_TRAIL_KEYS where the checkpoint was
 *   signed by a key that the key store has forgotten
 */
export async function checkPublished({ log, published, known, name, verifiers, elsewhere }: CheckPublishedOptions): Promise<void> {
  const { size, root, minimum } = published
  if (size > 0) {
    const last = Math.floor((size - 1) / TILE_WIDTH)
    // The last bundle against its hashes first: it can name the entry.
    if (last * TILE_WIDTH >= minimum) await log.bundle(last, size)
    if (!(await log.root(size)).equals(root)) throw differs(size, 'its tiles come to another root than the state')
  }
  if (known && known.size > size) throw rolledBack(known.size, size)
  if (known && known.size > 0) await sameTree(log, published, known.size, known.root, 'the key store')
  if (elsewhere && elsewhere.size > size) throw rolledBack(elsewhere.size, size)
  if (elsewhere) await sameTree(log, published, elsewhere.size, elsewhere.root, 'somebody else')
  const signed = await log.checkpoint()
  if (signed === undefined) return
  const { text } = readCheckpoint(signed, name, verifiers)
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== name) throw differs(checkpoint.size, 'the checkpoint is of another log')
  if (checkpoint.size > size) throw rolledBack(checkpoint.size, size)
  await sameTree(log, published, checkpoint.size, checkpoint.root, 'the checkpoint')
}

async function sameTree(log: PublishedLog, { size }: Published, at: number, root: Uint8Array, whose: string): Promise<void> {
  if (!(await log.root(at, size)).equals(root)) throw differs(at, `${whose} knows another root`)
}

/** @throws TrailError GS_TRAIL_DAMAGED where it is no checkpoint of ours; GS_TRAIL_KEYS where a key signed it under our name that is not known */
function readCheckpoint(signed: string, name: string, verifiers: readonly NoteVerifier[]): Note {
  try {
    const note = parseNote(signed)
    const ours = new Set(verifiers.map(({ id }) => id))
    // A key store from before a rotation would go on with the key that was left behind.
    if (note.signatures.some((signature) => signature.name === name && !ours.has(signature.id))) {
      throw new TrailError(
        'GS_TRAIL_KEYS',
        'The last checkpoint was signed by a key of this log that keys.sqlite does not hold: it is an older copy, or the checkpoint was changed.',
      )
    }
    if (verifiedBy(note, verifiers).length > 0) return note
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
  }
  throw new TrailError('GS_TRAIL_DAMAGED', 'The file trail/log/checkpoint has been changed, or is not of this log.')
}

function differs(size: number, why: string): TrailError {
  return new TrailError('GS_TRAIL_DAMAGED', `The published log is not as it was at ${size} entries: ${why}.`)
}

function rolledBack(known: number, found: number): TrailError {
  return new TrailError('GS_TRAIL_ROLLED_BACK', `The log is known to have had ${known} published entries, but has ${found}.`)
}
