import type { EffectivePart } from '../operations/index.ts'
import {
  type Found,
  leakedDoors,
  parametersAreSecret,
  type Redacted,
  type RedactedRow,
  type RedactedStatement,
  redactedRows,
  redactHttp,
  redactParameters,
  redactSql,
  redactText,
  type SecretParameters,
} from '../redaction/index.ts'
import type { EntryDraft } from '../trail/index.ts'
import { credentialLeaked } from './redacted-payloads.ts'

/** What a request for approval may be stored as. */
export interface RedactedRequest {
  /** As they may be stored; undefined where that is as they are. */
  readonly parts: readonly EffectivePart[] | undefined
  readonly claimed: { readonly message?: string } | undefined
  /** What the entry has to say of what was taken out. */
  readonly rows: readonly RedactedRow[]
  /** One entry for each credential of ours that was seen. */
  readonly leaks: readonly EntryDraft[]
}

/**
 * What must not be kept is taken out of what is asked for, as it is of every payload.
 * @param session its id. @param parts as guard.ask takes them. @param claimed the agent's own words, which nobody needs with a secret in them
 */
export function redactRequest(
  session: string,
  parts: readonly EffectivePart[],
  claimed: { readonly message?: string } | undefined,
): RedactedRequest {
  const rows: RedactedRow[] = []
  const leaks: EntryDraft[] = []
  const took = (payload: string, found: readonly Found[]) => {
    rows.push(...redactedRows(payload, found))
    for (const door of leakedDoors(found)) leaks.push(credentialLeaked(session, door, payload))
  }
  let secret: SecretParameters | undefined
  const stored = parts.map((part, at) => {
    const { label, content, recorded, ...rest } = part
    const redacted = redactPart(label, recorded ?? content, secret)
    if (isStatement(label)) secret = 'secretParameters' in redacted && parametersAreSecret(redacted) ? redacted.secretParameters : undefined
    if (redacted.content === content) return part
    took(`part.${at + 1}`, redacted.found)
    return { ...rest, label, content: redacted.content }
  })
  return {
    parts: stored.some((part, at) => part !== parts[at]) ? stored : undefined,
    claimed: claimed && redactClaim(claimed, took),
    rows,
    leaks,
  }
}

function isStatement(label: string): boolean {
  return label === 'statement'
}

/** @param secret which parameters of the statement before it are; undefined where none is */
function redactPart(label: string, content: Uint8Array, secret: SecretParameters | undefined): Redacted | RedactedStatement {
  if (isStatement(label)) return redactSql(content)
  if (label === 'request') return redactHttp(content)
  return label === 'parameters' ? redactParameters(content, secret) : redactText(content)
}

function redactClaim(claimed: { readonly message?: string }, took: (payload: string, found: readonly Found[]) => void) {
  if (claimed.message === undefined) return claimed
  const message = Buffer.from(claimed.message)
  const redacted = redactText(message)
  if (redacted.content === message) return claimed
  took('claim', redacted.found)
  return { message: Buffer.from(redacted.content).toString() }
}
