import { type Decided, type Decision, type Outcome, Refusal, type Resource, type Run } from '../operations/index.ts'
import type { Asker } from '../policy/index.ts'
import type { LiveSession, Reservation } from '../runs/index.ts'
import {
  type DecisionRow,
  MAX_OUTCOMES,
  type OutcomeFields,
  type OutcomeRow,
  type PayloadDraft,
  type PayloadKey,
  type TrailError,
  type TrailWriter,
} from '../trail/index.ts'
import type { GuardParts } from './create-guard.ts'
import { DecisionReferences, type Referred } from './decision-references.ts'
import type { Admission, Session, SessionEnd } from './guard.ts'
import { IntentDraft, type Said } from './intent-draft.ts'
import { OpenOperation, type Settling } from './open-operation.ts'
import type { OutcomeFlush } from './outcome-flush.ts'
import { isReadOnly } from './read-only.ts'
import { RedactedPayloads } from './redacted-payloads.ts'
import { refusalOf, trailUnavailable } from './refusals.ts'
import { sessionClosed } from './session-entries.ts'
import { StatementReferences } from './statement-references.ts'

/** A session that must end and whose protocol has not closed it by then is closed in the trail all the same; ms. */
const CLOSED_WITHIN_MS = 2_000

export interface SessionParts<Ask, Target> {
  readonly trail: TrailWriter
  readonly connect: GuardParts<Ask, Target>['connect']
  readonly live: LiveSession
  readonly run: Run
  readonly resource: Resource
  readonly asker: Asker
  /** Classes that some rule could permit it. */
  readonly permitted: ReadonlySet<string>
  readonly key: PayloadKey
  readonly flush: OutcomeFlush
}

/** What may be done, and the room that was taken for it. */
interface Judged {
  readonly decided: readonly Decided[]
  readonly reservations: readonly (Reservation | undefined)[]
}

export class GuardedSession<Ask, Target> implements Session<Ask, Target>, Settling {
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  /** What the rules know of it. */
  readonly asker: Asker
  readonly readOnly: boolean
  readonly signal: AbortSignal
  readonly draining: AbortSignal
  readonly #parts: SessionParts<Ask, Target>
  readonly #statements = new StatementReferences()
  readonly #decisions = new DecisionReferences()
  readonly #redacted: RedactedPayloads
  readonly #open = new Set<OpenOperation>()
  #outcomes: OutcomeRow[] = []
  #last = 0
  #allowed = 0
  #refused = 0
  /** By what the rules said; of intents that are durable. */
  readonly #decided = { allow: 0, ask: 0, deny: 0 }
  /** Whether the trail holds those intents and no others. */
  #exact = true
  /** Admissions whose intents are not durable yet. */
  #admitting = 0
  #closed = false

