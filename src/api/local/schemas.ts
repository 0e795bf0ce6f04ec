import { z } from 'zod'
import { effects } from '../../search/index.ts'

/** The language of the local socket: routes answer in it, the client checks what it reads against it. Times are RFC 3339. */

const time = z.string()

export const problemSchema = z.object({ code: z.string(), message: z.string(), next: z.string() })

const witnessesSchema = z.object({
  need: z.int(),
  asked: z.boolean(),
  age: z.int(),
  of: z.array(z.object({ name: z.string(), url: z.string(), size: z.int().optional(), error: z.string().optional() })),
})

export const statusSchema = z.object({
  version: z.string(),
  origin: z.string(),
  process: z.int(),
  startedAt: time,
  draining: z.boolean(),
  configPath: z.string(),
  policy: z.string(),
  trail: z.enum(['open', 'full', 'failed', 'closed']),
  log: z.object({ name: z.string(), size: z.int(), minimum: z.int(), checkpointAge: z.int(), witnesses: witnessesSchema.optional() }),
  unavailable: z.string().optional(),
  listening: z.object({
    postgres: z.string().optional(),
    https: z.string().optional(),
    proxy: z.string().optional(),
    token: z.string().optional(),
    admin: z.string().optional(),
    metrics: z.string().optional(),
    connectors: z.string().optional(),
  }),
  breakGlass: z.object({ requested: z.int(), open: z.int(), unreviewed: z.int() }).optional(),
})

const amount = z.int().min(0)

/** Money in millionths of its currency, one amount per currency. */
export const usageSchema = z.object({
  calls: amount,
  inputTokens: amount,
  outputTokens: amount,
  /** Of the input, what providers read from their caches. */
  cachedTokens: amount,
  money: z.array(z.object({ micros: amount, currency: z.string() })),
})

export const runSchema = z.object({
  id: z.string(),
  state: z.enum(['live', 'ended', 'revoked', 'expired']),
  issuer: z.string(),
  subject: z.string(),
  groups: z.array(z.string()),
  facts: z.record(z.string(), z.string()),
  startedAt: time,
  expiresAt: time,
  sessions: z.int(),
  /** What its calls of models came to since the gateway started; only where it is live and there were any. */
  usage: usageSchema.optional(),
  /** Only where it is live and may do nothing: since when, and the budget that it exceeded. */
  suspended: z.object({ at: time, budget: z.string() }).optional(),
})

export const sessionSchema = z.object({
  id: z.string(),
  run: z.string(),
  resource: z.string(),
  /** All of it claimed by the client, but for address and tls. */
  client: z.object({
    address: z.string(),
    tls: z.boolean(),
    user: z.string().optional(),
    application: z.string().optional(),
    database: z.string().optional(),
  }),
  openedAt: time,
  operations: z.int(),
})

const payloadSchema = z.object({
  name: z.string(),
  /** `erased` — its key has been destroyed. */
  encoding: z.enum(['utf-8', 'base64', 'erased']),
  content: z.string(),
})

const wholeRequestSchema = z.object({
  /** The session's number of it. */
  statement: z.int(),
  /** As recorded; a mark stands where something is gone. */
  text: z.string(),
  /** Sessions that said parts of it before and whose payloads are erased or pruned. Absent: none. */
  gone: z.array(z.string()).optional(),
})

export const entrySchema = z.object({
  index: z.int(),
  id: z.string(),
  kind: z.string(),
  at: time,
  fields: z.record(z.string(), z.json()),
  /** Payload name: salted SHA-256 of its content, base64url. Stays when the payload is erased. */
  commitments: z.record(z.string(), z.string()),
  /** Only where they were asked for. */
  payloads: z.array(payloadSchema).optional(),
  /** Only of one entry: requests that it says first and whose run said parts of them before, put together again. Absent: none. */
  requests: z.array(wholeRequestSchema).optional(),
})

export const resourceSchema = z.object({
  name: z.string(),
  kind: z.string(),
  /** `host:port`. */
  address: z.string(),
  tls: z.enum(['full', 'off']),
  /** TLS server names, and database names, that select it. In HTTP there are only the first, and names in Host. */
  hosts: z.array(z.string()),
  aliases: z.array(z.string()),
  /** The client's name of a database: the target's. */
  databases: z.record(z.string(), z.string()),
  tags: z.array(z.string()),
  /** Whom the gateway logs in as, or, in HTTP, by what its requests are known; and for what: absent: for everything. */
  credentials: z.array(
    z.object({ as: z.string(), user: z.string().optional(), by: z.string().optional(), for: z.array(z.string()).optional() }),
  ),
})

export const secretSchema = z.object({ name: z.string(), version: z.int(), changedAt: time })
export const secretNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a secret is named with a-z, 0-9, ".", "_" and "-", at most 63')

export const caSchema = z.object({
  pem: z.string(),
  /** SHA-256 over the DER form, hexadecimal with colons, as OpenSSL prints it. */
  fingerprint: z.string(),
  subject: z.string(),
  notAfter: time,
})

