import type { Appending } from './appending.ts'
import type { AsideLogs } from './aside-logs.ts'
import { destroyInTurns } from './erasure.ts'
import type { KeyRing } from './key-ring.ts'
import type { PublishClock } from './publish-clock.ts'
import type { EntryDraft, EraseAlso, Proven, Pruning, Trail } from './trail.ts'

export interface PruningParts {
  readonly keys: Pick<KeyRing, 'destroy'>
  readonly aside: Pick<AsideLogs, 'prune'>
  readonly publishing: Pick<PublishClock, 'erase' | 'prune'>
  readonly log: Pick<Appending, 'roll'>
  readonly trail: Pick<Trail, 'durable' | 'publish' | 'proven'>
}

/** Takes out of this log, and of those set aside, what is too old: recorded first. Repeated, it goes on where it was interrupted. */
export async function prune(
  { keys: ring, aside: logs, publishing, log, trail }: PruningParts,
  { keys, everywhere = [], aside = {}, ...order }: Pruning,
  entry: EntryDraft,
  also: EraseAlso,
): Promise<Proven> {
  // Where little happens, one segment may hold what is older than anything that is kept: those before this entry go with its publication.
  log.roll()
  await trail.durable(entry)
  await destroyInTurns(ring, keys)
  await trail.publish()
  await trail.publish()
  if (everywhere.length > 0) await publishing.erase(everywhere)
  await publishing.prune(order)
  await logs.prune(aside, order.kept)
  await also(keys)
  return trail.proven
}
