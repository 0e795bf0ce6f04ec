import type { StoredEntry } from '../trail/index.ts'
import { Belonging } from './belonging.ts'
import { Breather } from './breather.ts'
import type { EvidenceTrail, Scope } from './scope.ts'
import { type Stretch, stretchesOf } from './stretches.ts'

/**
 * The entries of a scope, in order.
 * @param from nothing of the scope stands before this index
 * @param end entries from this index on are left out
 * @throws TrailError; the signal's reason
 */
export async function* select(
  trail: Pick<EvidenceTrail, 'read' | 'proven'>,
  scope: Scope,
  [from, end]: Stretch,
  signal?: AbortSignal,
): AsyncGenerator<StoredEntry> {
  const breather = new Breather()
  const belonging = 'from' in scope ? undefined : new Belonging(scope)
  const stretches =
    'from' in scope ? await stretchesOf(trail, { from: Date.parse(scope.from), to: Date.parse(scope.to) }, end) : [[from, end]]
  for (const [first, behind] of stretches as readonly Stretch[]) {
    for await (const entry of trail.read({ from: first })) {
      signal?.throwIfAborted()
      if (entry.index >= behind) break
      if (!belonging || (belonging.mayHave(entry.bytes) && belonging.has(entry.fields))) yield entry
      await breather.breathe()
    }
  }
}
