import { randomBytes } from 'node:crypto'
import type { ClientInfo, Refusal, Resource, Run } from '../operations/index.ts'
import type { Policy } from '../policy/index.ts'
import type { Runs } from '../runs/index.ts'
import type { TrailWriter } from '../trail/index.ts'
import type { Guard } from './guard.ts'
import { OutcomeFlush } from './outcome-flush.ts'
import { noRuleOpens, trailUnavailable } from './refusals.ts'
import { GuardedSession } from './session.ts'
import { sessionClosed, sessionOpened } from './session-entries.ts'

export interface GuardParts<Ask, Target> {
  /** The policy in force now; a reload replaces it. */
  readonly policy: () => Policy
  readonly runs: Pick<Runs, 'openSession'>
  readonly trail: TrailWriter
  /** Logs in at the resource with the gateway's own credential, and says which one it was. */
  readonly connect: (resource: Resource, ask: Ask, signal: AbortSignal) => Promise<Connected<Target>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Connected<Target> {
  readonly target: Target
  /** The credential's name and version; never its value. */
  readonly credential: { readonly name: string; readonly version: number }
}

/** The guard over one policy, one trail and one set of live runs. `stop` writes the outcomes that wait. */
export function createGuard<Ask, Target>(parts: GuardParts<Ask, Target>): Guard<Ask, Target> & { stop(): void } {
  const flush = new OutcomeFlush()

  async function open(run: Run, resource: Resource, client: ClientInfo) {
    const policy = parts.policy()
    if (!policy.mayOpen(run.principal, resource, parts.now())) {
      const refusal = noRuleOpens(resource)
      await recordRefusedOpen(run, resource, client, refusal)
      throw refusal
    }
    const live = parts.runs.openSession(run, resource, client)
    try {
      const key = parts.trail.sessionKey()
      await parts.trail.durable(
        sessionOpened({ id: live.id, run, resource, client, policy: policy.digest, effect: 'allow' }, key, parts.trail),
      )
      return new GuardedSession<Ask, Target>({ ...parts, live, run, resource, key, flush })
    } catch (error) {
      live.close()
      throw trailUnavailable(error)
    }
  }

  /** A session that never came to be still leaves who asked, for what, and the answer. */
  async function recordRefusedOpen(run: Run, resource: Resource, client: ClientInfo, refusal: Refusal): Promise<void> {
    const { trail } = parts
    try {
      const facts = { id: `ses_${randomBytes(12).toString('base64url')}`, run, resource, client }
      trail.append(sessionOpened({ ...facts, policy: parts.policy().digest, effect: 'deny' }, trail.sessionKey(), trail))
      await trail.durable(sessionClosed(facts.id, refusal.code))
    } catch (error) {
      throw trailUnavailable(error)
    }
  }

  return {
    open,
    decide: (session, operation) => parts.policy().decide(session.run.principal, session.resource, operation, parts.now()),
    admit: (session, decided, go) => own(session).admit(decided, go),
    stop: () => flush.stop(),
  }

  function own(session: unknown): GuardedSession<Ask, Target> {
    if (!(session instanceof GuardedSession)) throw new TypeError('this session was not opened by this guard')
    return session
  }
}
