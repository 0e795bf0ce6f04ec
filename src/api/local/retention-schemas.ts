import { z } from 'zod'
import { words } from './words.ts'

/** The language of schemas.ts for erasure, holds and pruning. Times are RFC 3339. */

const id = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'letters, digits, ".", "_" and "-"')
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

/** Body of `POST /v1/trail/erase`. */
export const eraseSchema = z.strictObject({
  scope: z.union([
    z.strictObject({ session: id }),
    z.strictObject({ run: id }),
    z.strictObject({ pseudonym: z.string().regex(/^[\w-]{22}$/, 'a pseudonym has 22 characters') }),
    z.strictObject({ issuer: z.string().min(1).max(64), subject: z.string().min(1).max(1024) }),
  ]),
  reason: words(1000),
  dryRun: z.boolean().default(false),
})

export const erasureRequestSchema = z.object({
  id: z.string(),
  scope: z.union([z.object({ session: z.string() }), z.object({ run: z.string() }), z.object({ pseudonym: z.string() })]),
  by: z.string(),
  askedAt: z.string(),
  expiresAt: z.string(),
  state: z.enum(['asked', 'approved', 'denied', 'withdrawn', 'expired']),
  endedAt: z.string().optional(),
  endedBy: z.string().optional(),
  entry: z.int().optional(),
})
export const shownErasureRequestSchema = erasureRequestSchema.extend({
  asker: z.object({ displayName: z.string() }).optional(),
  reason: z.string().optional(),
})
export const erasureParamsSchema = z.object({ id })
/** Body of `POST /v1/erasures/:id/deny`. */
export const denyErasureSchema = z.strictObject({ reason: words(1000).optional() })

export const erasureSchema = z.object({
  scope: z.enum(['session', 'run', 'person']),
  session: z.string().optional(),
  run: z.string().optional(),
  pseudonym: z.string().optional(),
  runs: z.array(z.string()),
  sessions: z.array(z.string()),
  keys: z.int(),
  remains: z.string().optional(),
  entry: z.int().optional(),
  request: erasureRequestSchema.optional(),
})

/** Body of `POST /v1/holds`, and of `POST /v1/holds/:id/lift`. */
export const placeSchema = z.strictObject({ run: id, name: words(200).optional(), reason: words(1000) })
export const liftSchema = z.strictObject({ reason: words(1000) })
export const holdParamsSchema = z.object({ id })
export const holdExportQuerySchema = z.object({ payloads: flag })

export const holdSchema = z.object({
  id: z.string(),
  run: z.string(),
  name: z.string().optional(),
  reason: z.string(),
  placedAt: z.string(),
  log: z.string(),
  entry: z.int(),
  copy: z.object({ entries: z.int(), first: z.int(), last: z.int(), whole: z.boolean() }).optional(),
})

/** Query of `POST /v1/trail/prune`. */
export const pruneQuerySchema = z.object({ dryRun: flag })
export const pruningSchema = z.object({
  entriesBelow: z.int(),
  payloadsBelow: z.int(),
  entries: z.int(),
  keys: z.int(),
  holds: z.int(),
})

export type EraseRequest = z.input<typeof eraseSchema>
export type ErasureAnswer = z.output<typeof erasureSchema>
export type ErasureRequestAnswer = z.output<typeof erasureRequestSchema>
export type ShownErasureRequestAnswer = z.output<typeof shownErasureRequestSchema>
export type PlaceRequest = z.input<typeof placeSchema>
export type HoldAnswer = z.output<typeof holdSchema>
export type PruningAnswer = z.output<typeof pruningSchema>
