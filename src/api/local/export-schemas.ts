import { z } from 'zod'

/** The language of schemas.ts for exports of the log. Times are RFC 3339. */

export const exportParamsSchema = z.object({ name: z.string().min(1).max(64) })
/** Body of `POST /v1/exports/:name/rewind`. */
export const rewindExportSchema = z.strictObject({ to: z.int().min(0) })
/** Body of `POST /v1/exports/:name/skip`. */
export const skipExportSchema = z.strictObject({ entry: z.int().min(0) })

const failure = { code: z.string(), message: z.string(), next: z.string(), status: z.int().optional() }

export const exportSchema = z.object({
  name: z.string(),
  kind: z.enum(['ocsf', 'otlp', 'webhook']),
  state: z.enum(['running', 'failing', 'stuck']),
  cursor: z.int(),
  lagEntries: z.int(),
  lagSeconds: z.int(),
  delivered: z.int(),
  failed: z.int(),
  lastError: z.object({ ...failure, at: z.string() }).optional(),
  refused: z.int().optional(),
  deliveredAt: z.string().optional(),
})

export const exportTestedSchema = z.object({
  taken: z.boolean(),
  status: z.int().optional(),
  tls: z.string().optional(),
  latency: z.int(),
  error: z.object(failure).optional(),
})

export const exportDoneSchema = z.object({ export: z.string() })

export type ExportAnswer = z.output<typeof exportSchema>
export type ExportTestedAnswer = z.output<typeof exportTestedSchema>
