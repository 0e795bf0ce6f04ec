import { X509Certificate } from 'node:crypto'
import type { RunView, SessionView } from '../../runs/index.ts'
import type { StoredEntry, StoredPayload } from '../../trail/index.ts'
import type { GatewayStatus, SecretView } from './operator.ts'
import type { CaAnswer, EntryAnswer, PayloadAnswer, RunAnswer, SecretAnswer, SessionAnswer, StatusAnswer } from './schemas.ts'

/** What the rooms know, in the language of schemas.ts. */

const rfc3339 = (milliseconds: number) => new Date(milliseconds).toISOString()

export function statusAnswer(status: GatewayStatus): StatusAnswer {
  const { witnesses, ...log } = status.log
  return {
    ...status,
    startedAt: rfc3339(status.startedAt),
    log: { ...log, ...(witnesses && { witnesses: { ...witnesses, of: [...witnesses.of] } }) },
  }
}

export function runAnswer({ run, state, expiresAt, sessions, usage, suspended }: RunView): RunAnswer {
  const { issuer, subject, groups } = run.principal
  return {
    id: run.id,
    state,
    issuer,
    subject,
    groups: [...groups],
    facts: { ...run.facts },
    startedAt: rfc3339(run.startedAt),
    expiresAt: rfc3339(expiresAt),
    sessions,
    ...(usage && { usage: { ...usage, money: [...usage.money] } }),
    ...(suspended && { suspended: { at: rfc3339(suspended.at), budget: suspended.budget } }),
  }
}

export function sessionAnswer({ id, runId, resource, client, openedAt, operations }: SessionView): SessionAnswer {
  return { id, run: runId, resource, client: { ...client }, openedAt: rfc3339(openedAt), operations }
}

/** @param opened with its payloads. @throws TrailError where one does not match its commitment */
export function entryAnswer(entry: StoredEntry, opened: boolean): EntryAnswer {
  const { index, id, kind, at, commitments } = entry
  // Fields are JSON by construction (`EntryValue`), read-only in the trail's type and plain in ours.
  const fields = entry.fields as EntryAnswer['fields']
  return {
    index,
    id,
    kind,
    at,
    fields,
    commitments: { ...commitments },
    ...(opened ? { payloads: entry.payloads().map(payloadAnswer) } : {}),
  }
}

function payloadAnswer({ name, content }: StoredPayload): PayloadAnswer {
  if (!content) return { name, encoding: 'erased', content: '' }
  try {
    return { name, encoding: 'utf-8', content: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content) }
  } catch {
    // Bind parameters are binary more often than not.
    return { name, encoding: 'base64', content: Buffer.from(content).toString('base64') }
  }
}

export function secretAnswer({ name, version, changedAt }: SecretView): SecretAnswer {
  return { name, version, changedAt: rfc3339(changedAt) }
}

export function caAnswer(pem: string): CaAnswer {
  const certificate = new X509Certificate(pem)
  return {
    pem,
    fingerprint: certificate.fingerprint256,
    subject: certificate.subject,
    notAfter: certificate.validToDate.toISOString(),
  }
}
