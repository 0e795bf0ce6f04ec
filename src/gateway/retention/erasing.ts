import { setTimeout as sleep } from 'node:timers/promises'
import type { ErasureAsked, ErasureReport } from '../../api/local/index.ts'
import { type ErasurePlan, type ErasureScope, planErasure, RetentionError } from '../../retention/index.ts'
import { type EntryFields, TrailError } from '../../trail/index.ts'
import { ApprovedThere, type ApproverThere } from './approved-there.ts'
import type { RetentionParts } from './parts.ts'
import { settled } from './settled.ts'
import { unhurried } from './unhurried.ts'

/** A session that was just cut has its end in the log a moment later: so often, and so many ms apart, the log is asked again. */
const ENDING = { tries: 8, apart: 250 }
/** How long after it could not be finished an erasure is gone on with, ms. */
const AGAIN_MS = 60_000

/** Erasing what is known of a session, run or person, in every place that has it. */
export class Erasing {
  readonly #parts: RetentionParts
  readonly #inTurn: <T>(task: () => Promise<T>) => Promise<T>
  #again: NodeJS.Timeout | undefined

  constructor(parts: RetentionParts, inTurn: <T>(task: () => Promise<T>) => Promise<T>) {
    this.#parts = parts
    this.#inTurn = inTurn
  }

  /** By the local operator alone, or only to say what would go. @param by who asks, as entries name them. @throws what `survey` and `carryOut` throw */
  async erase({ scope: asked, reason, dryRun }: ErasureAsked, by: string): Promise<ErasureReport> {
    const scope = this.scopeOf(asked)
    if (dryRun) await this.#parts.trail.durable({ kind: 'log.read', fields: { erase: said(scope), viewer: by } })
    const { report, ...surveyed } = await this.survey(scope)
    return dryRun ? report : this.carryOut({ report, ...surveyed }, { by, persons: 'unproven' }, reason)
  }

  /** A person by pseudonym: nothing that is kept names them otherwise. */
  scopeOf(asked: ErasureAsked['scope']): ErasureScope {
    return 'subject' in asked ? { pseudonym: this.#parts.trail.pseudonym(asked.issuer, asked.subject) } : asked
  }

  /** What would go, and who approved operations in the runs that it is about. @throws RetentionError */
  async survey(scope: ErasureScope): Promise<Surveyed> {
    const approved = new ApprovedThere()
    const plan = await this.#plan(scope, approved)
    const { runs, sessions, keys } = plan
    return { plan, report: { ...said(scope), runs, sessions, keys: keys.length, remains: remains(scope) }, approvers: approved.in(runs) }
  }

  /**
   * @param who the persons, as the entry names them
   * @throws TrailError GS_TRAIL_ERASING where it goes on by itself later
   */
  async carryOut({ plan: { scope, runs, sessions, keys }, report }: Surveyed, who: EntryFields, reason: string): Promise<ErasureReport> {
    const { trail, records } = this.#parts
    const fields = { ...said(scope), runs: runs.length, sessions: sessions.length, keys: keys.length, ...who }
    try {
      const { index } = await trail.erase(keys, records.withReason('erased', fields, reason), this.#also('pseudonym' in scope))
      return { ...report, entry: index }
    } catch (error) {
      if (error instanceof TrailError && error.code === 'GS_TRAIL_ERASING') this.#goOnLater()
      throw error
    }
  }

  /** Goes on with what was interrupted. Where that cannot be now, it is tried again once a minute. */
  async finish(): Promise<void> {
    const { trail, log } = this.#parts
    try {
      const keys = await trail.finishErasing(this.#also(true))
      if (keys > 0) log.info({ keys }, 'an erasure that was interrupted is finished')
    } catch (error) {
      if (!(error instanceof TrailError) || trail.state === 'failed' || trail.state === 'closed') throw error
      log.warn({ code: error.code, cause: (error.cause as Error | undefined)?.message, next: error.next }, error.message)
      this.#goOnLater()
    }
  }

  stop(): void {
    clearTimeout(this.#again)
  }

  async #plan(scope: ErasureScope, approved: ApprovedThere): Promise<ErasurePlan> {
    for (let tries = ENDING.tries; ; tries--) {
      try {
        return await this.#planNow(scope, approved)
      } catch (error) {
        const { runs } = this.#parts
        const isEnding = error instanceof RetentionError && error.code === 'GS_RETENTION_LIVE' && !this.#isLive(scope, runs.sessions())
        if (!isEnding || tries === 0) throw error
        await sleep(ENDING.apart)
      }
    }
  }

  async #planNow(scope: ErasureScope, approved: ApprovedThere): Promise<ErasurePlan> {
    const { trail, holds, state } = this.#parts
    await settled(trail)
    const { size } = await trail.publish()
    return planErasure(scope, {
      entries: approved.watch(unhurried(trail.read(), size)),
      aside: approved.watch(unhurried(trail.readAside(), Number.POSITIVE_INFINITY)),
      known: state.read(trail.name)?.sessions ?? [],
      hasKey: (id) => trail.hasKey(id),
      subjectKeyId: (pseudonym) => trail.subjectKeyId(pseudonym),
      live: this.#live(),
      holds: holds.all(),
    })
  }

  #live(): readonly { readonly run: string; readonly pseudonym: string }[] {
    const { runs, trail } = this.#parts
    return runs.live().map(({ id, principal: { issuer, subject } }) => ({ run: id, pseudonym: trail.pseudonym(issuer, subject) }))
  }

  /** Whether it is the runs that say that it is not over, and not the log alone. */
  #isLive(scope: ErasureScope, sessions: readonly { readonly id: string; readonly runId: string }[]): boolean {
    if ('session' in scope) return sessions.some(({ id }) => id === scope.session)
    if ('run' in scope) return this.#live().some(({ run }) => run === scope.run) || sessions.some(({ runId }) => runId === scope.run)
    return this.#live().some(({ pseudonym }) => pseudonym === scope.pseudonym)
  }

  /** Whose key is gone is forgotten as the owner of runs too. */
  #also(person: boolean) {
    const { approvals, runs, searching, trail } = this.#parts
    return async (keys: readonly string[]) => {
      approvals?.erased(keys)
      await searching.forget(keys)
      if (!person) return
      await runs.forget(({ principal: { issuer, subject } }) => trail.subjectKeyId(trail.pseudonym(issuer, subject)) === undefined)
    }
  }

  #goOnLater(): void {
    clearTimeout(this.#again)
    this.#again = setTimeout(() => {
      void this.#inTurn(() => this.finish()).catch(() => undefined)
    }, AGAIN_MS).unref()
  }
}

/** An erasure, looked at. */
export interface Surveyed {
  readonly plan: ErasurePlan
  readonly report: ErasureReport
  readonly approvers: readonly ApproverThere[]
}

/** The scope as entries and answers say it. */
export function said(scope: ErasureScope): EntryFields & { readonly scope: 'session' | 'run' | 'person' } {
  if ('session' in scope) return { scope: 'session', session: scope.session }
  return 'run' in scope ? { scope: 'run', run: scope.run } : { scope: 'person', pseudonym: scope.pseudonym }
}

/** What an operator may expect to go, and does not. */
function remains(scope: ErasureScope): string | undefined {
  if ('pseudonym' in scope) return undefined
  return 'Who started the run, and its repository, workflow and commit, are sealed under the key of that person: erase the person to erase them.'
}
