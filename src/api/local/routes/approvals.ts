import { requestAnswer, shownRequestAnswer } from '../approval-answers.ts'
import {
  approvalParamsSchema,
  approvalsQuerySchema,
  decideSchema,
  requestSchema,
  requestsSchema,
  revokeSchema,
  shownRequestSchema,
} from '../approval-schemas.ts'
import { LocalError } from '../errors.ts'
import type { LocalApi } from '../local-api.ts'

/** Requests for approval, and the answers to them. */
export function approvalRoutes(api: LocalApi): void {
  const params = approvalParamsSchema

  api.get(
    '/v1/approvals',
    { config: { permission: 'approvals.read' }, schema: { querystring: approvalsQuerySchema, response: { 200: requestsSchema } } },
    async ({ operator, query: { state, run, before, limit } }) => {
      const found = await operator.approvals({ ...(state && { states: state }), ...(run && { run }), ...(before && { before }), limit })
      const last = found.length === limit ? found.at(-1) : undefined
      return { approvals: found.map(requestAnswer), ...(last && { next: last.id }) }
    },
  )

  api.get(
    '/v1/approvals/:id',
    { config: { permission: 'approvals.open' }, schema: { params, response: { 200: shownRequestSchema } } },
    async (request) => {
      const shown = await request.operator.approval(request.params.id)
      if (!shown) throw new LocalError('GS_LOCAL_NOT_FOUND', 'There is no request for approval with this id.')
      return shownRequestAnswer(shown)
    },
  )

  api.post(
    '/v1/approvals/:id/decide',
    { config: { permission: 'approvals.decide' }, schema: { params, body: decideSchema, response: { 200: requestSchema } } },
    async ({ operator, channel, params: { id }, body: { verdict, reason } }) =>
      requestAnswer(await operator.decideApproval(id, verdict, reason, channel)),
  )

  api.post(
    '/v1/approvals/:id/revoke',
    { config: { permission: 'approvals.revoke' }, schema: { params, body: revokeSchema, response: { 200: requestSchema } } },
    async ({ operator, channel, params: { id }, body: { reason } }) => requestAnswer(await operator.revokeApproval(id, reason, channel)),
  )
}
