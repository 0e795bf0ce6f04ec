import { type Finding, ok, warn } from './finding.ts'

/**
 * A pooler may answer the log-in and nothing else: the gateway works, only its role cannot be looked at.
 * @param why it could not be, one sentence
 */
export function unreadRoleFinding(resource: string, why: string): Finding {
  return warn(
    `resource ${resource}`,
    `What its role may do could not be read: ${why}`,
    'Look at the role in the database itself (psql: du), as a pooler may stand in front of it.',
  )
}

/** A connection that anybody on the way can read or take over. */
export function unverifiedFinding(resource: string): Finding {
  return warn(
    `resource ${resource}`,
    'Its certificate is not verified (tls.verify: off): whoever is on the way can read and change everything.',
    'Use verify: full, with tls.ca where the certificate is not from a public CA.',
  )
}

/** @param powers what the role may do beyond its grants: `RoleFacts.powers` of protocols/postgres */
export function roleFinding(resource: string, user: string, powers: readonly string[]): Finding {
  const subject = `resource ${resource}`
  if (powers.length === 0) return ok(subject, `Its role ${user} may do what it was granted, and no more.`)
  return warn(
    subject,
    `Its role ${user} has ${powers.join(', ')}.`,
    'Give the gateway a role without these: the rules are the second wall, a least-privileged role is the first.',
  )
}
