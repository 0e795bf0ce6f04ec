import { createHash } from 'node:crypto'
import { leafHash } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import type { About } from './about.ts'
import type { Gap } from './cursor-store.ts'

/** One entry on its way: what the log holds, where, and what it is about. */
export interface ExportedEvent {
  /** `<name of the log>/<index>`: the same whenever it is sent. */
  readonly id: string
  readonly entry: StoredEntry
  readonly about: About
  /** RFC 6962 §2.1: SHA-256 of a zero byte and the entry as stored; what the log's tiles hold of it. */
  readonly leaf: Buffer
}

/** What one request brings. */
export interface Batch {
  /** Name of the log. */
  readonly log: string
  /** All of the log from `from` to before `to` that passes the filter. */
  readonly from: number
  readonly to: number
  readonly events: readonly ExportedEvent[]
  /** `sha256:` and, in hexadecimal, SHA-256 of the leaf hashes of these entries, one behind the other. */
  readonly digest: string
  readonly notices: readonly Notice[]
}

/** What is told besides; no entry of the log. */
export type Notice =
  | { readonly notice: 'gap'; readonly id: string; readonly at: number; readonly gap: Gap }
  /** Somebody tries whether it arrives. @param at ms since the epoch */
  | { readonly notice: 'test'; readonly id: string; readonly at: number }

export function eventOf(log: string, entry: StoredEntry, about: About): ExportedEvent {
  return { id: `${log}/${entry.index}`, entry, about, leaf: leafHash(entry.bytes) }
}

/** @param gaps are told with it @param now ms since the epoch */
export function batchOf(
  log: string,
  { from, to }: { readonly from: number; readonly to: number },
  events: readonly ExportedEvent[],
  gaps: readonly Gap[],
  now: number,
): Batch {
  const hash = createHash('sha256')
  for (const { leaf } of events) hash.update(leaf)
  const notices = gaps.map((gap): Notice => ({ notice: 'gap', id: `${gap.log}/${gap.from}-${gap.to ?? 'end'}/${gap.why}`, at: now, gap }))
  return { log, from, to, events, digest: `sha256:${hash.digest('hex')}`, notices }
}

/** How a batch is described in a header, whatever its form. */
export function batchHeader({ log, from, to, events, digest }: Batch): string {
  return `log=${log}; from=${from}; to=${to}; count=${events.length}; digest=${digest}`
}
