import { isUtf8 } from 'node:buffer'
import type { Hash } from '../tlog/index.ts'

/** The body of `add-checkpoint`, taken apart (c2sp.org/tlog-witness). */
export interface AddCheckpointRequest {
  /** The size that the witness is believed to have seen last; 0 where it is new or not known. */
  readonly old: number
  /** Consistency proof from there. */
  readonly proof: readonly Hash[]
  /** The checkpoint, as its log signed it. */
  readonly note: string
}

/** Bytes: a note of 64 KiB, 63 hashes, and the first line. */
export const MAX_REQUEST_BYTES = 68 << 10

const MAX_HASHES = 63
const OLD = /^old (0|[1-9][0-9]{0,15})$/
const HASH = /^[A-Za-z0-9+/]{43}=$/

export function formatAddCheckpoint({ old, proof, note }: AddCheckpointRequest): string {
  return [`old ${old}`, ...proof.map((hash) => hash.toString('base64')), '', note].join('\n')
}

/** Undefined where it is not written as it must be; whether the note is one is not looked at. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpointRequest | undefined {
  if (body.length > MAX_REQUEST_BYTES || !isUtf8(body)) return undefined
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  const blank = text.indexOf('\n\n')
  if (blank < 0) return undefined
  const [first, ...lines] = text.slice(0, blank).split('\n')
  const old = Number(OLD.exec(first ?? '')?.[1])
  const proof = lines.map(hashOf)
  if (!Number.isSafeInteger(old) || proof.length > MAX_HASHES || !proof.every((hash) => hash !== undefined)) return undefined
  return { old, proof, note: text.slice(blank + 2) }
}

function hashOf(line: string): Hash | undefined {
  const hash = Buffer.from(line, 'base64')
  return HASH.test(line) && hash.toString('base64') === line ? hash : undefined
}
