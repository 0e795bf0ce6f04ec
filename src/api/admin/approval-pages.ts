import { z } from 'zod'
import type { RequestView } from '../../approvals/index.ts'
import { approvalIdSchema, approvalParamsSchema, approvalStates, reasonSchema } from '../local/approval-schemas.ts'
import { LocalError } from '../local/errors.ts'
import type { FailureLog, LocalApi } from '../local/local-api.ts'
import type { Permission } from '../local/permissions.ts'
import type { Authenticated } from './authenticate.ts'
import { cardPage } from './card-page.ts'
import { html, type Markup, sendOnwards, sendPage } from './page.ts'
import { pageErrors } from './page-problem.ts'
import { mayDo } from './role-permissions.ts'

const PAGE_LENGTH = 50

/** Requests for approval as pages: they look only, and what they change comes by a form of theirs. */
export function approvalPages(api: LocalApi, log: FailureLog): void {
  const page = <P extends Permission>(permission: P) => ({ config: { permission, page: true }, errorHandler: pageErrors(log) }) as const
  const params = approvalParamsSchema

  const listQuery = z.object({ state: z.enum([...approvalStates, 'all']).default('pending'), before: approvalIdSchema.optional() })
  api.get('/approvals', { ...page('approvals.read'), schema: { querystring: listQuery } }, async ({ operator, query }, reply) => {
    const { state, before } = query
    const found = await operator.approvals({
      ...(state !== 'all' && { states: [state] }),
      ...(before && { before }),
      limit: PAGE_LENGTH,
    })
    const last = found.length === PAGE_LENGTH ? found.at(-1) : undefined
    return sendPage(
      reply,
      'Approvals',
      html`<h1>Requests for approval</h1>
<p><a href="/approvals">Waiting</a> · <a href="/approvals?state=approved">Approved</a> · <a href="/approvals?state=all">All</a></p>
${found.length === 0 ? html`<p>There are none.</p>` : table(found)}
${last ? html`<p><a href="/approvals?state=${state}&amp;before=${last.id}">Older</a></p>` : html``}`,
    )
  })

  api.get('/approvals/:id', { ...page('approvals.open'), schema: { params } }, async (request, reply) => {
    const shown = await request.operator.approval(request.params.id)
    if (!shown) throw new LocalError('GS_LOCAL_NOT_FOUND', 'There is no request for approval with this id.')
    const { markup, whole } = cardPage(shown)
    return sendPage(
      reply,
      'Approval',
      html`<h1>Request for approval</h1>${markup}${formOf(shown.request, whole, request.authenticated)}<p><a href="/approvals">All requests</a></p>`,
    )
  })

  const answer = z.strictObject({ csrf: z.string(), verdict: z.enum(['approve', 'deny']), reason: reasonSchema.optional() })
  api.post('/approvals/:id', { ...page('approvals.decide'), schema: { params, body: answer } }, async (request, reply) => {
    const { id } = request.params
    await request.operator.decideApproval(id, request.body.verdict, request.body.reason, 'link')
    return sendOnwards(reply, 'Your answer is recorded', `/approvals/${id}`)
  })

  const taking = z.strictObject({ csrf: z.string(), reason: reasonSchema.optional() })
  api.post('/approvals/:id/revoke', { ...page('approvals.revoke'), schema: { params, body: taking } }, async (request, reply) => {
    const { id } = request.params
    await request.operator.revokeApproval(id, request.body.reason, 'link')
    return sendOnwards(reply, 'The approval is taken back', `/approvals/${id}`)
  })
}

/** What whoever looks may do. No button has the focus, and the first one, which a return key would mean, is not the yes. */
function formOf({ id, state }: RequestView, whole: boolean, { session: { person }, csrf = '' }: Authenticated): Markup {
  const hidden = html`<input type="hidden" name="csrf" value="${csrf}">`
  const reason = html`<p><label>Why (recorded; others may read it)<br><textarea name="reason" rows="2" cols="60" maxlength="2000"></textarea></label></p>`
  if (state === 'pending' && whole && mayDo(person.roles, 'approvals.decide'))
    return html`<h2>Your answer, ${person.displayName}</h2><form method="post" action="/approvals/${id}">${hidden}${reason}
<p><button name="verdict" value="deny">Deny</button> <button name="verdict" value="approve">Approve</button></p></form>`
  if (state === 'approved' && mayDo(person.roles, 'approvals.revoke'))
    return html`<form method="post" action="/approvals/${id}/revoke">${hidden}${reason}<p><button>Take the approval back</button></p></form>`
  return html``
}

function table(requests: readonly RequestView[]): Markup {
  const moment = (milliseconds: number) => new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19)
  const rows = requests.map(
    ({ id, state, resource, run, requirements, askedAt, expiresAt }) =>
      html`<tr><td><a href="/approvals/${id}">${id.slice(0, 12)}…</a></td><td>${state}</td><td>${resource}</td><td>${run}</td><td>${requirements.map(({ rule }) => rule).join(', ')}</td><td>${moment(askedAt)}</td><td>${moment(expiresAt)}</td></tr>`,
  )
  return html`<table><thead><tr><th>Request</th><th>State</th><th>Resource</th><th>Run</th><th>Rules</th><th>Asked (UTC)</th><th>Waits until</th></tr></thead><tbody>${rows}</tbody></table>`
}
