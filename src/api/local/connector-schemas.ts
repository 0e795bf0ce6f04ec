import { z } from 'zod'
import { words } from './words.ts'

/** The language of schemas.ts for connectors. Times are RFC 3339. */

/** A token waits this long unless something else is asked for, and at most a week; minutes. */
const MINUTES = { fallback: 15, most: 7 * 24 * 60 }

export const connectorParamsSchema = z.object({ id: z.string().min(1).max(64) })
/** Body of `POST /v1/connectors/enrol`. */
export const enrolConnectorSchema = z.strictObject({
  name: z.string().min(1).max(64),
  minutes: z.int().min(1).max(MINUTES.most).default(MINUTES.fallback),
})
/** Body of `POST /v1/connectors/:id/revoke`. */
export const revokeConnectorSchema = z.strictObject({ reason: words(1000).optional() })

export const connectorSchema = z.object({
  name: z.string(),
  state: z.enum(['up', 'draining', 'down', 'revoked', 'nobody']),
  id: z.string().optional(),
  since: z.string().optional(),
  enrolledAt: z.string().optional(),
  enrolledBy: z.enum(['token', 'workload']).optional(),
  fingerprint: z.string().optional(),
  resources: z.array(z.string()),
  links: z.array(
    z.object({
      version: z.string(),
      address: z.string(),
      since: z.string(),
      draining: z.boolean(),
      streams: z.int(),
      bytesIn: z.int(),
      bytesOut: z.int(),
      rttMs: z.number().optional(),
    }),
  ),
})
export const connectorEnrolmentSchema = z.object({
  id: z.string(),
  name: z.string(),
  token: z.string(),
  expiresAt: z.string(),
  gateway: z.string(),
  ownCa: z.boolean(),
  targets: z.array(z.string()),
})

export const revokedConnectorSchema = z.object({ revoked: z.string() })

export type ConnectorAnswer = z.output<typeof connectorSchema>
export type ConnectorEnrolmentAnswer = z.output<typeof connectorEnrolmentSchema>
export type EnrolConnectorRequest = z.input<typeof enrolConnectorSchema>
