import {
  type ApprovalId,
  type Claims,
  type Decided,
  type Decision,
  type EffectiveOperation,
  type Facts,
  inWordsOf,
  type Operation,
  type Outcome,
  Refusal,
  type Resource,
  type Run,
} from '../operations/index.ts'
import type { Asker } from '../policy/index.ts'
import type { ExchangeRecorder, SessionRecorder, SessionRecording } from '../recording/index.ts'
import type { LiveSession, Reservation, ResourceShare } from '../runs/index.ts'
import {
  type DecisionRow,
  type HistoryRow,
  MAX_OUTCOMES,
  type MaskedRow,
  type OutcomeFields,
  type OutcomeRow,
  type PayloadDraft,
  type PayloadKey,
  type TrailError,
  type UsageRow,
} from '../trail/index.ts'
import { Asking } from './asking.ts'
import { saidByRules, type UnderBreakGlass } from './break-glass.ts'
import { ClaimReferences } from './claim-references.ts'
import type { Connected, GuardParts } from './create-guard.ts'
import { DecisionReferences, type Referred } from './decision-references.ts'
import type { Admission, Approved, Session, SessionEnd, Waiting } from './guard.ts'
import { IntentDraft, type Said } from './intent-draft.ts'
import { type Judged, reserve, spend } from './judging.ts'
import type { SessionMeter } from './meter.ts'
import { OpenOperation, type Settling } from './open-operation.ts'
import type { OutcomeFlush } from './outcome-flush.ts'
import { isReadOnly } from './read-only.ts'
import { RedactedPayloads } from './redacted-payloads.ts'
import { countsAsRefused, refusalOf, trailUnavailable } from './refusals.ts'
import type { Histories } from './run-histories.ts'
import { SaidHistories } from './said-histories.ts'
import { type SessionCounts, sessionClosed } from './session-entries.ts'
import { type KnownStatement, StatementReferences } from './statement-references.ts'
import { isPrepared } from './terms.ts'
import { usageRow } from './usage-row.ts'

/** So many rows about what was masked are written without waiting for more: an entry has an end. */
const MANY_MASKED = 32

/** Of so many decisions one is timed: looking at the clock twice takes longer than counting everything else. */
const TIMED = 8

/** A session that must end and whose protocol has not closed it by then is closed in the trail all the same; ms. */
const CLOSED_WITHIN_MS = 2_000

export interface SessionParts<Ask, Target> extends Pick<GuardParts<Ask, Target>, 'trail' | 'connect' | 'policy' | 'asking' | 'now'> {
  readonly live: LiveSession
  readonly run: Run
  readonly resource: Resource
  readonly asker: Asker
  /** Classes that some rule could permit it. */
  readonly permitted: ReadonlySet<string>
  readonly key: PayloadKey
  readonly flush: OutcomeFlush
  /** What runs said again and again. */
  readonly histories: Histories
  /** Absent where what is shown is not recorded. */
  readonly recording: SessionRecording | undefined
  /** Absent where it was not opened under break-glass. */
  readonly breakGlass: UnderBreakGlass | undefined
  /** Called when it is closed. */
  readonly ended: () => void
  /** Absent where nobody counts. */
  readonly meter: SessionMeter | undefined
}

export class GuardedSession<Ask, Target> implements Session<Ask, Target>, Settling {
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  /** What the rules know of it. */
  readonly asker: Asker
  readonly readOnly: boolean
  readonly breakGlass: Session<Ask, Target>['breakGlass']
  readonly signal: AbortSignal
  readonly draining: AbortSignal
  readonly #parts: SessionParts<Ask, Target>
  readonly #meter: SessionMeter | undefined
  readonly #statements = new StatementReferences()
  readonly #histories: SaidHistories
  readonly #decisions = new DecisionReferences()
  readonly #claims = new ClaimReferences()
  readonly #redacted: RedactedPayloads
  readonly #asking: Asking | undefined
  readonly #open = new Set<OpenOperation>()
  #outcomes: OutcomeRow[] = []
  /** What was masked in them. */
  #masked: MaskedRow[] = []
  /** What calls of models used among them. */
  #usage: UsageRow[] = []
  #last = 0
  #allowed = 0
  #refused = 0
  /** As outcomes say it: also what was admitted, and refused behind that. */
  #refusedAsSaid = 0
  /** Of these the same tried by another way, such as kubectl's second protocol. */
  #refusedAgain = 0
  #maskedValues = 0
  /** By what the rules said; of intents that are durable. */
  readonly #decided = { allow: 0, ask: 0, deny: 0 }
  /** Whether the trail holds those intents and no others. */
  #exact = true
  #decisionsTimed = 0
  /** Admissions whose intents are not durable yet. */
  #admitting = 0
  #closed = false

