import { z } from 'zod'

/** The language of schemas.ts for the log's keys and its check. Times are RFC 3339. */

/** A year: longer than anybody waits for a witness. */
const MAX_OVERLAP_MS = 366 * 86_400_000

export const logKeySchema = z.object({
  vkey: z.string(),
  state: z.enum(['next', 'signs', 'former']),
  since: z.string().optional(),
  until: z.string().optional(),
})
export const logKeysSchema = z.object({ log: z.string(), keys: z.array(logKeySchema) })

/** Query of `POST /v1/keys/rotate`. */
export const rotateQuerySchema = z.object({
  overlap: z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number)
    .refine((milliseconds) => milliseconds <= MAX_OVERLAP_MS, 'milliseconds, at most a year'),
})

/** Query of `POST /v1/trail/check`. */
export const checkQuerySchema = z.object({
  payloads: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
})

/** The answer to a check is lines: how far it is, then the report. */
export const checkSchema = z.union([
  z.object({ done: z.int(), of: z.int() }),
  z.object({
    report: z.object({
      size: z.int(),
      /** Base64. */
      root: z.string(),
      pruned: z.int(),
      checkpoint: z.int().optional(),
      witnessed: z.int().optional(),
      payloads: z.object({ opened: z.int(), erased: z.int() }).optional(),
      /** What is wrong first; absent where nothing is. */
      bad: z.string().optional(),
    }),
  }),
])

export type LogKeyAnswer = z.output<typeof logKeySchema>
export type LogKeysAnswer = z.output<typeof logKeysSchema>
export type CheckAnswer = z.output<typeof checkSchema>
