import type { Opening, Openings } from '../breakglass/index.ts'
import { type Decision, type Operation, PLANES, Refusal, type Resource, type Run } from '../operations/index.ts'
import type { Asker, Policy } from '../policy/index.ts'
import type { LiveSession } from '../runs/index.ts'

/** What a session under break-glass may come to: a connection to the target must do for all of it. */
export const everything = ({ kind }: Pick<Resource, 'kind'>): ReadonlySet<string> => new Set(PLANES[kind].classes)

/**
 * Break-glass over one session. Only sessions that were opened under it have one: their client was told, and their connection to the target is made
 * for it. One that was there before stays what it was.
 */
export class UnderBreakGlass {
  /** The opening that it was opened under. */
  readonly opening: Opening
  readonly #openings: Pick<Openings, 'covering'>
  readonly #run: Run
  readonly #resource: Resource
  #of: Opening['id'] | undefined
  #overruled = new WeakMap<Decision, WeakMap<Decision, Decision>>()

  constructor(opening: Opening, openings: Pick<Openings, 'covering'>, run: Run, resource: Resource) {
    this.opening = opening
    this.#openings = openings
    this.#run = run
    this.#resource = resource
  }

  /**
   * What is decided where the rules do not permit it: the same object for the same answer.
   * @param said by the rules @param now milliseconds since the epoch
   */
  overrule(said: Decision, policy: Policy, asker: Asker, operation: Operation, now: number): Decision {
    // What is too long is so for everybody, and what a mask refuses rules permit.
    if (said.effect === 'allow' || said.exceeds || said.masked) return said
    const opening = this.#covering(now)
    if (opening === undefined) return said
    if (opening.id !== this.#of) {
      this.#of = opening.id
      this.#overruled = new WeakMap()
    }
    const without = policy.withoutRules(asker, operation, now)
    const known = this.#overruled.get(said)
    const same = known?.get(without)
    if (same !== undefined) return same
    const decision = Object.freeze({ ...without, ...(without.effect === 'allow' && { breakGlass: opening.id }), overruled: said })
    if (known) known.set(without, decision)
    else this.#overruled.set(said, new WeakMap([[without, decision]]))
    return decision
  }

  /**
   * A decision as it still holds: what the rules said, where break-glass is over meanwhile; under the opening that covers it now, where that is another.
   * @param now milliseconds since the epoch
   */
  still(decision: Decision, now: number): Decision {
    const { breakGlass, overruled } = decision
    if (breakGlass === undefined || overruled === undefined) return decision
    const opening = this.#covering(now)
    if (opening === undefined) return overruled
    return opening.id === breakGlass ? decision : Object.freeze({ ...decision, breakGlass: opening.id })
  }

  /** Whether it is open still. @param now milliseconds since the epoch */
  covers(now: number): boolean {
    return this.#covering(now) !== undefined
  }

  #covering(now: number): Opening | undefined {
    return this.#openings.covering(this.#run, this.#resource.name, now)
  }
}

/** What the rules said of an operation: what is recorded and counted of it. */
export const saidByRules = (decision: Decision): Decision => decision.overruled ?? decision

/** Sessions under break-glass, while they are live: they end with it. */
export class SessionsUnderBreakGlass {
  readonly #sessions = new Map<LiveSession, { readonly run: Run; readonly resource: Resource }>()

  add(live: LiveSession, run: Run, resource: Resource): void {
    this.#sessions.set(live, { run, resource })
  }

  remove(live: LiveSession): void {
    this.#sessions.delete(live)
  }

  /** Of all that could use it: also of one that was opened under another one of the same person. */
  end({ id, issuer, subject, resources }: Opening): void {
    const reason = over(id)
    for (const [live, { run, resource }] of [...this.#sessions])
      if (run.principal.issuer === issuer && run.principal.subject === subject && resources.includes(resource.name)) live.end(reason)
  }
}

function over(id: Opening['id']): Refusal {
  return new Refusal('GS_SESSION_ENDED', {
    reason: `Break-glass ${id} is over, and with it every session that could use it.`,
    next: 'Connect again, under the rules as they are.',
  })
}