  constructor(parts: SessionParts<Ask, Target>) {
    this.#parts = parts
    this.#meter = parts.meter
    this.id = parts.live.id
    this.#redacted = new RedactedPayloads(this.id)
    this.run = parts.run
    this.#histories = new SaidHistories(this.id, this.run.id, parts.histories)
    this.resource = parts.resource
    this.asker = parts.asker
    this.readOnly = parts.resource.kind === 'postgres' && isReadOnly(parts.permitted)
    this.breakGlass = parts.breakGlass && { id: parts.breakGlass.opening.id, until: parts.breakGlass.opening.until }
    this.signal = parts.live.signal
    this.draining = parts.live.draining
    const { asking, key, trail } = parts
    const { budget } = parts.live
    this.#asking =
      asking &&
      new Asking(
        { ...{ id: this.id, run: this.run, resource: this.resource, signal: this.signal }, key, budget, trail, meter: parts.meter },
        asking,
      )
    if (this.signal.aborted) this.#closeSoon()
    else this.signal.addEventListener('abort', () => this.#closeSoon(), { once: true })
  }

  get recorder(): SessionRecorder | undefined {
    return this.#parts.recording?.recorder
  }

  get exchanges(): ExchangeRecorder | undefined {
    return this.#parts.recording?.exchanges
  }

  async connect(ask: Ask, signal: AbortSignal): Promise<Target> {
    const { target, credential } = await this.#connect(ask, AbortSignal.any([signal, this.signal]))
    // Nothing of a session comes behind its end.
    if (this.#closed) return target
    this.#parts.trail.note({
      kind: 'credential.injected',
      fields: { session: this.id, credential: credential.name, version: credential.version },
    })
    return target
  }

