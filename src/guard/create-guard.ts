import type { Openings } from '../breakglass/index.ts'
import type { ClientInfo, Refusal, Resource, Run } from '../operations/index.ts'
import type { Asker, Policy } from '../policy/index.ts'
import type { Recording, SessionRecording } from '../recording/index.ts'
import type { LiveSession, Runs, SessionAccount } from '../runs/index.ts'
import type { TrailWriter } from '../trail/index.ts'
import type { AskingParts } from './asking.ts'
import { everything, SessionsUnderBreakGlass, UnderBreakGlass } from './break-glass.ts'
import type { Guard } from './guard.ts'
import type { GuardMeter } from './meter.ts'
import { OutcomeFlush } from './outcome-flush.ts'
import { noRuleOpens, trailUnavailable } from './refusals.ts'
import { Histories } from './run-histories.ts'
import { GuardedSession } from './session.ts'
import { type OpenedFacts, sessionClosed, sessionOpened } from './session-entries.ts'

export interface GuardParts<Ask, Target> {
  /** The policy in force now; a reload replaces it. */
  readonly policy: () => Policy
  readonly runs: Pick<Runs, 'openSession'>
  readonly trail: TrailWriter
  /**
   * Logs in at the resource with one of the gateway's own credentials, and says which one it was.
   * @param permitted classes that some rule could permit: the credential must be for all of them
   * @param session whose connection it is
   */
  readonly connect: (
    resource: Resource,
    ask: Ask,
    signal: AbortSignal,
    permitted: ReadonlySet<string>,
    session: string,
  ) => Promise<Connected<Target>>
  /** Absent where nobody can be asked. */
  readonly asking?: AskingParts
  /** What break-glass is open; absent where there is none. */
  readonly openings?: Openings | undefined
  /** Absent where nothing is recorded of what is shown. */
  readonly recording?: Pick<Recording, 'begin'>
  /** Absent where nobody counts. */
  readonly meter?: GuardMeter | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Connected<Target> {
  readonly target: Target
  /** The credential's name and version; never its value. */
  readonly credential: { readonly name: string; readonly version: number }
}

/** A session without operations: refused, or never opened. */
function nothing(resource: Resource, sessionsRefused: number): SessionAccount {
  const share = { resource: resource.name, sessions: 0, sessionsRefused, operations: 0, refused: 0, held: 0, masked: 0 }
  return { decisions: { allow: 0, ask: 0, deny: 0 }, exact: true, share }
}

/** The guard over one policy, one trail and one set of live runs. `stop` writes the outcomes that wait. */
export function createGuard<Ask, Target>(parts: GuardParts<Ask, Target>): Guard<Ask, Target> & { stop(): void } {
  const flush = new OutcomeFlush()
  const histories = new Histories()
  const underBreakGlass = new SessionsUnderBreakGlass()
  const forget = parts.openings?.onClosed((opening) => underBreakGlass.end(opening))

  async function open(run: Run, resource: Resource, client: ClientInfo) {
    const policy = parts.policy()
    const meter = parts.meter?.at(resource)
    // First of all, as nothing of a run may come behind its end.
    const live = parts.runs.openSession(run, resource, client)
    const asker: Asker = { principal: run.principal, resource, run, session: { ...client, id: live.id } }
    const opening = parts.openings?.covering(run, resource.name, parts.now())
    const breakGlass = parts.openings && opening && new UnderBreakGlass(opening, parts.openings, run, resource)
    const facts = { id: live.id, run, resource, client, policy: policy.digest, breakGlass: opening?.id }
    const mayOpen = breakGlass !== undefined || policy.mayOpen(asker, parts.now())
    const refusal = live.budget.suspended ?? (mayOpen ? undefined : noRuleOpens(resource))
    if (refusal !== undefined) {
      meter?.refused(refusal.code)
      await recordRefusedOpen(live, { ...facts, effect: 'deny' }, refusal)
      throw refusal
    }
    // Before it is recorded: break-glass may end meanwhile.
    if (breakGlass) underBreakGlass.add(live, run, resource)
    const ended = () => underBreakGlass.remove(live)
    let recording: SessionRecording | undefined
    try {
      const permitted = breakGlass ? everything(resource) : policy.couldPermit(asker, parts.now())
      const key = parts.trail.sessionKey()
      recording = parts.recording?.begin(live.id, resource)
      const [opened, ...leaks] = sessionOpened({ ...facts, effect: 'allow', recording: recording?.opened }, key, parts.trail)
      await parts.trail.durable(opened)
      for (const leak of leaks) parts.trail.note(leak)
      const made = { live, run, resource, asker, permitted, key, flush, histories, breakGlass, ended, recording }
      meter?.opened()
      return new GuardedSession<Ask, Target>({ ...parts, ...made, meter })
    } catch (error) {
      recording?.finish(() => undefined)
      ended()
      live.close()
      live.recorded(nothing(resource, 0), undefined)
      meter?.refused('GS_TRAIL_UNAVAILABLE')
      throw trailUnavailable(error)
    }
  }

  /** A session that never came to be still leaves who asked, for what, and the answer. */
  async function recordRefusedOpen(live: LiveSession, facts: OpenedFacts, refusal: Refusal): Promise<void> {
    const { trail } = parts
    let index: number | undefined
    try {
      const [opened, ...leaks] = sessionOpened(facts, trail.sessionKey(), trail)
      trail.append(opened)
      for (const leak of leaks) trail.note(leak)
      index = (await trail.durable(sessionClosed(facts.id, refusal.code))).index
    } catch (error) {
      throw trailUnavailable(error)
    } finally {
      live.close()
      live.recorded(nothing(facts.resource, 1), index)
    }
  }

  return {
    open,
    get usesTransaction() {
      return parts.policy().usesTransaction
    },
    get asksPeople() {
      return parts.asking !== undefined && parts.policy().asks
    },
    get policy() {
      return parts.policy().digest
    },
    decide: (session, operation) => own(session).decide(operation),
    couldAllow: (session, facts) => own(session).couldAllow(facts),
    admit: (session, decided, go, approved) => own(session).admit(decided, go, approved),
    ask: (session, decided, effective, claimed) => own(session).ask(decided, effective, claimed),
    stop() {
      forget?.()
      flush.stop()
    },
  }

  function own(session: unknown): GuardedSession<Ask, Target> {
    if (!(session instanceof GuardedSession)) throw new TypeError('this session was not opened by this guard')
    return session
  }
}
