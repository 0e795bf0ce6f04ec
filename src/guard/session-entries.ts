import type { ClientInfo, Resource, Run } from '../operations/index.ts'
import type { EntryDraft, PayloadKey, Trail } from '../trail/index.ts'
import type { SessionEnd } from './guard.ts'

export interface OpenedFacts {
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  readonly client: ClientInfo
  /** Digest of the policy at opening. */
  readonly policy: string
  readonly effect: 'allow' | 'deny'
}

/** What does not change within a session, said once. Addresses and names are payloads; the client's own words are marked as claims. */
export function sessionOpened(facts: OpenedFacts, key: PayloadKey, trail: Pick<Trail, 'pseudonym'>): EntryDraft {
  const { run, resource, client } = facts
  const { address, tls, ...claimed } = client
  return {
    kind: 'session.open',
    fields: {
      session: facts.id,
      run: run.id,
      who: { pseudonym: trail.pseudonym(run.principal.issuer, run.principal.subject), kind: run.principal.kind, proof: 'proven' },
      resource: resource.name,
      protocol: resource.kind,
      tls,
      key: key.id,
      policy: facts.policy,
      effect: facts.effect,
    },
    payloads: [{ name: 'client', key, content: Buffer.from(JSON.stringify({ address, claimed })) }],
  }
}

/** @param counts operations by effect, absent where the session never came to be */
export function sessionClosed(
  session: string,
  reason: SessionEnd | `GS_${string}`,
  counts?: { allowed: number; refused: number },
): EntryDraft {
  return { kind: 'session.close', fields: { session, reason, ...(counts ?? {}) } }
}
