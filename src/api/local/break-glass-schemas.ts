import { z } from 'zod'
import { words } from './words.ts'

/** The language of schemas.ts for break-glass. Times are RFC 3339. */

const time = z.string()

/** Body of `POST /v1/breakglass`. */
export const requestBreakGlassSchema = z.strictObject({
  resources: z.array(z.string().min(1).max(63)).min(1).max(20),
  reason: words(1000),
  minutes: z.int().min(1).max(60),
})
/** Body of `POST /v1/breakglass/:id/close`, and of `POST /v1/breakglass/:id/review`. */
export const closeBreakGlassSchema = z.strictObject({ reason: words(1000).optional() })
export const reviewBreakGlassSchema = z.strictObject({ note: words(1000) })
export const breakGlassParamsSchema = z.object({ id: z.string().regex(/^bgl_[0-9a-f]{1,64}$/, 'bgl_…') })

export const breakGlassSchema = z.object({
  id: z.string(),
  state: z.enum(['requested', 'open', 'closed', 'reviewed', 'denied', 'withdrawn', 'expired']),
  by: z.string(),
  resources: z.array(z.string()),
  minutes: z.int(),
  requestedAt: time,
  expiresAt: time,
  confirmedBy: z.string().optional(),
  openedAt: time.optional(),
  until: time.optional(),
  endedAt: time.optional(),
  endedBy: z.string().optional(),
  why: z.enum(['expired', 'closed', 'person-revoked', 'configuration', 'interrupted']).optional(),
  reviewedAt: time.optional(),
  reviewedBy: z.string().optional(),
})
const named = z.object({ displayName: z.string() }).optional()
export const shownBreakGlassSchema = breakGlassSchema.extend({
  asker: named,
  reason: z.string().optional(),
  confirmer: named,
  reviewer: named,
  note: z.string().optional(),
})

export type RequestBreakGlass = z.input<typeof requestBreakGlassSchema>
export type BreakGlassAnswer = z.output<typeof breakGlassSchema>
export type ShownBreakGlassAnswer = z.output<typeof shownBreakGlassSchema>
