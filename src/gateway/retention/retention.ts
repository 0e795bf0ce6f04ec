import type { ErasureAsked, ErasureReport, RetentionOperator } from '../../api/local/index.ts'
import { Erasing } from './erasing.ts'
import { ErasureRequests } from './erasure-requests.ts'
import { Holds } from './holds.ts'
import type { RetentionParts } from './parts.ts'
import { PruningTrail } from './pruning.ts'
import type { ErasingPerson } from './two-persons.ts'

/** The trail is pruned so long after a start, and from then on so often; ms. */
const FIRST_MS = 60_000
/** Requests for erasure are looked at so often, whether they are over; ms. */
const MINUTE_MS = 60_000
const DAY_MS = 24 * 3_600_000

/** Erasure, legal holds and pruning: one after the other, because each must know what the others did. */
export class Retention {
  readonly #parts: RetentionParts
  readonly #erasing: Erasing
  readonly #requests: ErasureRequests
  readonly #holds: Holds
  readonly #pruning: PruningTrail
  #last: Promise<unknown> = Promise.resolve()
  #timers: NodeJS.Timeout[] = []

  constructor(parts: RetentionParts) {
    this.#parts = parts
    this.#erasing = new Erasing(parts, (task) => this.#inTurn(task))
    this.#requests = new ErasureRequests(parts, this.#erasing)
    this.#holds = new Holds(parts)
    this.#pruning = new PruningTrail(parts, this.#holds)
  }

  /** Goes on with what was interrupted: before anybody else reads or writes. @throws TrailError where the log has failed */
  async finish(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#erasing.finish()
      if (this.#parts.trail.state === 'open') await this.#holds.finish()
    })
  }

  /** Prunes by itself from now on. */
  start(): void {
    const prune = () => void this.#inTurn(() => this.#pruneByItself())
    const expire = () => void this.#inTurn(async () => this.#requests.expire()).catch(() => undefined)
    this.#timers = [setTimeout(prune, FIRST_MS).unref(), setInterval(prune, DAY_MS).unref(), setInterval(expire, MINUTE_MS).unref()]
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#erasing.stop()
  }

  /** @param by for whom, as entries name them. @param person where it is known which person that is */
  operator(by: string, person?: ErasingPerson): RetentionOperator {
    const requests = this.#requests
    return {
      eraseTrail: (asked) => this.#inTurn(() => this.#erase(asked, by, person)),
      erasureRequests: () => this.#inTurn(() => requests.list()),
      erasureRequest: (id) => this.#inTurn(() => requests.show(id, by)),
      approveErasure: (id) => this.#inTurn(() => requests.approve(id, person)),
      denyErasure: (id, reason) => this.#inTurn(() => requests.deny(id, by, reason)),
      holds: async () => this.#holds.list(),
      placeHold: (asked) => this.#inTurn(() => this.#holds.place(asked, by)),
      liftHold: (id, reason) => this.#inTurn(() => this.#holds.lift(id, reason, by)),
      exportHold: (id, payloads) => this.#inTurn(() => this.#holds.export(id, payloads, by)),
      pruneTrail: (dryRun) => this.#inTurn(() => this.#pruning.prune(dryRun, by)),
    }
  }

  /** What a person asked for who is revoked now is withdrawn. @param by who revoked them, as entries name them */
  withdrawOf(pseudonym: string, by: string): Promise<void> {
    return this.#inTurn(() => this.#requests.withdrawOf(pseudonym, by))
  }

  #erase(asked: ErasureAsked, by: string, person: ErasingPerson | undefined): Promise<ErasureReport> {
    if (asked.dryRun || !this.#parts.people) return this.#erasing.erase(asked, by)
    return this.#requests.ask(asked, person)
  }

  async #pruneByItself(): Promise<void> {
    const { log } = this.#parts
    try {
      if (!this.#pruning.isAsked) {
        await this.#holds.completeCopies()
        return
      }
      const report = await this.#pruning.prune(false, undefined)
      log.info({ ...report }, 'the trail is pruned as far as it is too old')
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'the trail could not be pruned: it is tried again tomorrow')
    }
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}