  constructor(parts: SessionParts<Ask, Target>) {
    this.#parts = parts
    this.id = parts.live.id
    this.#redacted = new RedactedPayloads(this.id)
    this.run = parts.run
    this.resource = parts.resource
    this.asker = parts.asker
    this.readOnly = isReadOnly(parts.permitted)
    this.signal = parts.live.signal
    this.draining = parts.live.draining
    if (this.signal.aborted) this.#closeSoon()
    else this.signal.addEventListener('abort', () => this.#closeSoon(), { once: true })
  }

  async connect(ask: Ask, signal: AbortSignal): Promise<Target> {
    const { target, credential } = await this.#parts.connect(
      this.resource,
      ask,
      AbortSignal.any([signal, this.signal]),
      this.#parts.permitted,
    )
    // Nothing of a session comes behind its end.
    if (this.#closed) return target
    this.#parts.trail.note({
      kind: 'credential.injected',
      fields: { session: this.id, credential: credential.name, version: credential.version },
    })
    return target
  }

  admit(asked: readonly Decided[], go: (answers: readonly (Admission | Refusal)[]) => void): void {
    if (this.#closed) {
      const ended = this.signal.aborted ? (this.signal.reason as Refusal) : new Refusal('GS_SESSION_ENDED')
      go(asked.map(() => ended))
      return
    }
    const first = this.#last + 1
    const { decided, reservations } = this.#reserve(asked)
    this.#intend(decided)
    const last = this.#last
    this.#parts.live.count(decided.length)
    this.#admitting += 1
    this.#parts.trail.whenDurable((error) => {
      this.#admitting -= 1
      if (error === undefined) {
        for (const { decision } of decided) this.#decided[decision.effect]++
        return go(decided.map((each, at) => this.#answer(each, first + at, reservations[at])))
      }
      for (const reservation of reservations) reservation?.release()
      const refusal = this.#forgotten(first, last, error)
      go(decided.map(() => refusal))
    })
  }

  /** Intents that could not be written leave a hole in the counter; the gap says which and why once there is room. */
  #forgotten(first: number, last: number, error: TrailError): Refusal {
    // Those of several entries may have been written in part.
    this.#exact = false
    this.#statements.forget()
    this.#decisions.forget()
    this.#parts.trail.note({ kind: 'gap', fields: { session: this.id, first, last, reason: error.code } })
    return trailUnavailable(error)
  }

  /** Takes room in the budgets for what the rules allow. A text that is only prepared comes to nothing by itself. */
  #reserve(asked: readonly Decided[]): Judged {
    const { budget } = this.#parts.live
    const { suspended } = budget
    const reservations: (Reservation | undefined)[] = []
    let decided: Decided[] | undefined
    for (let at = 0; at < asked.length; at++) {
      const each = asked[at] as Decided
      let refusal = suspended
      if (!refusal && !each.refusal && each.decision.effect === 'allow' && each.operation.form !== 'prepare') {
        const room = budget.reserve()
        if (room instanceof Refusal) refusal = room
        else reservations[at] = room
      }
      if (!refusal) continue
      decided ??= [...asked]
      decided[at] = { ...each, decision: { effect: 'deny', rules: [], policy: each.decision.policy }, refusal }
    }
    return { decided: decided ?? asked, reservations }
  }

  /** After the intent is durable: revoked in the meantime is refused; so is what the rules refused. */
  #answer({ decision, refusal: unsupported }: Decided, number: number, reservation: Reservation | undefined): Admission | Refusal {
    const refusal = this.signal.aborted ? (this.signal.reason as Refusal) : (unsupported ?? refusalOf(decision))
    if (refusal !== undefined) {
      this.#refused++
      reservation?.release()
      if (!this.signal.aborted && refusal.code !== 'GS_RUN_SUSPENDED') this.#parts.live.budget.refused()
      this.#settled({ number }, { status: 'refused', rows: 0, bytes: 0 }, 0)
      return refusal
    }
    this.#allowed++
    const operation = new OpenOperation(number, this, decision, reservation)
    this.#open.add(operation)
    return operation
  }

  /** Stages the intents of one read: in one entry, or in as many as they take. */
  #intend(decided: readonly Decided[]): void {
    let draft = new IntentDraft()
    for (const one of decided) {
      let said = this.#say(one)
      if (draft.add(said)) continue
      if (!this.#stage(draft)) {
        this.#last -= 1
        said = this.#say(one)
      }
      draft = new IntentDraft()
      draft.add(said)
    }
    if (!draft.empty) this.#stage(draft)
  }

  #say({ operation, decision }: Decided): Said {
    const { key } = this.#parts
    const payloads: PayloadDraft[] = []
    const n = ++this.#last
    const { known, first } = this.#statements.refer(operation.statement, operation.form !== 'query')
    if (first) {
      const name = `statement.${known.reference}`
      payloads.push({ name, key, content: this.#redacted.statement(known, name, operation.statement.text) })
    }
    if (operation.parameters !== undefined) {
      const name = `parameters.${n}`
      payloads.push({ name, key, content: this.#redacted.parameters(known, name, operation.parameters) })
    }
    const said = this.#decisions.refer(decision, operation.facts)
    if (said.newFacts) payloads.push({ name: `facts.${said.facts}`, key, content: Buffer.from(JSON.stringify(operation.facts)) })
    return {
      op: operation.form === 'bind' ? [n, known.reference, said.reference] : [n, known.reference, said.reference, operation.form],
      decision: said.first ? decisionRow(decision, said) : undefined,
      payloads,
      redacted: this.#redacted.rows(),
    }
  }

  /** @returns whether it found room; where not, what it said has not been said */
  #stage(draft: IntentDraft): boolean {
    const { trail } = this.#parts
    const staged = trail.append(draft.entry(this.id)) !== undefined
    for (const leak of this.#redacted.leaks()) trail.note(leak)
    if (!staged) {
      // The next intent, perhaps staged before anybody is told, says it again.
      this.#statements.forget()
      this.#decisions.forget()
    }
    return staged
  }

  settled(operation: OpenOperation, outcome: Outcome, microseconds: number): void {
    this.#open.delete(operation)
    this.#settled(operation, outcome, microseconds)
  }

  #settled({ number }: { readonly number: number }, { status, rows, bytes, sqlstate }: Outcome, microseconds: number): void {
    if (this.#outcomes.length === 0) this.#parts.flush.soon(this.#writeOutcomes)
    this.#outcomes.push(
      sqlstate === undefined ? [number, status, rows, bytes, microseconds] : [number, status, rows, bytes, microseconds, sqlstate],
    )
    if (this.#outcomes.length === MAX_OUTCOMES) this.#writeOutcomes()
  }

  readonly #writeOutcomes = (): void => {
    const outcomes = this.#outcomes
    if (outcomes.length === 0) return
    this.#outcomes = []
    const fields: OutcomeFields = { session: this.id, outcomes }
    this.#parts.trail.note({ kind: 'operation.outcome', fields })
  }

  close(reason: SessionEnd): void {
    if (this.#closed) return
    this.#closed = true
    this.#parts.live.close()
    // Those who are still waiting are told before this is: their outcomes belong to the session too.
    if (this.#admitting > 0) this.#parts.trail.whenDurable(() => this.#recordEnd(reason))
    else this.#recordEnd(reason)
  }

  #recordEnd(reason: SessionEnd): void {
    for (const operation of [...this.#open]) operation.abandon()
    this.#writeOutcomes()
    const account = { decisions: this.#decided, exact: this.#exact }
    this.#parts.trail.note(sessionClosed(this.id, reason, { allowed: this.#allowed, refused: this.#refused }), (index) =>
      this.#parts.live.recorded(account, index),
    )
  }

  #closeSoon(): void {
    setTimeout(() => this.close('ended'), CLOSED_WITHIN_MS).unref()
  }
}

function decisionRow({ effect, rules, policy }: Decision, { reference, facts }: Referred): DecisionRow {
  return facts === undefined ? [reference, effect, rules, policy] : [reference, effect, rules, policy, facts]
}
