import { z } from 'zod'

const count = z.int().nonnegative()

/** What a run came to, by resource: for whoever launched it, once it is over. */
export const accountShape = z.object({
  run: z.string().max(64),
  state: z.enum(['ended', 'revoked', 'expired']),
  resources: z
    .array(
      z.object({
        name: z.string().max(4096),
        sessions: count,
        sessionsRefused: count,
        operations: count,
        refused: count,
        held: count,
        masked: count,
      }),
    )
    .max(10_000),
  /** What its calls of models came to; absent where there were none. */
  usage: z
    .object({
      ...{ calls: count, inputTokens: count, outputTokens: count, cachedTokens: count },
      money: z.array(z.object({ micros: count, currency: z.string().max(16) })).max(100),
    })
    .exactOptional(),
})

export type AccountAnswer = z.output<typeof accountShape>

const [text, integer] = [{ type: 'string' }, { type: 'integer' }] as const

export const accountAnswer = {
  type: 'object',
  required: ['run', 'state', 'resources'],
  additionalProperties: false,
  properties: {
    ...{ run: text, state: text },
    resources: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'sessions', 'sessionsRefused', 'operations', 'refused', 'held', 'masked'],
        additionalProperties: false,
        properties: {
          name: text,
          sessions: integer,
          sessionsRefused: integer,
          operations: integer,
          refused: integer,
          held: integer,
          masked: integer,
        },
      },
    },
    usage: {
      type: 'object',
      required: ['calls', 'inputTokens', 'outputTokens', 'cachedTokens', 'money'],
      additionalProperties: false,
      properties: {
        ...{ calls: integer, inputTokens: integer, outputTokens: integer, cachedTokens: integer },
        money: {
          type: 'array',
          items: {
            type: 'object',
            required: ['micros', 'currency'],
            additionalProperties: false,
            properties: { micros: integer, currency: text },
          },
        },
      },
    },
  },
} as const
