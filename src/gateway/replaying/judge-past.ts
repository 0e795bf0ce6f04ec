import { isReadOnly } from '../../guard/read-only.ts'
import type { Decision, Facts, OperationLimits } from '../../operations/index.ts'
import type { Asker, PastOperation } from '../../policy/index.ts'
import { Kept } from './kept.ts'
import type { OpenedEntries } from './opened-entries.ts'
import { isRedacted, type PastAsker, type PastAskers } from './past-askers.ts'
import { readFacts, unrecordedOfRequest } from './past-facts.ts'
import type { PastHistories } from './past-histories.ts'
import type { PastPolicies, PastPolicy } from './past-policies.ts'
import type { PastSession, SaidDecision } from './past-sessions.ts'
import { type Unsure, unsure } from './unsure.ts'

/** What is decided of an operation, then or under other rules. */
export interface Answer {
  readonly effect: Decision['effect']
  readonly rules: readonly string[]
  /** Undefined where they were not recorded; null where there are none. */
  readonly limits?: OperationLimits | null
  /** Set where it does not come to the rules: the resource is not configured, or no session would be opened. */
  readonly because?: 'resource' | 'opening'
}

/** An operation as an entry refers to it. */
export interface Referred {
  readonly statement: number
  readonly decision: number
  readonly form: string
  /** ms since the epoch */
  readonly at: number
}

/** Everything that is known of one operation of the past. */
export interface Known {
  readonly said: SaidDecision
  readonly who: PastAsker
  readonly facts: Facts | undefined
  /** The rules of then; undefined where they are not there. */
  readonly past: { readonly policy: PastPolicy['policy']; readonly asker: Asker } | undefined
}

export interface Judged {
  readonly known: Known
  readonly before: Answer
  readonly after: Answer
  /** What the rules permitted was refused all the same: by a budget, or because the run was suspended. */
  readonly besides: boolean
}

const FACTS_BYTES = 16 * 1024 * 1024

/** Judges operations of the past by other rules, and by their own as far as these are there. */
export class PastJudge {
  readonly #opened: OpenedEntries
  readonly #askers: PastAskers
  readonly #policies: PastPolicies
  readonly #candidate: PastPolicy
  readonly #histories: PastHistories
  readonly #facts = new Kept<string, Facts | Unsure>(FACTS_BYTES)
  /** Askers as policies see them, one object per session: answers are kept by it. */
  readonly #then = new WeakMap<PastSession, Asker>()
  readonly #now = new WeakMap<PastSession, Asker>()

  constructor(opened: OpenedEntries, askers: PastAskers, policies: PastPolicies, candidate: PastPolicy, histories: PastHistories) {
    this.#opened = opened
    this.#askers = askers
    this.#policies = policies
    this.#candidate = candidate
    this.#histories = histories
  }

  async judge(session: PastSession, operation: Referred): Promise<Judged | Unsure> {
    const known = await this.known(session, operation)
    if ('unsure' in known) return known
    const decided = await this.#whatWasDecided(session, operation, known)
    if ('unsure' in decided) return decided
    const { answer: before, certain, besides } = decided
    // Its text is the gateway's own: whatever rules say, it is refused.
    if (operation.form === 'unsupported') return { known, before, after: before, besides: false }
    const after = await this.#whatWouldBe(session, operation, known)
    if ('unsure' in after) return after
    if (!certain && after.effect !== 'deny') return unsure('refused-besides')
    return { known, before, after, besides }
  }

