import { fromBase64, toBase64 } from './base64.ts'
import { fromDecimal } from './decimal.ts'
import { TlogError } from './errors.ts'
import { HASH_BYTES, type Hash } from './merkle.ts'

/** What a log says about itself when it signs: how many entries it has, and their root. */
export interface Checkpoint {
  /** Which log. */
  readonly origin: string
  /** Entries. */
  readonly size: number
  readonly root: Hash
}

/** The text that is signed, without extension lines (c2sp.org/tlog-checkpoint, Note text). */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/**
 * @param text of a note. Extension lines are let through: they are part of what is signed, and mean nothing here
 * @throws TlogError GS_TLOG_CHECKPOINT, also for a size beyond 2^53 - 1
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length < 3 || lines.includes('')) throw new TlogError('GS_TLOG_CHECKPOINT')
  const [origin, decimal, encoded] = lines as [string, string, string]
  const size = fromDecimal(decimal)
  const root = fromBase64(encoded)
  if (size === undefined) throw new TlogError('GS_TLOG_CHECKPOINT', 'The size in the checkpoint is not a number as it must be written.')
  if (root?.length !== HASH_BYTES)
    throw new TlogError('GS_TLOG_CHECKPOINT', 'The root in the checkpoint is not the base64 of a SHA-256 hash.')
  return { origin, size, root }
}
