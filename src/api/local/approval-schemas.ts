import { z } from 'zod'

/** The language of schemas.ts for approvals. Times are RFC 3339. */

export const approvalIdSchema = z
  .string()
  .regex(/^apr_[a-z0-9_]{1,60}$/, 'a request for approval is called apr_…')
  .transform((text) => text as `apr_${string}`)

export const approvalStates = ['pending', 'approved', 'used', 'denied', 'withdrawn', 'expired', 'revoked', 'void'] as const
const state = z.enum(approvalStates)

/** Query of `GET /v1/approvals`; one state in a query is text, several are a list. */
export const approvalsQuerySchema = z.strictObject({
  state: z.union([state.transform((one) => [one]), z.array(state).max(approvalStates.length)]).optional(),
  run: z
    .string()
    .regex(/^run_[A-Za-z0-9_-]{1,100}$/, 'a run is called run_…')
    .transform((text) => text as `run_${string}`)
    .optional(),
  /** The last one of the page before. */
  before: approvalIdSchema.optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((number) => number >= 1 && number <= 100, 'from 1 to 100')
    .default(50),
})

export const approvalParamsSchema = z.object({ id: approvalIdSchema })
/** In somebody's own words; several lines may be. */
export const reasonSchema = z.string().max(2_000)
export const decideSchema = z.strictObject({ verdict: z.enum(['approve', 'deny']), reason: reasonSchema.optional() })
export const revokeSchema = z.strictObject({ reason: reasonSchema.optional() })

export const requestSchema = z.object({
  id: z.string(),
  link: z.string(),
  state,
  why: z.enum(['cancelled', 'disconnected', 'run-ended', 'session-ended', 'changed', 'erased', 'interrupted', 'person-revoked']).optional(),
  mode: z.enum(['hold', 'ticket']),
  run: z.string(),
  session: z.string(),
  resource: z.string(),
  protocol: z.string(),
  policy: z.string(),
  stream: z.boolean(),
  requirements: z.array(
    z.object({ rule: z.string(), groups: z.array(z.string()).optional(), count: z.int(), approvals: z.int(), needed: z.int() }),
  ),
  decisions: z.array(
    z.object({
      /** A pseudonym, as in the trail. */
      who: z.string(),
      verdict: z.enum(['approve', 'deny']),
      channel: z.enum(['console', 'cli', 'link', 'slack']),
      at: z.string(),
      independence: z.enum(['proven', 'unproven']),
      separation: z.enum(['proven', 'unproven']),
    }),
  ),
  askedAt: z.string(),
  expiresAt: z.string(),
  usableUntil: z.string().optional(),
  endedAt: z.string().optional(),
})

/** `next`: what to ask for with `before`; absent at the end. */
export const requestsSchema = z.object({ approvals: z.array(requestSchema), next: z.string().optional() })

/** Members that may be absent. */
const strings = <const N extends string>(...names: readonly N[]) =>
  Object.fromEntries(names.map((name) => [name, z.string().optional()])) as Record<N, z.ZodOptional<z.ZodString>>

/** What a request holds itself (objects, patches, headers, arguments) is in its parts, and nowhere else. */
const factsSchema = z.object({
  effects: z.array(z.object({ class: z.string(), action: z.string() })),
  sql: z
    .object({
      catalog: z.string().optional(),
      statements: z.int(),
      reads: z.array(z.string()).optional(),
      writes: z.array(z.string()).optional(),
      columns: z.object({ output: z.array(z.string()), predicate: z.array(z.string()), written: z.array(z.string()) }).optional(),
      functions: z.array(z.string()).optional(),
      bounded: z.boolean().optional(),
      transaction: z.enum(['idle', 'open', 'failed']).optional(),
    })
    .optional(),
  k8s: z
    .object({
      verb: z.string(),
      ...strings('group', 'version', 'resource', 'subresource', 'namespace', 'name', 'path', 'container'),
      command: z.array(z.string()).optional(),
      stdin: z.boolean().optional(),
      asUser: z.string().optional(),
      asGroups: z.array(z.string()).optional(),
      dryRun: z.boolean().optional(),
      ...strings('fieldManager', 'labelSelector', 'fieldSelector'),
    })
    .optional(),
  http: z.object({ method: z.string(), host: z.string(), path: z.string(), query: z.string().optional() }).optional(),
  model: z
    .object({
      provider: z.string(),
      endpoint: z.string(),
      model: z.string().optional(),
      tools: z.array(z.string()).optional(),
      stream: z.boolean().optional(),
      estimatedTokens: z.number().optional(),
      maxTokens: z.number().optional(),
      toolCalls: z.array(z.string()).optional(),
    })
    .optional(),
  tool: z.object({ server: z.string(), method: z.string(), name: z.string().optional(), uri: z.string().optional() }).optional(),
  egress: z.object({ host: z.string(), port: z.int() }).optional(),
})

/** A request with what is asked for, exactly. */
export const shownRequestSchema = z.object({
  request: requestSchema,
  /** Absent where it is not known any more. */
  run: z
    .object({
      id: z.string(),
      kind: z.enum(['job', 'person']),
      issuer: z.string(),
      subject: z.string(),
      facts: z.record(z.string(), z.string()),
      startedAt: z.string(),
    })
    .optional(),
  /** Absent where it was erased or pruned. */
  content: z
    .object({
      database: z.string().optional(),
      /** In the order in which they would be forwarded; `content` is base64. */
      parts: z.array(
        z.object({ label: z.string(), content: z.base64(), detail: z.record(z.string(), z.union([z.string(), z.number()])).optional() }),
      ),
      /** State of the session that gives the parts their meaning. */
      session: z.record(z.string(), z.string()),
      facts: z.array(factsSchema),
      /** Written by the agent, may be false. */
      claimed: z.object({ message: z.string().optional() }).optional(),
      names: z.array(z.object({ who: z.string(), displayName: z.string() })),
    })
    .optional(),
})

export type ApprovalAnswer = z.output<typeof requestSchema>
export type ApprovalsAnswer = z.output<typeof requestsSchema>
export type ShownApprovalAnswer = z.output<typeof shownRequestSchema>
