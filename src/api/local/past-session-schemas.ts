import { z } from 'zod'

/** The language of schemas.ts for sessions as the trail tells of them, live or over. Times are RFC 3339. */

const name = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'letters, digits, ".", "_" and "-"')
const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

/** Query of `GET /v1/trail/sessions`. */
export const pastSessionsQuerySchema = z.strictObject({
  run: name.optional(),
  resource: name.optional(),
  /** Opened from then on, and before then. */
  since: moment.optional(),
  until: moment.optional(),
  state: z.enum(['live', 'ended']).optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((number) => number >= 1 && number <= 100, 'from 1 to 100')
    .default(50),
  cursor: z.string().max(64).optional(),
})

export const pastSessionSchema = z.object({
  id: z.string(),
  run: z.string(),
  resource: z.string(),
  protocol: z.string(),
  /** Pseudonym of the principal, and what it is. */
  who: z.string(),
  kind: z.string(),
  state: z.enum(['live', 'ended']),
  openedAt: z.string(),
  /** Index of the entry that says so; everything of the session stands behind it. */
  opened: z.int(),
  tls: z.boolean(),
  /** Whether what its client saw is recorded; `gone`: it was, and is erased or older than is kept. */
  recording: z.enum(['recorded', 'none', 'gone']),
  closedAt: z.string().optional(),
  reason: z.string().optional(),
  allowed: z.int().optional(),
  refused: z.int().optional(),
  breakGlass: z.string().optional(),
})

export const pastSessionsSchema = z.object({
  /** Newest first. */
  sessions: z.array(pastSessionSchema),
  /** Where to go on; absent at the end. */
  next: z.string().optional(),
})

/** Query of `GET /v1/trail/sessions/:id/transcript`. */
export const transcriptQuerySchema = z.strictObject({
  /** Waits for more, until the session is closed. */
  follow: flag,
  /** What the client saw: `true` where there must be a recording, `any` where there is one. */
  recording: z.enum(['true', 'false', 'any']).default('false'),
})

const effect = z.enum(['allow', 'ask', 'deny'])

/** What an operation is about, as it was decided on. */
export const pastAboutSchema = z.object({
  actions: z.array(z.string()),
  /** The model, tool, object, tables or path. */
  what: z.string().optional(),
  /** Of a model's answer: the tools that it calls. */
  toolCalls: z.array(z.string()).optional(),
})

export const pastOperationSchema = z.object({
  /** The session's own number of it. */
  n: z.int(),
  entry: z.int(),
  at: z.string(),
  form: z.string(),
  /** The session's own number of the text. */
  statement: z.int(),
  /**
   * As recorded; whole where the session has it for the first time, else how it begins. Absent where it is gone. Where its run said parts of it before,
   * such as the messages of a conversation, it says how many; the entry shows all of it.
   */
  text: z.string().optional(),
  /** Sessions that said parts of it before and whose payloads are erased or pruned. Absent: none. */
  gone: z.array(z.string()).optional(),
  /** Absent where the entry that said it is not there. */
  effect: effect.optional(),
  rules: z.array(z.string()).optional(),
  policy: z.string().optional(),
  approval: z.string().optional(),
  breakGlass: z.string().optional(),
  /** What it tries again by another way: an operation of this session or another one. */
  retryOf: z.object({ session: z.string(), operation: z.int() }).optional(),
  /** What its client said of itself with it, by name. Claimed, never proven. */
  claims: z.record(z.string(), z.string()).optional(),
  /** In few words; told where several sessions are shown together. */
  about: pastAboutSchema.optional(),
})

export const pastOutcomeSchema = z.object({
  n: z.int(),
  entry: z.int(),
  at: z.string(),
  status: z.string(),
  rows: z.int(),
  bytes: z.int(),
  /** Microseconds. */
  us: z.int(),
  /** SQLSTATE of the target's error, or the HTTP status of its answer. */
  code: z.string().optional(),
  /** Mask, column or detector, how often. */
  masked: z.array(z.tuple([z.string(), z.string(), z.int()])).optional(),
  /** Of a call of a model, as its provider said. */
  usage: z
    .object({
      inputTokens: z.int(),
      outputTokens: z.int(),
      cachedTokens: z.int(),
      money: z.object({ micros: z.int(), currency: z.string() }).optional(),
    })
    .optional(),
})

export const pastSegmentSchema = z.object({
  segment: z.int(),
  entry: z.int(),
  at: z.string(),
  /** When the recording began; absent where the segment is missing. */
  started: z.string().optional(),
  /** Lines of docs/recording.md: seconds, code, what it says. */
  events: z.array(z.tuple([z.number(), z.string()]).rest(z.unknown())),
  missing: z.enum(['gone', 'gap']).optional(),
})

/** The answer is lines: the session, then what happened in the order of the log, then how it ended. */
export const transcriptSchema = z.union([
  z.object({ session: pastSessionSchema.extend({ client: z.record(z.string(), z.string()).optional() }) }),
  z.object({ operation: pastOperationSchema }),
  z.object({ outcome: pastOutcomeSchema }),
  z.object({ segment: pastSegmentSchema }),
  /** Approvals, credentials, what is missing: an entry as it is. */
  z.object({ told: z.object({ kind: z.string(), entry: z.int(), at: z.string(), fields: z.record(z.string(), z.json()) }) }),
  z.object({
    closed: z.object({
      entry: z.int(),
      at: z.string(),
      reason: z.string(),
      allowed: z.int().optional(),
      refused: z.int().optional(),
    }),
  }),
])

export type PastSessionsAsked = z.output<typeof pastSessionsQuerySchema>
export type PastSessionAnswer = z.output<typeof pastSessionSchema>
export type PastSessionsAnswer = z.output<typeof pastSessionsSchema>
export type TranscriptAsked = z.output<typeof transcriptQuerySchema> & { readonly session: string }
export type TranscriptLine = z.output<typeof transcriptSchema>
export type TranscriptSession = Extract<TranscriptLine, { session: object }>['session']
export type PastAbout = z.output<typeof pastAboutSchema>
export type PastOperation = z.output<typeof pastOperationSchema>
export type PastOutcome = z.output<typeof pastOutcomeSchema>
export type PastSegment = z.output<typeof pastSegmentSchema>
