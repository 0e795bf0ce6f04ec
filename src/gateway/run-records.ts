import { countRun } from '../evidence/index.ts'
import type { Run, RunId, UsageSum } from '../operations/index.ts'
import { redactJson } from '../redaction/index.ts'
import type { BudgetCrossing, LogPlace, RunAccount, RunObserver, RunOver, RunState, SessionView, Suspension } from '../runs/index.ts'
import type { EntryDraft, EntryFields, Trail } from '../trail/index.ts'
import { redactedPayload } from './redacted-payload.ts'

/** What `run.end` says of a run. */
interface Sum extends Pick<RunAccount, 'decisions' | 'last' | 'usage'> {
  /** Null where the run started in another log. */
  readonly first: number | null
  readonly gaps: number
}

/** What becomes of runs, as entries. */
export class RunRecords implements RunObserver {
  readonly #trail: Trail
  readonly #durability: string
  readonly #ending: (run: RunId, account: RunAccount) => void
  /** The log is read for one run after the other. */
  #counting: Promise<unknown> = Promise.resolve()

  /**
   * @param durability class of what the trail is written to, as receipts say it
   * @param ending told that a run is over, before that is recorded: what ends with it is of the run
   */
  constructor(trail: Trail, durability: string, ending: (run: RunId, account: RunAccount) => void = () => undefined) {
    this.#trail = trail
    this.#durability = durability
    this.#ending = ending
  }

  notBefore(): LogPlace {
    return { log: this.#trail.name, index: this.#trail.proven.size }
  }

  async started(run: Run): Promise<LogPlace> {
    const who = this.#who(run)
    const key = this.#trail.subjectKey(who.pseudonym)
    const { issuer, subject, groups } = run.principal
    const redacted = redactJson({ issuer, subject, groups, ...run.facts })
    const { fields, payloads } = redactedPayload('run', key, redacted)
    const signIn = run.signIn && { signIn: run.signIn.session }
    const { index } = await this.#trail.durable({ kind: 'run.start', fields: { run: run.id, who, ...signIn, ...fields }, payloads })
    return { log: this.#trail.name, index }
  }

  async find(run: Run, from: LogPlace): Promise<LogPlace | undefined> {
    const { first } = await this.#count(run, from)
    return first === undefined ? undefined : { log: this.#trail.name, index: first }
  }

  joined(run: Run, account: RunAccount): void {
    this.#trail.note({ kind: 'signin', fields: { run: run.id, who: this.#who(run), joined: true } }, account.expect())
  }

  killed(session: SessionView, run: Run, account: RunAccount, by: string): void {
    this.#trail.note({ kind: 'session.killed', fields: { session: session.id, run: run.id, by } }, account.expect())
  }

  suspended(run: Run, account: RunAccount, { budget }: Suspension): void {
    this.#trail.note({ kind: 'run.suspended', fields: { run: run.id, budget } }, account.expect())
  }

  async resumed(run: Run, account: RunAccount, by: string): Promise<void> {
    const expected = account.expect()
    let index: number | undefined
    try {
      index = (await this.#trail.durable({ kind: 'run.resumed', fields: { run: run.id, by } })).index
    } finally {
      expected(index)
    }
  }

  crossed(run: Run, account: RunAccount, crossing: BudgetCrossing): void {
    this.#trail.note({ kind: 'budget.exceeded', fields: { run: run.id, ...crossing } }, account.expect())
  }

  crowded(start: Omit<Run, 'startedAt'>, crossing: BudgetCrossing): void {
    this.#trail.note({ kind: 'budget.exceeded', fields: { who: this.#who(start), ...crossing } })
  }

  async over(run: Run, state: Exclude<RunState, 'live'>, account: RunAccount, { interrupted, by }: RunOver): Promise<LogPlace> {
    this.#ending(run.id, account)
    const isRevoked = state === 'revoked'
    if (isRevoked && !interrupted) this.#trail.note(revoked(run, by), account.expect())
    await account.settled()
    const log = this.#trail.name
    const { began } = account
    if (account.exact) {
      const { decisions, last, usage } = account
      return { log, index: await this.#end(run, state, { first: began.index, last, decisions, usage, gaps: 0 }) }
    }
    const count = await this.#count(run, began)
    account.counted(count.shares.values(), count.usage)
    if (count.ended !== undefined) return { log, index: count.ended }
    let last = count.last ?? account.last
    if (isRevoked && count.revoked === undefined) last = await this.#noted(revoked(run, by))
    return { log, index: await this.#end(run, state, { ...count, last, first: count.first ?? null }) }
  }

  #end(run: Run, state: RunState, { first, last, decisions, usage, gaps }: Sum): Promise<number> {
    const used = usage.calls > 0 && { usage: usageFields(usage) }
    const fields = {
      run: run.id,
      state,
      first,
      last,
      decisions: { ...decisions },
      ...used,
      durability: this.#durability,
      seal: 'none',
      gaps,
    }
    return this.#noted({ kind: 'run.end', fields })
  }

  #count(run: Run, from: LogPlace): ReturnType<typeof countRun> {
    const count = this.#counting.then(() => countRun(this.#trail, run.id, from.log === this.#trail.name ? from.index : 0))
    this.#counting = count.catch(() => undefined)
    return count
  }

  /** @returns its index, once it is durable */
  #noted(draft: EntryDraft): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#trail.note(draft, (index) => (index === undefined ? reject(new Error('the trail is closed')) : resolve(index))),
    )
  }

  #who(run: Pick<Run, 'principal'>) {
    const { issuer, subject, kind } = run.principal
    return { pseudonym: this.#trail.pseudonym(issuer, subject), issuer, kind, proof: 'proven' }
  }
}

/** @param by undefined where a crash came in between, and nobody knows any more */
function revoked(run: Run, by: string | undefined): EntryDraft {
  return { kind: 'run.revoked', fields: { run: run.id, ...(by !== undefined && { by }) } }
}

/** Whole numbers and names only, as an entry holds them. */
function usageFields({ money, ...tokens }: UsageSum): EntryFields {
  return { ...tokens, money: money.map(({ micros, currency }) => [micros, currency]) }
}
