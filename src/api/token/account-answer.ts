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
  },
} as const
