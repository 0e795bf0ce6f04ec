import { z } from 'zod'
import type { ErrorAnswer } from './answers.ts'
import type { ExchangeAnswer, ReceiptAnswer, RunAnswer } from './schemas.ts'

/** No text of an answer comes near this; what does is from somebody else. */
const text = z.string().max(4096)
/** PEM of an authority that names each host that it may speak for. */
const authority = z.string().max(64 * 1024)
const seconds = z.int().nonnegative()

const httpsPlane = z.object({
  credential: text,
  expires_in: seconds,
  host: text,
  port: z.int().min(1).max(65_535),
  resources: z
    .array(
      z.object({
        ...{ name: text, url: text, api: z.enum(['openai', 'anthropic', 'azure-openai']).exactOptional() },
        env: z.object({ url: text.exactOptional(), token: text.exactOptional() }).exactOptional(),
      }),
    )
    .max(1000),
})

/** Fields that a newer gateway adds are passed over. */
export const answerShapes = {
  refusal: z.object({ error: text, error_description: text, code: text, next: text }) satisfies z.ZodType<ErrorAnswer>,
  run: z.object({
    run: text,
    state: z.enum(['live', 'ended', 'revoked', 'expired']),
    expires_in: seconds,
    sessions: z.int().nonnegative(),
    suspended: z.literal(true).exactOptional(),
  }) satisfies z.ZodType<RunAnswer>,
  receipt: z.looseObject({
    gatescribe: z.literal('run-receipt'),
    run: text,
    logs: z.array(z.unknown()),
  }) satisfies z.ZodType<ReceiptAnswer>,
  exchange: z.object({
    access_token: text,
    issued_token_type: text,
    token_type: z.literal('Bearer'),
    expires_in: seconds,
    gatescribe: z.object({
      run: text,
      joined: z.boolean(),
      planes: z.object({
        postgres: z.object({
          credential: text,
          user: text,
          expires_in: seconds,
          host: text.exactOptional(),
          port: z.int().min(1).max(65_535).exactOptional(),
          resources: z
            .array(z.object({ name: text, databases: z.array(text).max(1000) }))
            .max(1000)
            .exactOptional(),
        }),
        kubernetes: httpsPlane.exactOptional(),
        http: httpsPlane.exactOptional(),
        model: httpsPlane.exactOptional(),
        mcp: httpsPlane.exactOptional(),
        otlp: z.object({ url: text }).exactOptional(),
        proxy: httpsPlane.omit({ resources: true }).extend({ ca: authority.exactOptional() }).exactOptional(),
      }),
    }),
  }) satisfies z.ZodType<ExchangeAnswer>,
}