export const reloadedSchema = z.object({ changed: z.boolean(), policy: z.string() })

export const findingSchema = z.object({
  subject: z.string(),
  level: z.enum(['ok', 'warn', 'fail']),
  found: z.string(),
  next: z.string().optional(),
})

/** Query of `GET /v1/trail`; everything in a query string is text. */
export const trailQuerySchema = z.object({
  from: z
    .string()
    .regex(/^-?\d{1,15}$/, 'an index, or a negative number to count from the end')
    .default('0')
    .transform(Number),
  follow: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  opened: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  kind: z.string().max(64).optional(),
  run: z.string().max(128).optional(),
  session: z.string().max(128).optional(),
})

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')
const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const name = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'letters, digits, ".", "_" and "-"')

/** Query of `GET /v1/trail/search`. */
export const searchQuerySchema = z.object({
  since: moment.optional(),
  until: moment.optional(),
  kind: name.optional(),
  /** What is neither is refused rather than recorded: it could be a name in clear. */
  who: z
    .string()
    .max(512)
    .regex(/^[\w-]{22}$|^[^:]+:./su, 'a pseudonym of 22 characters, or issuer and subject with a colon between them')
    .optional(),
  run: name.optional(),
  session: name.optional(),
  resource: name.optional(),
  breakGlass: name.optional(),
  action: z.string().min(1).max(128).optional(),
  object: z.string().min(1).max(512).optional(),
  decision: z.enum(effects).optional(),
  /** Of W3C Trace Context: what clients say belongs to it. */
  trace: z
    .string()
    .regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits')
    .optional(),
  text: z.string().max(4096).optional(),
  oldest: flag,
  opened: flag,
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((number) => number >= 1 && number <= 200, 'from 1 to 200')
    .default(50),
  cursor: z.string().max(64).optional(),
})

/** The answer to a search is lines: entries, then one of these. */
export const pageSchema = z.object({
  page: z.object({
    /** Where to go on; absent where the search has come to its end. */
    next: z.string().optional(),
    /** What the index covers: from this entry on, up to before that one; and how far the log goes. */
    first: z.int(),
    indexed: z.int(),
    size: z.int(),
  }),
})
export const foundSchema = z.union([pageSchema, entrySchema])

/** An entry's position in the log, or its id `<boot>.<counter>`. */
export const referenceSchema = z.string().regex(/^\d{1,15}$|^[A-Za-z0-9_-]{1,64}\.\d{1,15}$/)

/** Query of `GET /v1/trail/export`: a run, a session, or a time. */
export const exportQuerySchema = z
  .strictObject({
    run: name.optional(),
    session: name.optional(),
    from: z.iso.datetime({ offset: true }).optional(),
    to: z.iso.datetime({ offset: true }).optional(),
    payloads: flag,
  })
  .refine(
    ({ run, session, from, to }) => [run, session, from ?? to].filter((given) => given !== undefined).length === 1,
    'one of run, session, and from with to',
  )
  .refine(({ from, to }) => (from === undefined ? to === undefined : Date.parse(from) <= Date.parse(to ?? '')), 'from, and to behind it')

export const proofSchema = z.object({ index: z.int(), id: z.string(), entry: z.string(), proof: z.string() })

export const reindexQuerySchema = z.object({ check: flag })

/** The answer to a reindex is lines: how far it is, then the report. */
export const reindexSchema = z.union([
  z.object({ phase: z.enum(['build', 'check']), done: z.int(), of: z.int() }),
  z.object({
    report: z.object({
      /** Entries that were compared: from this one on, up to before that one. */
      first: z.int(),
      end: z.int(),
      terms: z.int(),
      /** Says which entries these were: SHA-256, hexadecimal. */
      digest: z.string(),
      differences: z.int(),
      examples: z.array(z.object({ entry: z.int(), what: z.string() })),
      unreadable: z.int(),
    }),
  }),
])

export type Problem = z.output<typeof problemSchema>
export type StatusAnswer = z.output<typeof statusSchema>
export type RunAnswer = z.output<typeof runSchema>
export type SessionAnswer = z.output<typeof sessionSchema>
export type PayloadAnswer = z.output<typeof payloadSchema>
export type ProofAnswer = z.output<typeof proofSchema>
export type PageAnswer = z.output<typeof pageSchema>
export type FoundAnswer = z.output<typeof foundSchema>
export type ReindexAnswer = z.output<typeof reindexSchema>
export type WholeRequest = z.output<typeof wholeRequestSchema>
export type EntryAnswer = z.output<typeof entrySchema>
export type SecretAnswer = z.output<typeof secretSchema>
export type CaAnswer = z.output<typeof caSchema>
export type ReloadedAnswer = z.output<typeof reloadedSchema>
export type FindingAnswer = z.output<typeof findingSchema>
export type ResourceAnswer = z.input<typeof resourceSchema>
