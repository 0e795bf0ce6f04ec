import { z } from 'zod'
import type { ConnectorView } from '../connector-operator.ts'
import {
  connectorEnrolmentSchema,
  connectorParamsSchema,
  connectorSchema,
  enrolConnectorSchema,
  revokeConnectorSchema,
  revokedConnectorSchema,
} from '../connector-schemas.ts'
import { LocalError } from '../errors.ts'
import type { LocalApi } from '../local-api.ts'

/** Connectors beside private targets. */
export function connectorRoutes(api: LocalApi): void {
  const read = { permission: 'connectors.read' } as const
  const write = { permission: 'connectors.write' } as const
  const params = connectorParamsSchema

  api.get('/v1/connectors', { config: read, schema: { response: { 200: z.array(connectorSchema) } } }, async ({ operator }) =>
    operator.connectors().map(answer),
  )

  api.get(
    '/v1/connectors/:id',
    { config: read, schema: { params, response: { 200: connectorSchema } } },
    async ({ operator, params: { id } }) => {
      const found = operator.connectors().find((connector) => connector.id === id)
      if (found === undefined) throw new LocalError('GS_LOCAL_NOT_FOUND', 'No connector of this id is enrolled here.')
      return answer(found)
    },
  )

  api.post(
    '/v1/connectors/enrol',
    { config: write, schema: { body: enrolConnectorSchema, response: { 200: connectorEnrolmentSchema } } },
    async ({ operator, body: { name, minutes } }) => {
      const { expiresAt, targets, ...enrolment } = await operator.enrolConnector(name, minutes * 60_000)
      return { ...enrolment, expiresAt: moment(expiresAt), targets: [...targets] }
    },
  )

  api.post(
    '/v1/connectors/:id/revoke',
    { config: write, schema: { params, body: revokeConnectorSchema, response: { 200: revokedConnectorSchema } } },
    async ({ operator, params: { id }, body: { reason } }) => {
      await operator.revokeConnector(id, reason)
      return { revoked: id }
    },
  )
}

const moment = (milliseconds: number) => new Date(milliseconds).toISOString()

function answer({ since, enrolledAt, resources, links, ...connector }: ConnectorView) {
  return {
    ...connector,
    ...(since !== undefined && { since: moment(since) }),
    ...(enrolledAt !== undefined && { enrolledAt: moment(enrolledAt) }),
    resources: [...resources],
    links: links.map((link) => ({ ...link, since: moment(link.since) })),
  }
}
