import { setTimeout as sleep } from 'node:timers/promises'
import type { EvidenceOperator } from '../api/local/index.ts'
import type { AccountAnswer } from '../api/token/index.ts'
import { bundle, disclosure, EvidenceError, findEntry, payloadsToDisclose, placesInLog, prove, receipt, survey } from '../evidence/index.ts'
import type { LiveRuns } from '../runs/index.ts'
import type { EntryFields, StoredEntry, Trail } from '../trail/index.ts'

/** How often the holder of a run's handle can have it recorded that he read its receipt; ms. */
const RECEIPT_RECORDED_MS = 60_000

/** How long evidence waits for witnesses, ms. */
const COSIGNED_MS = 3_000

/** Evidence from the log of this gateway. That somebody gets it is recorded before he gets it. */
export class Evidence {
  readonly #trail: Trail
  readonly #runs: LiveRuns
  readonly #cosign: () => Promise<void> | undefined
  /** When it was last recorded that the holder of a handle read the receipt. */
  readonly #recorded = new Map<string, number>()

  /** @param cosign asks the witnesses, where there are any, for the newest checkpoint now */
  constructor(trail: Trail, runs: LiveRuns, cosign: () => Promise<void> | undefined) {
    this.#trail = trail
    this.#runs = runs
    this.#cosign = cosign
  }

  /** For one viewer. */
  for(viewer: string): EvidenceOperator {
    const [trail, runs] = [this.#trail, this.#runs]
    return {
      async exportTrail(scope, payloads, signal) {
        const places = 'run' in scope ? await runs.places(scope.run) : undefined
        const from = places?.began?.log === trail.name ? places.began.index : 0
        const surveyed = await survey(trail, scope, payloads, from, signal)
        const { first, last, entries } = surveyed
        await exported(trail, { what: 'bundle', scope: { ...scope }, opened: payloads, first, last, entries, viewer })
        return { bytes: bundle(trail, surveyed) }
      },
      async prove(ref, signal) {
        const entry = await findEntry(trail, ref, signal)
        await exported(trail, { what: 'proof', ...one(entry), opened: false, viewer })
        return { index: entry.index, id: entry.id, entry: Buffer.from(entry.bytes).toString(), proof: await prove(trail, entry.index) }
      },
      async disclose(ref, names, signal) {
        const entry = await findEntry(trail, ref, signal)
        const payloads = payloadsToDisclose(entry, names)
        await exported(trail, { what: 'disclosure', ...one(entry), opened: payloads.map(({ name }) => name), viewer })
        return disclosure(trail, entry, payloads)
      },
      receipt: (run) => this.#receipt(run, viewer, true),
    }
  }

  /** For whoever holds the handle of the run. Recorded once a minute. */
  async ownReceipt(run: string): Promise<string> {
    const last = this.#recorded.get(run)
    const isRecorded = last !== undefined && performance.now() - last < RECEIPT_RECORDED_MS
    const text = await this.#receipt(run, run, !isRecorded)
    if (!isRecorded) {
      this.#forget()
      this.#recorded.delete(run)
      this.#recorded.set(run, performance.now())
    }
    return text
  }

  /** For the same: what it came to at each resource, once it is over. It learns nothing that it was not shown. */
  async account(run: string): Promise<AccountAnswer> {
    const came = await this.#runs.cameTo(run)
    if (came?.state === 'live') throw new EvidenceError('GS_EVIDENCE_RUN_LIVE')
    if (!came?.shares) throw new EvidenceError(came ? 'GS_EVIDENCE_RUN_ENDING' : 'GS_EVIDENCE_NOT_FOUND')
    const { usage } = came
    return {
      ...{ run, state: came.state, resources: came.shares.map(({ resource: name, ...numbers }) => ({ name, ...numbers })) },
      ...(usage && usage.calls > 0 && { usage: { ...usage, money: [...usage.money] } }),
    }
  }

  async #receipt(run: string, viewer: string, records: boolean): Promise<string> {
    const known = await this.#runs.places(run)
    if (!known) throw new EvidenceError('GS_EVIDENCE_NOT_FOUND', 'No run has this id.')
    const places = placesInLog(this.#trail.name, known)
    if (records) {
      const { first, end } = places
      await exported(this.#trail, { what: 'receipt', scope: { run }, opened: false, first, last: end, entries: 2, viewer })
    }
    await this.#cosigned()
    return receipt(this.#trail, run, places)
  }

  /** A receipt is worth most with the cosignatures of the others; one that does not answer in time is missing from it. */
  async #cosigned(): Promise<void> {
    const { checkpoint } = await this.#trail.publish()
    if (checkpoint !== undefined) await Promise.race([this.#cosign(), sleep(COSIGNED_MS, undefined, { ref: false })])
  }

  #forget(): void {
    for (const [run, at] of this.#recorded) {
      if (performance.now() - at < RECEIPT_RECORDED_MS) return
      this.#recorded.delete(run)
    }
  }
}

async function exported(trail: Trail, fields: EntryFields): Promise<void> {
  await trail.durable({ kind: 'log.exported', fields })
}

function one({ index }: StoredEntry) {
  return { scope: { entry: index }, first: index, last: index, entries: 1 }
}
