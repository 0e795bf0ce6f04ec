import type { ClientInfo, Resource, Run } from '../operations/index.ts'
import { leakedDoors, redactedRows, redactJson } from '../redaction/index.ts'
import type { EntryDraft, EntryFields, PayloadKey, Trail } from '../trail/index.ts'
import type { SessionEnd } from './guard.ts'
import { credentialLeaked } from './redacted-payloads.ts'

export interface OpenedFacts {
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  readonly client: ClientInfo
  /** Digest of the policy at opening. */
  readonly policy: string
  readonly effect: 'allow' | 'deny'
  /** The opening of break-glass that it is under. */
  readonly breakGlass: string | undefined
  /** How what is shown is recorded: under which key, and whether nothing is shown before; absent where it is not. */
  readonly recording?: EntryFields | undefined
}

/** What a session came to. */
export interface SessionCounts {
  /** Operations by what became of them. */
  readonly allowed: number
  readonly refused: number
  /** Of its recording; absent where there is none. */
  readonly segments?: number
}

/**
 * What does not change within a session, said once. Addresses and names are payloads; the client's own words are marked as claims, and redacted.
 * @returns the entry, and behind it one for each credential of ours among these words
 */
export function sessionOpened(
  facts: OpenedFacts,
  key: PayloadKey,
  trail: Pick<Trail, 'pseudonym'>,
): readonly [opened: EntryDraft, ...leaks: EntryDraft[]] {
  const { run, resource, client } = facts
  const { address, tls, ...claimed } = client
  const { content, found } = redactJson({ address, claimed })
  const opened: EntryDraft = {
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
      ...(facts.breakGlass !== undefined && { breakGlass: facts.breakGlass }),
      ...(facts.recording !== undefined && { recording: facts.recording }),
      ...(found.length === 0 ? {} : { redacted: redactedRows('client', found) }),
    },
    payloads: [{ name: 'client', key, content }],
  }
  return [opened, ...leakedDoors(found).map((door) => credentialLeaked(facts.id, door, 'client'))]
}

/** @param counts absent where the session never came to be */
export function sessionClosed(session: string, reason: SessionEnd | `GS_${string}`, counts?: SessionCounts): EntryDraft {
  return { kind: 'session.close', fields: { session, reason, ...counts } }
}
