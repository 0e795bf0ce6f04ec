import type { PruningReport } from '../../api/local/index.ts'
import { keptSince } from '../../config/index.ts'
import { planPruning, RetentionError } from '../../retention/index.ts'
import type { Aged, StoredEntry } from '../../trail/index.ts'
import type { Holds } from './holds.ts'
import type { RetentionParts } from './parts.ts'
import { unhurried } from './unhurried.ts'

/** A run lasts a day at most: one that began so long before a moment is over by then, ms. */
const LONGEST_RUN_MS = 24 * 3_600_000

/** Takes away what the configuration says is too old. */
export class PruningTrail {
  readonly #parts: RetentionParts
  readonly #holds: Holds

  constructor(parts: RetentionParts, holds: Holds) {
    this.#parts = parts
    this.#holds = holds
  }

  /** Whether the configuration says how long something is kept. */
  get isAsked(): boolean {
    const { entries, payloads, recordings } = this.#before()
    return entries !== undefined || payloads !== undefined || recordings !== undefined
  }

  /**
   * @param by who asked for it; undefined for what the gateway does by itself
   * @throws RetentionError GS_RETENTION_UNSET; TrailError, SearchError: the next one goes on where it was interrupted
   */
  async prune(dryRun: boolean, by: string | undefined): Promise<PruningReport> {
    if (!this.isAsked) throw new RetentionError('GS_RETENTION_UNSET')
    const { trail, searching, runs, state, holds, approvals } = this.#parts
    const before = this.#before()
    if (!dryRun) await this.#holds.completeCopies()
    const held = holds.all()
    const { minimum, size } = await trail.publish()
    const plan = await planPruning({
      read: (from) => unhurried(trail.read({ from }), size),
      aside:
        before.payloads === undefined && before.entries === undefined
          ? none()
          : unhurried(trail.readAside(latest(before)), Number.POSITIVE_INFINITY),
      minimum,
      before,
      state: state.read(trail.name),
      holds: held,
      hasKey: (id) => trail.hasKey(id),
    })
    const { pruning, entries, keys, begun, done, idle } = plan
    const report = {
      entriesBelow: pruning.entries,
      payloadsBelow: pruning.payloads,
      entries,
      keys,
      holds: held.length,
    }
    if (dryRun || idle) return report
    state.write(trail.name, begun)
    const fields = { ...report, by: by ?? 'retention' }
    await trail.prune(pruning, { kind: 'pruned', fields }, async (gone) => {
      approvals?.erased(gone)
      await searching.forget(gone)
      await searching.forgetAged({ below: pruning.payloads, kept: pruning.kept })
      await searching.prune(trail.proven.minimum)
    })
    const oldest = latest(before)
    const heldRuns = new Set(held.map(({ run }) => run))
    if (oldest !== undefined) await runs.forget(({ id, startedAt }) => startedAt < oldest - LONGEST_RUN_MS && !heldRuns.has(id))
    state.write(trail.name, done)
    return report
  }

  #before(): Aged & { readonly recordings?: number | undefined } {
    const { inForce, now = Date.now } = this.#parts
    const { entries, payloads, recordings } = inForce.config.trail.retain
    return {
      entries: entries && keptSince(entries, now()),
      payloads: payloads && keptSince(payloads, now()),
      recordings: recordings && keptSince(recordings, now()),
    }
  }
}

/** Payloads go with their entries at the latest. */
function latest({ entries, payloads }: Aged): number | undefined {
  return entries === undefined || payloads === undefined ? (entries ?? payloads) : Math.max(entries, payloads)
}

async function* none(): AsyncGenerator<StoredEntry> {
  // There is nothing that could be too old.
}
