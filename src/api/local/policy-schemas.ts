import { z } from 'zod'

/** The language of schemas.ts for rules and the operations of the past. Times are RFC 3339. */

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const name = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'letters, digits, ".", "_" and "-"')
/** A configuration: as long as a file of one may be. */
const configuration = z.string().max(1024 * 1024)

/** Bytes of a request that holds a configuration; JSON writes some characters with six. */
export const MAX_REPLAY_BYTES = 6 * 1024 * 1024 + 4096

const effect = z.enum(['allow', 'ask', 'deny'])
const limits = z.object({ rows: z.int().optional(), bytes: z.int().optional(), time: z.int().optional() })

/** Body of `POST /v1/policy/replay`. */
export const replayRequestSchema = z.strictObject({
  /** The candidate, as text. */
  configuration,
  since: time.optional(),
  until: time.optional(),
  resource: name.optional(),
  /** Examples of each change. */
  examples: z.int().min(0).max(100).default(3),
})

const answerSchema = z.object({
  effect,
  rules: z.array(z.string()),
  /** Absent where nothing is known of them, null where there are none. */
  limits: limits.nullable().optional(),
  /** What it comes to besides rules: the resource is not configured there, or no session would be opened. */
  because: z.enum(['resource', 'opening']).optional(),
})

const exampleSchema = z.object({
  entry: z.int(),
  at: z.string(),
  run: z.string(),
  session: z.string(),
  /** Which of the session's operations; absent where its opening is meant. */
  operation: z.int().optional(),
  issuer: z.string(),
  subject: z.string(),
  resource: z.string(),
  /** How the text begins, as it was recorded; absent where it is gone. */
  statement: z.string().optional(),
})

export const replayReportSchema = z.object({
  /** Digest of the candidate's policy. */
  policy: z.string(),
  /** Entries that were read: from this one on, up to before that one. */
  first: z.int(),
  end: z.int(),
  /** Operations of the time, and at the resource, that was asked for. */
  operations: z.int(),
  /** The answer stays: of these, how many by other rules, and of how many the limits of then are not known. */
  same: z.int(),
  otherRules: z.int(),
  limitsUnknown: z.int(),
  /** Operations, and openings of sessions, of which the answer changes; the sum of `changes`. */
  changed: z.int(),
  /** Of which it cannot be told; the sum of `unsure`. */
  untold: z.int(),
  /** What the rules permitted then, and a budget or a suspension refused; judged by the rules. */
  besides: z.int(),
  /** The most frequent first. */
  changes: z.array(
    z.object({
      what: z.enum(['operation', 'opening']),
      from: answerSchema,
      to: answerSchema,
      count: z.int(),
      /** The most frequent first, as many as are told; `others` is the sum of those that are not. */
      who: z.array(z.object({ issuer: z.string(), subject: z.string(), resource: z.string(), count: z.int() })),
      others: z.int(),
      examples: z.array(exampleSchema),
    }),
  ),
  /** Changes beyond those that are told apart. */
  otherChanges: z.int(),
  unsure: z.array(z.object({ reason: z.string(), why: z.string(), needs: z.array(z.string()).optional(), count: z.int(), entry: z.int() })),
})

/** The answer to a replay is lines: how far it is, then the report. */
export const replaySchema = z.union([z.object({ done: z.int(), of: z.int() }), z.object({ report: replayReportSchema })])

/** Body of `POST /v1/policy/explain`. */
export const explainRequestSchema = z.strictObject({
  /** Index or id of an `operation.intent`. */
  entry: z.string().regex(/^\d{1,15}$|^[A-Za-z0-9_-]{1,64}\.\d{1,15}$/),
  /** What to judge by; absent: what is in force. */
  configuration: configuration.optional(),
})

const effectSchema = z.object({ class: z.string(), action: z.string() })
const explanationSchema = z.object({
  decision: z.object({
    effect,
    rules: z.array(z.string()),
    policy: z.string(),
    say: z.string().optional(),
    limits: limits.optional(),
    exceeds: z.literal('statementBytes').optional(),
    /** What of a masked column refuses it. */
    masked: z.enum(['predicate', 'source', 'written', 'unknown']).optional(),
  }),
  rules: z.array(
    z.object({
      name: z.string(),
      effect,
      matches: z.boolean(),
      misses: z.array(z.enum(['who.kind', 'who.groups', 'on.resources', 'on.tags', 'do', 'when', 'limits.statementBytes', 'until'])),
      when: z.union([z.object({ said: z.boolean() }), z.object({ failed: z.string() })]).optional(),
      permits: z.array(effectSchema),
      decides: z.boolean(),
    }),
  ),
  unpermitted: z.array(effectSchema),
  /** Absent where there are none. */
  masks: z
    .array(
      z.object({
        name: z.string(),
        holds: z.boolean(),
        misses: z.array(z.enum(['who.kind', 'who.groups', 'except', 'on.resources', 'on.tags'])),
        refuses: z.enum(['predicate', 'source', 'written', 'unknown']).optional(),
      }),
    )
    .optional(),
})
const unsureSchema = z.object({ reason: z.string(), why: z.string(), needs: z.array(z.string()).optional() })

