import type { RequestCard, RequestView } from '../../approvals/index.ts'
import type { Facts, Run } from '../../operations/index.ts'
import type { ShownRequest } from './approval-operator.ts'
import type { ApprovalAnswer, ShownApprovalAnswer } from './approval-schemas.ts'

/** Requests in the language of approval-schemas.ts, and back. */

const rfc3339 = (milliseconds: number) => new Date(milliseconds).toISOString()

export function requestAnswer(request: RequestView): ApprovalAnswer {
  const { usableUntil, endedAt, ...rest } = request
  return {
    ...rest,
    requirements: request.requirements.map(({ groups, ...requirement }) => ({ ...requirement, ...(groups && { groups: [...groups] }) })),
    decisions: request.decisions.map((decision) => ({ ...decision, at: rfc3339(decision.at) })),
    askedAt: rfc3339(request.askedAt),
    expiresAt: rfc3339(request.expiresAt),
    ...(usableUntil !== undefined && { usableUntil: rfc3339(usableUntil) }),
    ...(endedAt !== undefined && { endedAt: rfc3339(endedAt) }),
  }
}

export function shownRequestAnswer({ request, content, run }: ShownRequest): ShownApprovalAnswer {
  return {
    request: requestAnswer(request),
    ...(run && { run: runAnswer(run) }),
    ...(content && {
      content: {
        ...(content.effective.database !== undefined && { database: content.effective.database }),
        parts: content.effective.parts.map(({ label, content: bytes, detail }) => ({
          label,
          content: Buffer.from(bytes).toString('base64'),
          ...(detail && { detail: { ...detail } }),
        })),
        session: { ...content.effective.session },
        // Values of our own making, read-only in their type and plain in ours.
        facts: content.effective.facts as unknown as NonNullable<ShownApprovalAnswer['content']>['facts'],
        ...(content.claimed && { claimed: { ...content.claimed } }),
        names: content.names.map((name) => ({ ...name })),
      },
    }),
  }
}

function runAnswer({ id, principal: { kind, issuer, subject }, facts, startedAt }: Run): NonNullable<ShownApprovalAnswer['run']> {
  return { id, kind, issuer, subject, facts: { ...facts }, startedAt: rfc3339(startedAt) }
}

/** What a card is made of, from an answer: so that a command shows the same as a page does. */
export function shownRequestOf({ request, run, content }: ShownApprovalAnswer): {
  readonly card: RequestCard
  readonly run: Run | undefined
} {
  const view = requestOf(request)
  return {
    card: {
      request: view,
      content: content && {
        effective: {
          protocol: view.protocol,
          resource: view.resource,
          ...(content.database !== undefined && { database: content.database }),
          parts: content.parts.map(({ label, content: base64, detail }) => ({
            label,
            content: Buffer.from(base64, 'base64'),
            ...(detail && { detail }),
          })),
          session: content.session,
          facts: content.facts as readonly Facts[],
          stream: view.stream,
        },
        ...(content.claimed && { claimed: content.claimed as { readonly message?: string } }),
        names: content.names,
      },
    },
    run: run && {
      id: run.id as Run['id'],
      principal: { kind: run.kind, issuer: run.issuer, subject: run.subject, groups: [] },
      facts: run.facts,
      startedAt: Date.parse(run.startedAt),
    },
  }
}

function requestOf({ usableUntil, endedAt, ...answer }: ApprovalAnswer): RequestView {
  return {
    ...(answer as unknown as RequestView),
    decisions: answer.decisions.map((decision) => ({ ...decision, at: Date.parse(decision.at) })),
    askedAt: Date.parse(answer.askedAt),
    expiresAt: Date.parse(answer.expiresAt),
    ...(usableUntil !== undefined && { usableUntil: Date.parse(usableUntil) }),
    ...(endedAt !== undefined && { endedAt: Date.parse(endedAt) }),
  }
}
