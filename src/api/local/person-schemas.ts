import { z } from 'zod'
import { words } from './words.ts'

/** The language of schemas.ts for persons. Times are RFC 3339. */

const person = { issuer: z.string().min(1).max(64), subject: z.string().min(1).max(1024) }
const reason = words(1000).optional()

/** Body of `POST /v1/persons/revoke`. */
export const revokePersonSchema = z.strictObject({ ...person, reason })
/** Body of `POST /v1/persons/restore`. */
export const restorePersonSchema = z.union([
  z.strictObject({ ...person, reason }),
  z.strictObject({ pseudonym: z.string().regex(/^[\w-]{22}$/, 'a pseudonym has 22 characters'), reason }),
])

export const revokedPersonSchema = z.object({ pseudonym: z.string(), revokedAt: z.string() })
export const personRevokedSchema = revokedPersonSchema.extend({ sessions: z.int(), approvals: z.int() })

export type RestorePersonRequest = z.input<typeof restorePersonSchema>
export type RevokedPersonAnswer = z.output<typeof revokedPersonSchema>
export type PersonRevokedAnswer = z.output<typeof personRevokedSchema>