export const explainedEntrySchema = z.object({
  entry: z.int(),
  at: z.string(),
  session: z.string(),
  /** Absent where the session's beginning is not in the log. */
  run: z.string().optional(),
  resource: z.string().optional(),
  who: z.object({ kind: z.string(), issuer: z.string(), subject: z.string(), groups: z.array(z.string()) }).optional(),
  operations: z.array(
    z.object({
      operation: z.int(),
      form: z.string(),
      /** As it was recorded; absent where it is gone. */
      statement: z.string().optional(),
      /** What the entry says was decided; absent where the entry that said so is not there. */
      decided: z.object({ effect, rules: z.array(z.string()), policy: z.string() }).optional(),
      /** The opening of break-glass under which it was let pass all the same, unless its outcome says that it was refused. */
      breakGlass: z.string().optional(),
      /** As recorded; absent where they are not there. */
      facts: z
        .object({
          effects: z.array(effectSchema),
          sql: z.record(z.string(), z.json()).optional(),
          k8s: z.record(z.string(), z.json()).optional(),
          http: z.record(z.string(), z.json()).optional(),
          model: z.record(z.string(), z.json()).optional(),
          tool: z.record(z.string(), z.json()).optional(),
          egress: z.record(z.string(), z.json()).optional(),
        })
        .optional(),
      /** What every rule of then said; absent where these rules are not there. */
      before: explanationSchema.optional(),
      /** What every rule says that it is judged by now. */
      after: explanationSchema.optional(),
      /** Why it cannot be told what was or would be decided. */
      unsure: unsureSchema.optional(),
      /** Set where no rule comes into it: the resource is not configured, or no session would be opened. */
      because: z.enum(['resource', 'opening']).optional(),
      /** Refused by a budget, or because the run was suspended, though the rules permitted it. */
      besides: z.boolean(),
    }),
  ),
})

export type ReplayRequest = z.input<typeof replayRequestSchema>
export type ReplayAsked = z.output<typeof replayRequestSchema>
export type ReplayStep = z.output<typeof replaySchema>
export type ReplayReport = z.output<typeof replayReportSchema>
export type ReplayExample = z.output<typeof exampleSchema>
export type ExplainRequest = z.output<typeof explainRequestSchema>
export type ExplainedEntry = z.output<typeof explainedEntrySchema>
export type ExplainedOperation = ExplainedEntry['operations'][number]

/** Body of `POST /v1/policy/check`. */
export const rulesRequestSchema = z.strictObject({ configuration })

const problemOfRulesSchema = z.object({
  code: z.string(),
  line: z.int(),
  column: z.int(),
  path: z.string(),
  message: z.string(),
  next: z.string(),
})
export const checkedRulesSchema = z.object({
  /** Whether it would be taken, as far as rules go. */
  ok: z.boolean(),
  rules: z.int(),
  problems: z.array(problemOfRulesSchema),
  warnings: z.array(problemOfRulesSchema),
})

/** Body of `POST /v1/policy/test`. */
export const casesRequestSchema = z.strictObject({
  /** Absent: the configuration in force. */
  configuration: configuration.optional(),
  /** As `gatescribe policy test` reads them; the schema stands among them. */
  cases: z
    .string()
    .min(1)
    .max(1024 * 1024),
})

const saidSchema = z.object({ effect, rules: z.array(z.string()) })
export const testedRulesSchema = z.object({
  passed: z.int(),
  failed: z.int(),
  cases: z.array(z.object({ name: z.string(), line: z.int(), passed: z.boolean(), expected: saidSchema, found: saidSchema })),
})

export type CheckedRules = z.input<typeof checkedRulesSchema>
export type CasesAsked = z.output<typeof casesRequestSchema>
export type TestedRules = z.input<typeof testedRulesSchema>
