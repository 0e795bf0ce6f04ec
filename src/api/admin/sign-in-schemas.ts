import { z } from 'zod'

/** The language of signing in from a command line. Times are RFC 3339. */

export const issuersSchema = z.array(z.object({ name: z.string(), url: z.string() }))
export const deviceSchema = z.object({
  handle: z.string(),
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string().optional(),
  /** Seconds. */
  interval: z.number(),
  expiresIn: z.number(),
})
export const polledSchema = z.union([
  z.object({ state: z.enum(['pending', 'slow_down']), interval: z.number() }),
  z.object({ state: z.literal('signed-in'), token: z.string(), expiresAt: z.string() }),
])
export const meSchema = z.object({
  issuer: z.string(),
  subject: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()),
  roles: z.array(z.string()),
  accounts: z.record(z.string(), z.string()),
  /** For whoever has a browser's cookie: what shows that a request comes from a page of ours. */
  csrf: z.string().optional(),
  session: z.object({ id: z.string(), via: z.string(), openedAt: z.string(), expiresAt: z.string() }),
})

export type DeviceAnswer = z.output<typeof deviceSchema>
export type PolledAnswer = z.output<typeof polledSchema>
export type MeAnswer = z.output<typeof meSchema>
