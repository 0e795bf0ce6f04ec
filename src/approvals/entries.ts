import type { EntryDraft, PayloadDraft, TrailWriter } from '../trail/index.ts'
import type { StoredRequest } from './approval-store.ts'
import type { AskedFor } from './approvals.ts'
import { cardPayloads } from './card.ts'
import { type NamedPerson, saidOf } from './person-said.ts'
import type { Decision } from './requirements.ts'

/*
 * The entries of a request: `approval.asked`, any number of `approval.decided`, and `approval.used` or `approval.ended`, unless a no ended
 * it. `run` stands in each that comes before the end of the run, so that it is one of the run's. What is asked for, who answered by name
 * and why are payloads.
 */

export function askedEntry({ id, run, session, resource, protocol, policy, terms, mode }: StoredRequest, asked: AskedFor): EntryDraft {
  return {
    kind: 'approval.asked',
    fields: {
      approval: id,
      run,
      session,
      resource,
      protocol,
      policy,
      needs: terms.requirements.map(({ rule, count }) => ({ rule, count })),
      for: terms.for,
      stream: terms.stream,
      mode,
      ...(asked.taken && asked.taken.length > 0 && { redacted: asked.taken }),
    },
    payloads: cardPayloads(asked, asked.key),
  }
}

/** @param complete whether nothing is missing now. @param reason in the person's own words */
export function decidedEntry(
  { id, run, terms }: StoredRequest,
  { meets, ...decision }: Decision,
  complete: boolean,
  payloads: readonly PayloadDraft[],
): EntryDraft {
  const { who, verdict, channel, independence, separation } = decision
  return {
    kind: 'approval.decided',
    fields: {
      approval: id,
      run,
      verdict,
      complete,
      who: { pseudonym: who, kind: 'person', proof: 'proven' },
      channel,
      rules: meets.map((place) => terms.requirements[place]?.rule ?? ''),
      independence,
      separation,
    },
    payloads,
  }
}

export function usedEntry({ id, run }: StoredRequest, session: string): EntryDraft {
  return { kind: 'approval.used', fields: { approval: id, run, session } }
}

/** @param isOfRun false where the end of its run may stand before it. @param by who took it back, as entries name them */
export function endedEntry(
  { id, run, mode }: StoredRequest,
  state: StoredRequest['state'],
  more: { why?: string | undefined; by?: string | undefined; channel?: string },
  isOfRun: boolean,
  payloads: readonly PayloadDraft[] = [],
): EntryDraft {
  const { why, by, channel } = more
  return {
    kind: 'approval.ended',
    fields: {
      approval: id,
      ...(isOfRun && { run }),
      state,
      mode,
      ...(why !== undefined && { why }),
      ...(by !== undefined && { by }),
      ...(channel !== undefined && { channel }),
    },
    payloads,
  }
}

/** Who a person is, and why they answered so: under their own key, so that it goes with them. @throws TrailError */
export function personPayloads(
  trail: Pick<TrailWriter, 'subjectKey'>,
  who: string,
  person: NamedPerson,
  reason: Uint8Array | undefined,
): readonly PayloadDraft[] {
  const key = trail.subjectKey(who)
  return [{ name: 'person', key, content: saidOf(person) }, ...(reason === undefined ? [] : [{ name: 'reason', key, content: reason }])]
}