  /** What is known of it, without judging it. */
  async known(session: PastSession, { decision, form }: Pick<Referred, 'decision' | 'form'>): Promise<Known | Unsure> {
    const said = session.decisions.get(decision)
    if (said === undefined) return unsure('decision')
    const who = this.#askers.of(session)
    if ('unsure' in who) return who
    const facts = said.facts === undefined && form === 'unsupported' ? undefined : await this.#factsOf(session, said.facts)
    if (facts !== undefined && 'unsure' in facts) return facts
    return { said, who, facts, past: this.#past(session, said.policy, who) }
  }

  /** The asker as the candidate's rules see it; undefined where the resource is not configured there. */
  asker(session: PastSession, { principal, run, session: client }: PastAsker): Asker | undefined {
    const resource = resourceOf(session, this.#candidate)
    if (resource === undefined) return undefined
    return remembered(this.#now, session, () => ({ principal, run, session: client, resource }))
  }

  /** Bytes of the text; undefined where it is gone, or something was taken out of it. */
  async bytes(session: PastSession, statement: number): Promise<number | undefined> {
    const text = await this.text(session, statement)
    return text === undefined || isRedacted(text.toString()) ? undefined : text.byteLength
  }

  /** The text as it was recorded, with what its run had said before; undefined where it, or some of it, is gone. */
  async text(session: PastSession, statement: number): Promise<Buffer | undefined> {
    const index = session.statements.get(statement)
    const request = index === undefined ? undefined : await this.#histories.request(session.id, statement, index)
    return request === undefined || request.gone.length > 0 ? undefined : request.text
  }

  /** Why what was recorded is not what another session would be told of the same text: it was kept read-only, or is now. */
  async readOnlyMatters(session: PastSession, statement: number, { facts, who }: Known): Promise<boolean> {
    if (session.isUnderBreakGlass) return false
    const does = (action: string) => facts?.effects.some((effect) => effect.action === action) === true
    if (!does('set') && !does('read write')) return false
    const now = this.asker(session, who)
    const isNow = now !== undefined && isReadOnly(this.#candidate.policy.couldPermit(now, session.openedAt))
    if (!isNow) return does('read write')
    if (!does('set')) return false
    const before = this.#past(session, session.policy, who)
    if (before && isReadOnly(before.policy.couldPermit(before.asker, session.openedAt))) return false
    // A setting that makes a session writable has a name with "read" in it, unless the name is written with escapes.
    const text = await this.text(session, statement)
    return text === undefined || /read|\\|u&/i.test(text.toString()) || isRedacted(text.toString())
  }

  async #whatWasDecided(
    session: PastSession,
    operation: Referred,
    { said, who, facts, past }: Known,
  ): Promise<{ answer: Answer; certain: boolean; besides: boolean } | Unsure> {
    const recorded: Answer = { effect: said.effect, rules: said.rules }
    const isByNoRule = said.effect === 'deny' && said.rules.length === 0
    const unknown = { answer: recorded, certain: !isByNoRule, besides: false }
    if (past === undefined) return unknown
    const unrecorded = withRequest(who.unrecorded, facts)
    const judged = await this.#rejudge(past, { facts, unrecorded }, session, operation)
    if ('needs' in judged) return unknown
    const answer = answerOf(judged)
    if (isSame(answer, recorded)) return { answer, certain: true, besides: false }
    return isByNoRule ? { answer, certain: true, besides: true } : unsure('differs')
  }

  async #whatWouldBe(session: PastSession, operation: Referred, known: Known): Promise<Answer | Unsure> {
    const { who, facts, past } = known
    const asker = this.asker(session, who)
    if (asker === undefined) return { effect: 'deny', rules: [], limits: null, because: 'resource' }
    const { policy } = this.#candidate
    if (!session.isUnderBreakGlass && !policy.mayOpen(asker, session.openedAt))
      return { effect: 'deny', rules: [], limits: null, because: 'opening' }
    if (await this.readOnlyMatters(session, operation.statement, known)) return unsure('needed', ['session.readOnly'])
    const judged = await this.#rejudge({ policy, asker }, { facts, unrecorded: unrecordedOf(who, facts, past?.policy) }, session, operation)
    return 'needs' in judged ? unsure('needed', judged.needs) : answerOf(judged)
  }

  /** The size of the text is looked for only where it matters. */
  async #rejudge(
    { policy, asker }: { readonly policy: PastPolicy['policy']; readonly asker: Asker },
    operation: Omit<PastOperation, 'bytes'>,
    session: PastSession,
    { statement, form, at }: Referred,
  ) {
    const judged = policy.rejudge(asker, { ...operation, bytes: undefined }, at)
    if (!('needs' in judged) || !judged.needs.includes('statement.bytes')) return judged
    // What is recorded of a request may be shorter than it was.
    const bytes = form === 'request' ? undefined : await this.bytes(session, statement)
    return policy.rejudge(asker, { ...operation, bytes }, at)
  }

  #past(session: PastSession, digest: string, { principal, run, session: client }: PastAsker): Known['past'] {
    const then = session.configuration?.read()
    const resource = then && resourceOf(session, then)
    const past = resource && this.#policies.of(digest)
    if (past === undefined || resource === undefined) return undefined
    const asker = remembered(this.#then, session, () => ({ principal, run, session: client, resource }))
    return { policy: past.policy, asker }
  }

  async #factsOf(session: PastSession, number: number | undefined): Promise<Facts | Unsure> {
    if (number === undefined) return unsure('no-facts')
    const index = session.facts.get(number)
    if (index === undefined) return unsure('facts-gone')
    const kept = this.#facts.get(`${index}.${number}`)
    if (kept) return kept
    const content = (await this.#opened.at(index)).get(`facts.${number}`)
    const read = content === undefined ? unsure('facts-gone') : (readFacts(content) ?? unsure('facts-unreadable'))
    // Objects take more room than their text.
    this.#facts.set(`${index}.${number}`, read, 4 * (content?.byteLength ?? 64))
    return read
  }
}

/** Facts that the candidate may ask for and that nobody recorded, because no rule of then asked for them. */
export function unrecordedOf(
  { unrecorded }: PastAsker,
  facts: Facts | undefined,
  past: PastPolicy['policy'] | undefined,
): ReadonlySet<string> {
  const saysTransaction = facts?.sql === undefined || facts.sql.transaction !== undefined || past?.usesTransaction === true
  return withRequest(saysTransaction ? unrecorded : new Set([...unrecorded, 'sql.transaction']), facts)
}

function withRequest(unrecorded: ReadonlySet<string>, facts: Facts | undefined): ReadonlySet<string> {
  const more = facts === undefined ? [] : unrecordedOfRequest(facts)
  return more.length === 0 ? unrecorded : new Set([...unrecorded, ...more])
}

/** @returns undefined where it is not configured there */
function resourceOf(
  { resource: name }: PastSession,
  { tags, kinds, databases }: Omit<PastPolicy, 'policy'>,
): Asker['resource'] | undefined {
  const tagged = tags.get(name)
  const called = databases?.get(name)
  return tagged && { name, kind: kinds?.get(name) ?? 'postgres', tags: tagged, ...(called && { databases: called }) }
}

const answerOf = ({ effect, rules, limits }: Decision): Answer => ({ effect, rules, limits: limits ?? null })

/** Whether the same rules come to the same effect; limits aside. */
export const isSame = (one: Answer, other: Answer) =>
  one.effect === other.effect && one.rules.length === other.rules.length && one.rules.every((rule, at) => rule === other.rules[at])

function remembered(known: WeakMap<PastSession, Asker>, session: PastSession, make: () => Asker): Asker {
  let asker = known.get(session)
  if (asker === undefined) {
    asker = make()
    known.set(session, asker)
  }
  return asker
}
