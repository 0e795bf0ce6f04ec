import { type Finding, ok, warn } from './finding.ts'

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