  async #connect(ask: Ask, signal: AbortSignal): Promise<Connected<Target>> {
    const since = performance.now()
    try {
      const connected = await this.#parts.connect(this.resource, ask, signal, this.#parts.permitted, this.id)
      this.#meter?.connected(performance.now() - since, undefined)
      return connected
    } catch (error) {
      // Whoever went away meanwhile learns nothing of the target.
      if (!signal.aborted) this.#meter?.connected(performance.now() - since, error)
      throw error
    }
  }

  /** What the rules say, and break-glass. */
  decide(operation: Operation): Decision {
    if (this.#meter === undefined || this.#decisionsTimed++ % TIMED !== 0) return this.#decide(operation)
    const since = performance.now()
    const decision = this.#decide(operation)
    this.#meter.decided(performance.now() - since)
    return decision
  }

  #decide(operation: Operation): Decision {
    const { policy, now, breakGlass } = this.#parts
    const [inForce, at] = [policy(), now()]
    const said = inForce.decide(this.asker, operation, at)
    return breakGlass === undefined ? said : breakGlass.overrule(said, inForce, this.asker, operation, at)
  }

  /** As `Guard.couldAllow`. */
  couldAllow(facts: Facts): boolean {
    const { policy, now, breakGlass } = this.#parts
    return policy().couldAllow(this.asker, facts, now()) || breakGlass?.covers(now()) === true
  }

  async ask(
    decided: readonly Decided[],
    effective: EffectiveOperation,
    claimed: { readonly message?: string } | undefined,
  ): Promise<Waiting> {
    if (this.#closed) throw this.#ended()
    if (!this.#asking) throw new Refusal('GS_APPROVAL_UNAVAILABLE')
    try {
      return await this.#asking.ask(decided, effective, claimed, this.#parts.policy().digest)
    } catch (error) {
      throw error instanceof Refusal ? inWordsOf(this.resource.kind, error) : error
    }
  }

  admit(asked: readonly Decided[], go: (answers: readonly (Admission | Refusal)[], first?: number) => void, approved?: Approved): void {
    if (this.#closed) {
      const ended = this.#ended()
      go(asked.map(() => ended))
      return
    }
    const first = this.#last + 1
    const { decided, reservations, approval } =
      approved === undefined ? reserve(this.#still(asked), this.#parts.live.budget, false) : this.#spend(asked, approved)
    this.#intend(decided, approval)
    const last = this.#last
    this.#parts.live.count(decided.length)
    this.#admitting += 1
    const since = this.#meter === undefined ? 0 : performance.now()
    this.#parts.trail.whenDurable((error) => {
      this.#admitting -= 1
      const now = performance.now()
      this.#meter?.admitted(now - since)
      if (error === undefined) {
        for (const { decision } of decided) this.#decided[saidByRules(decision).effect]++
        return go(
          decided.map((each, at) => this.#answer(each, first + at, reservations[at], approval, now)),
          first,
        )
      }
      for (const reservation of reservations) reservation?.release()
      const refusal = this.#forgotten(first, last, error)
      go(
        decided.map(() => refusal),
        first,
      )
    })
  }

  /** Break-glass may be over since they were decided. */
  #still(asked: readonly Decided[]): readonly Decided[] {
    const { breakGlass, now } = this.#parts
    if (breakGlass === undefined) return asked
    const at = now()
    return asked.map((each) => {
      const decision = breakGlass.still(each.decision, at)
      return decision === each.decision ? each : { ...each, decision }
    })
  }

  #ended(): Refusal {
    return this.signal.aborted ? (this.signal.reason as Refusal) : new Refusal('GS_SESSION_ENDED')
  }

  /** Intents that could not be written leave a hole in the counter; the gap says which and why once there is room. */
  #forgotten(first: number, last: number, error: TrailError): Refusal {
    // Those of several entries may have been written in part.
    this.#exact = false
    this.#forget()
    this.#parts.trail.note({ kind: 'gap', fields: { session: this.id, first, last, reason: error.code } })
    return trailUnavailable(error)
  }

  /** Decided anew, and spent where nothing speaks against it. */
  #spend(asked: readonly Decided[], approved: Approved): Judged {
    const { policy, now, asking, live } = this.#parts
    if (!asking) return reserve(asked, live.budget, false)
    // All of it is refused when it is answered, with why.
    if (this.signal.aborted) return { decided: asked, reservations: [] }
    const judged = spend(asked, approved, {
      ...{ session: this.id, run: this.run.id, asker: this.asker, budget: live.budget },
      ...{ policy: policy(), approvals: asking.approvals, now: now() },
    })
    if (judged.approval !== undefined) this.#asking?.spent(judged.approval)
    return judged
  }

  /** After the intent is durable: revoked in the meantime is refused; so is what the rules refused. */
  #answer(
    { operation, decision, refusal: unsupported }: Decided,
    number: number,
    reservation: Reservation | undefined,
    approval: ApprovalId | undefined,
    now: number,
  ): Admission | Refusal {
    const refusal = this.signal.aborted ? (this.signal.reason as Refusal) : (unsupported ?? this.#refusalOf(operation, decision, approval))
    this.#meter?.answered(saidByRules(decision), refusal)
    if (refusal !== undefined) {
      this.#refused++
      if (operation.retryOf !== undefined) this.#refusedAgain++
      reservation?.release()
      // The same tried by another way is no second attempt.
      const counts = countsAsRefused(refusal) && operation.retryOf === undefined
      if (!this.signal.aborted && counts) this.#parts.live.budget.refused()
      this.#settled({ number }, { status: 'refused', rows: 0, bytes: 0 }, 0)
      return inWordsOf(this.resource.kind, refusal)
    }
    this.#allowed++
    const admitted = new OpenOperation(number, this, decision, reservation, this.resource.kind, operation.cost?.model ?? '', now)
    this.#open.add(admitted)
    return admitted
  }

  #refusalOf(operation: Operation, decided: Decision, approval: ApprovalId | undefined): Refusal | undefined {
    const { breakGlass, now } = this.#parts
    // Or over while its intent was on its way to the disk.
    const decision = breakGlass === undefined ? decided : breakGlass.still(decided, now())
    if (decision.effect === 'allow') return undefined
    const mayGo = decision.effect === 'ask' && (approval !== undefined || (this.#asking !== undefined && isPrepared(operation)))
    return mayGo ? undefined : refusalOf(decision, this.resource.kind)
  }

  /** Stages the intents of one read: in one entry, or in as many as they take. */
  #intend(decided: readonly Decided[], approval: ApprovalId | undefined): void {
    let draft = new IntentDraft()
    for (const one of decided) {
      let said = this.#say(one)
      if (draft.add(said)) continue
      if (!this.#stage(draft, approval)) {
        this.#last -= 1
        said = this.#say(one)
      }
      draft = new IntentDraft()
      draft.add(said)
    }
    if (!draft.empty) this.#stage(draft, approval)
  }

  #say({ operation, decision }: Decided): Said {
    const { key } = this.#parts
    const payloads: PayloadDraft[] = []
    const n = ++this.#last
    const { known, first } = this.#statements.refer(operation.statement, operation.form !== 'query')
    const histories = first ? this.#sayStatement(known, operation, payloads) : undefined
    if (operation.parameters !== undefined) {
      const name = `parameters.${n}`
      payloads.push({ name, key, content: this.#redacted.parameters(known, name, operation.parameters) })
    }
    const byRules = saidByRules(decision)
    const said = this.#decisions.refer(byRules, operation.facts)
    if (said.newFacts && operation.facts !== undefined) {
      const name = `facts.${said.facts}`
      payloads.push({ name, key, content: this.#redacted.facts(name, operation.facts) })
    }
    return {
      claims: operation.claims && [n, this.#sayClaims(operation.claims, payloads)],
      op: operation.form === 'bind' ? [n, known.reference, said.reference] : [n, known.reference, said.reference, operation.form],
      decision: said.first ? decisionRow(byRules, said) : undefined,
      payloads,
      redacted: this.#redacted.rows(),
      breakGlass: decision.breakGlass,
      histories,
      retry: operation.retryOf && [n, operation.retryOf.session, operation.retryOf.operation],
    }
  }

  /** @returns the number that they are referred to by */
  #sayClaims(claims: Claims, payloads: PayloadDraft[]): number {
    const { reference, first } = this.#claims.refer(claims)
    if (first) {
      const name = `claims.${reference}`
      payloads.push({ name, key: this.#parts.key, content: this.#redacted.claims(name, claims) })
    }
    return reference
  }

  /** For the first time. @returns where what its run said before, or says with it, belongs in it */
  #sayStatement(known: KnownStatement, { statement, form }: Operation, payloads: PayloadDraft[]): readonly HistoryRow[] | undefined {
    const { key } = this.#parts
    const name = `statement.${known.reference}`
    if (form !== 'request' && form !== 'answer') {
      payloads.push({ name, key, content: this.#redacted.statement(known, name, statement.text) })
      return undefined
    }
    const said = this.#histories.say(known.reference, statement, (part, first) => this.#redacted.part(`history.${first}`, part))
    payloads.push({ name, key, content: this.#redacted.request(name, said.head) })
    for (const { first, content } of said.brought) payloads.push({ name: `history.${first}`, key, content })
    return said.rows
  }

  /** @returns whether it found room; where not, what it said has not been said */
  #stage(draft: IntentDraft, approval: ApprovalId | undefined): boolean {
    const { trail } = this.#parts
    const staged = trail.append(draft.entry(this.id, approval)) !== undefined
    for (const leak of this.#redacted.leaks()) trail.note(leak)
    if (!staged) {
      // The next intent, perhaps staged before anybody is told, says it again.
      this.#forget()
    }
    return staged
  }

  #forget(): void {
    this.#statements.forget()
    this.#histories.forget()
    this.#decisions.forget()
    this.#claims.forget()
  }

  settled(operation: OpenOperation, outcome: Outcome, microseconds: number): void {
    this.#open.delete(operation)
    this.#masked.push(...operation.maskedRows)
    for (const [, mask, , count] of operation.maskedRows) {
      this.#maskedValues += count
      this.#meter?.masked(mask, count)
    }
    if (outcome.usage) {
      this.#usage.push(usageRow(operation.number, outcome.usage))
      this.#parts.live.spent(outcome.usage)
      this.#meter?.used(operation.model, outcome.usage)
    }
    this.#settled(operation, outcome, microseconds)
  }

  #settled({ number }: { readonly number: number }, outcome: Outcome, microseconds: number): void {
    const { status, rows, bytes, code } = outcome
    this.#meter?.settled(outcome, microseconds)
    if (this.#outcomes.length === 0) this.#parts.flush.soon(this.#writeOutcomes)
    if (status === 'refused') this.#refusedAsSaid++
    this.#outcomes.push(
      code === undefined ? [number, status, rows, bytes, microseconds] : [number, status, rows, bytes, microseconds, code],
    )
    if (this.#outcomes.length === MAX_OUTCOMES || this.#masked.length >= MANY_MASKED) this.#writeOutcomes()
  }

  readonly #writeOutcomes = (): void => {
    const outcomes = this.#outcomes
    if (outcomes.length === 0) return
    const [masked, usage] = [this.#masked, this.#usage]
    this.#outcomes = []
    this.#masked = []
    this.#usage = []
    const fields: OutcomeFields = {
      session: this.id,
      outcomes,
      ...(masked.length > 0 && { masked }),
      ...(usage.length > 0 && { usage }),
    }
    this.#parts.trail.note({ kind: 'operation.outcome', fields })
  }

  close(reason: SessionEnd): void {
    if (this.#closed) return
    this.#closed = true
    this.#asking?.end(reason)
    this.#parts.ended()
    this.#meter?.closed()
    this.#parts.live.close()
    // Those who are still waiting are told before this is: their outcomes belong to the session too.
    if (this.#admitting > 0) this.#parts.trail.whenDurable(() => this.#recordEnd(reason))
    else this.#recordEnd(reason)
  }

  #recordEnd(reason: SessionEnd): void {
    for (const operation of [...this.#open]) operation.abandon()
    this.#writeOutcomes()
    const counts = { allowed: this.#allowed, refused: this.#refused }
    const { recording } = this.#parts
    // Nothing of a session comes behind its end, so what it was shown last comes first.
    if (recording) recording.finish((segments) => this.#noteEnd(reason, { ...counts, segments }))
    else this.#noteEnd(reason, counts)
  }

  #noteEnd(reason: SessionEnd, counts: SessionCounts): void {
    const account = { decisions: this.#decided, exact: this.#exact, share: this.#share() }
    this.#parts.trail.note(sessionClosed(this.id, reason, counts), (index) => this.#parts.live.recorded(account, index))
  }

  #share(): ResourceShare {
    const { allow, ask, deny } = this.#decided
    const again = this.#refusedAgain
    const operations = allow + ask + deny - again
    const numbers = { operations, refused: this.#refusedAsSaid - again, held: ask, masked: this.#maskedValues }
    return { resource: this.resource.name, sessions: 1, sessionsRefused: 0, ...numbers }
  }

  #closeSoon(): void {
    setTimeout(() => this.close('ended'), CLOSED_WITHIN_MS).unref()
  }
}

function decisionRow({ effect, rules, policy }: Decision, { reference, facts }: Referred): DecisionRow {
  return facts === undefined ? [reference, effect, rules, policy] : [reference, effect, rules, policy, facts]
}
