import { z } from 'zod'
import { answerShapes } from '../token/read-answer.ts'

/** The language of persons' own runs. Times are RFC 3339. */

/** Body of `POST /v1/runs/mine`. */
export const startOwnRunSchema = z.strictObject({ resource: z.string().min(1).max(64) })
export const ownRunLifeSchema = z.object({ run: z.string(), expiresAt: z.string(), until: z.string() })
const env = z.object({ url: z.string().optional(), token: z.string().optional() }).optional()
const httpPlane = z.object({ url: z.string(), credential: z.string(), env })
/** Of the planes there is the one of the resource. */
export const ownRunSchema = ownRunLifeSchema.extend({
  resource: z.string(),
  database: z.string().optional(),
  planes: z.object({
    postgres: z.object({ host: z.string(), port: z.int().min(1).max(65_535), user: z.string(), credential: z.string() }).optional(),
    kubernetes: httpPlane.optional(),
    http: httpPlane.optional(),
    model: httpPlane.extend({ api: z.enum(['openai', 'anthropic', 'azure-openai']) }).optional(),
    mcp: httpPlane.optional(),
  }),
  ca: z.string().optional(),
})

/** Answer of `POST /v1/runs/mine/launched`: as from the token door, and where that is. */
export const launchedOwnRunSchema = z.object({ gateway: z.string(), ca: z.string().optional(), exchange: answerShapes.exchange })

export type LaunchedOwnRunAnswer = z.output<typeof launchedOwnRunSchema>
export type OwnRunAnswer = z.output<typeof ownRunSchema>
export type OwnRunLifeAnswer = z.output<typeof ownRunLifeSchema>
