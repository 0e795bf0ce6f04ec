import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredEntry } from '../../trail/index.ts'

/** Longer than this nobody else is kept waiting; ms. */
const AT_A_STRETCH_MS = 4

/**
 * The log is read by the thread that forwards operations: now and then it lets others go first.
 * @param end entries from this index on are left out, so that the reading ends also where more is written all the time
 */
export async function* unhurried(entries: AsyncIterable<StoredEntry>, end: number): AsyncGenerator<StoredEntry> {
  let since = performance.now()
  for await (const entry of entries) {
    if (entry.index >= end) return
    yield entry
    if (performance.now() - since < AT_A_STRETCH_MS) continue
    await nextTurn()
    since = performance.now()
  }
}
