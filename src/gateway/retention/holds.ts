import { randomBytes } from 'node:crypto'
import type { HoldAsked, HoldView } from '../../api/local/index.ts'
import { bundle, EvidenceError, survey } from '../../evidence/index.ts'
import { type Hold, type HoldId, RetentionError } from '../../retention/index.ts'
import { TrailError } from '../../trail/index.ts'
import { HeldBundle } from './held-bundle.ts'
import { HoldCopies } from './hold-copies.ts'
import type { RetentionParts } from './parts.ts'
import { settled } from './settled.ts'
import { unhurried } from './unhurried.ts'

/** Legal holds: each protects a run from erasure and retention, and keeps a copy of its entries with proofs. */
export class Holds {
  readonly #parts: RetentionParts
  readonly #copies: HoldCopies

  constructor(parts: RetentionParts) {
    this.#parts = parts
    this.#copies = new HoldCopies(parts.folder)
  }

  list(): readonly HoldView[] {
    return this.#parts.holds.all().map(viewOf)
  }

  /** In force before it is recorded, so that it is never recorded without being in force. @throws RetentionError, TrailError */
  async place({ run, name, reason }: HoldAsked, by: string): Promise<HoldView> {
    const { trail, holds, now = Date.now } = this.#parts
    await settled(trail)
    const start = await this.#startOf(run)
    const id: HoldId = `hold_${randomBytes(8).toString('hex')}`
    const entry = { index: trail.proven.size, key: undefined }
    const hold: Hold = { id, run, ...(name !== undefined && { name }), reason, placedAt: now(), log: trail.name, start, entry }
    holds.put(hold)
    try {
      await this.#record(hold, by)
    } catch (error) {
      // Where nothing is known of what the disk holds, the next start looks.
      if (error instanceof TrailError && error.code !== 'GS_TRAIL_FAILED') holds.remove(id)
      throw error
    }
    return viewOf(await this.#copy(id))
  }

  /** @throws RetentionError GS_RETENTION_NO_HOLD; TrailError: then it stays */
  async lift(id: string, reason: string, by: string): Promise<HoldView> {
    const { trail, holds, records } = this.#parts
    const hold = this.#find(id)
    const fields = { hold: hold.id, run: hold.run, by, persons: 'unproven' }
    await trail.durable(records.withReason('hold.lifted', fields, reason))
    this.#copies.remove(hold.id)
    holds.remove(hold.id)
    return viewOf(hold)
  }

  /**
   * The copy as a bundle, with payloads where they are asked for: also of what the log has no more.
   * @throws RetentionError GS_RETENTION_NO_HOLD, GS_RETENTION_NO_COPY, GS_RETENTION_ELSEWHERE; TrailError
   */
  async export(id: string, payloads: boolean, by: string): Promise<{ readonly bytes: AsyncIterable<Uint8Array> }> {
    const { trail } = this.#parts
    const { run, copy, log, ...hold } = this.#find(id)
    if (!copy || !this.#copies.has(hold.id)) throw new RetentionError('GS_RETENTION_NO_COPY')
    if (payloads && log !== trail.name)
      throw new RetentionError(
        'GS_RETENTION_ELSEWHERE',
        'The run is in a log that was set aside: its copy can be had without payloads only.',
      )
    const held = await HeldBundle.open(this.#copies.path(hold.id), (index, bytes) => trail.reopen(index, bytes))
    try {
      const { entries, first, last } = copy
      const fields = { what: 'hold', scope: { hold: hold.id, run }, opened: payloads, first, last, entries, viewer: by }
      await trail.durable({ kind: 'log.exported', fields })
      const surveyed = await survey(held, { run }, payloads)
      return { bytes: closing(held, bundle(held, surveyed)) }
    } catch (error) {
      await held.close()
      throw error
    }
  }

  /** Records holds of which an interruption left open whether they are. */
  async finish(): Promise<void> {
    const { holds, trail } = this.#parts
    for (const hold of holds.all()) {
      const { entry, id, log } = hold
      if (entry.key !== undefined) continue
      const found = log === trail.name ? await this.#entryOf(id, entry.index) : undefined
      if (found) holds.put({ ...hold, entry: found })
      // Who placed it, nobody knows any more.
      else await this.#record(hold, undefined)
    }
  }

  /** Makes the copies that are not whole, as far as they can be now. */
  async completeCopies(): Promise<void> {
    for (const { id, copy, log } of this.#parts.holds.all()) if (!copy?.whole && log === this.#parts.trail.name) await this.#copy(id)
  }

  async #record(hold: Hold, by: string | undefined): Promise<void> {
    const { trail, holds, records } = this.#parts
    const fields = { hold: hold.id, run: hold.run, ...(by !== undefined && { by }), persons: 'unproven' }
    const { name, reason } = hold
    const draft = records.withReason('hold.placed', fields, name === undefined ? reason : `${name}: ${reason}`)
    const { index } = await trail.durable(draft)
    holds.put({ ...hold, entry: { index, key: draft.payloads?.[0]?.key.id } })
  }

  async #entryOf(id: HoldId, from: number): Promise<Hold['entry'] | undefined> {
    const { trail } = this.#parts
    const { size } = await trail.publish()
    for await (const entry of unhurried(trail.read({ from }), size))
      if (entry.kind === 'hold.placed' && entry.fields.hold === id) return { index: entry.index, key: entry.payloads()[0]?.key }
    return undefined
  }

  /** A hold is in force without its copy; what it would be copied from is kept until it is there. */
  async #copy(id: HoldId): Promise<Hold> {
    const { trail, holds, runs, log } = this.#parts
    const hold = this.#find(id)
    const whole = !runs.live().some(({ id: live }) => live === hold.run)
    // What tells of the end of the run comes before its copy is whole.
    if (whole) await runs.places(hold.run)
    try {
      const surveyed = await survey(trail, { run: hold.run }, false, hold.start.index)
      await this.#copies.write(id, bundle(trail, surveyed))
      const { entries, first, last } = surveyed
      const copied = { ...hold, copy: { entries, first, last, whole } }
      holds.put(copied)
      return copied
    } catch (error) {
      if (error instanceof EvidenceError || error instanceof TrailError || isOfTheDisk(error)) {
        log.warn({ hold: id, reason: (error as Error).message }, 'the run of a hold could not be copied yet')
        return hold
      }
      throw error
    }
  }

  /** @throws RetentionError GS_RETENTION_NOT_FOUND, GS_RETENTION_ELSEWHERE */
  async #startOf(run: string): Promise<Hold['start']> {
    const { trail, runs } = this.#parts
    const began = (await runs.places(run))?.began
    if (began && began.log !== trail.name) throw new RetentionError('GS_RETENTION_ELSEWHERE')
    const { size } = await trail.publish()
    const named = Buffer.from(`"run":"${run}"`)
    for await (const entry of unhurried(trail.read({ from: began?.index ?? 0 }), size)) {
      if (!Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength).includes(named)) continue
      if (entry.kind === 'run.start' && entry.fields.run === run) return { index: entry.index, key: entry.payloads()[0]?.key }
    }
    throw new RetentionError('GS_RETENTION_NOT_FOUND', 'No run of this id began in the log.')
  }

  #find(id: string): Hold {
    const hold = this.#parts.holds.find(id)
    if (!hold) throw new RetentionError('GS_RETENTION_NO_HOLD')
    return hold
  }
}

function viewOf({ id, run, name, reason, placedAt, log, entry, copy }: Hold): HoldView {
  return { id, run, ...(name !== undefined && { name }), reason, placedAt, log, entry: entry.index, ...(copy && { copy }) }
}

async function* closing(held: HeldBundle, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } finally {
    await held.close()
  }
}

function isOfTheDisk(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).syscall !== undefined
}
