import { z } from 'zod'
import { pastOperationSchema, pastOutcomeSchema, pastSessionSchema } from './past-session-schemas.ts'
import { usageSchema } from './schemas.ts'

/** The language of past-session-schemas.ts for a run as the trail tells of it, over all planes. */

/** Query of `GET /v1/trail/runs/:id/transcript`. */
export const runTranscriptQuerySchema = z.strictObject({
  /** Waits for more, until the run is over. */
  follow: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
})

export const pastRunSchema = z.object({
  id: z.string(),
  /** Pseudonym of the principal, and what it is. */
  who: z.string(),
  kind: z.string(),
  issuer: z.string(),
  startedAt: z.string(),
  /** Index of its `run.start`. */
  entry: z.int(),
  /** Absent where that is not known any more. */
  state: z.enum(['live', 'ended', 'revoked', 'expired']).optional(),
  /** What its issuer says of it; absent where it is gone. */
  facts: z.record(z.string(), z.json()).optional(),
})

const decisions = z.object({ allow: z.int(), ask: z.int(), deny: z.int() })

/** A span as a job tells of itself. Claimed, never proven. */
export const claimedSpanSchema = z.object({
  trace: z.string(),
  span: z.string(),
  parent: z.string().optional(),
  name: z.string(),
  kind: z.string().optional(),
  start: z.string(),
  /** Microseconds. */
  us: z.int(),
  status: z.enum(['ok', 'error']).optional(),
  message: z.string().optional(),
  service: z.string().optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
})

const place = { entry: z.int(), at: z.string() }
const ofSession = { session: z.string() }

/** The answer is lines: the run, then what happened in it in the order of the log, then how it ended. */
export const runTranscriptSchema = z.union([
  z.object({ run: pastRunSchema }),
  z.object({ session: pastSessionSchema.extend({ client: z.record(z.string(), z.string()).optional() }) }),
  z.object({ operation: pastOperationSchema.extend(ofSession) }),
  z.object({ outcome: pastOutcomeSchema.extend(ofSession) }),
  /** Approvals, budgets, credentials, what is missing: an entry as it is. */
  z.object({ told: z.object({ kind: z.string(), ...place, fields: z.record(z.string(), z.json()) }) }),
  z.object({
    spans: z.object({
      ...place,
      /** Absent where they are gone. */
      claimed: z.array(claimedSpanSchema).optional(),
      /** Spans that were sent besides and are about nothing that is kept, and those that were too many. */
      other: z.int(),
      dropped: z.int(),
    }),
  }),
  z.object({
    closed: z.object({ ...ofSession, ...place, reason: z.string(), allowed: z.int().optional(), refused: z.int().optional() }),
  }),
  z.object({ ended: z.object({ ...place, state: z.string(), decisions, usage: usageSchema.optional() }) }),
])

export type RunTranscriptAsked = z.output<typeof runTranscriptQuerySchema> & { readonly run: string }
export type RunTranscriptLine = z.output<typeof runTranscriptSchema>
export type PastRun = z.output<typeof pastRunSchema>
export type PastSpan = z.output<typeof claimedSpanSchema>
