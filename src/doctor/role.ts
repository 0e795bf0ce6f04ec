import { type Finding, ok, warn } from './finding.ts'

/**
 * A pooler may answer the log-in and nothing else: the gateway works, only its role cannot be looked at.
 * @param why it could not be, one sentence
 */
export function unreadRoleFinding(subject: string, why: string): Finding {
  return warn(
    subject,
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

/** What a role may do at the target, as far as it was asked: `RoleFacts` of protocols/postgres. */
export interface RoleToJudge {
  readonly name: string
  /** Attributes and memberships that reach past any grant. */
  readonly powers: readonly string[]
  /** Relations that it owns, or that a role owns whose rights it has. */
  readonly owns: number
  /** Relations whose rows it may change. */
  readonly writes: number
  /** Where it may make objects: schemas, and the database itself as `database`. */
  readonly creates: readonly string[]
}

/** What the rules permit of what a credential is for. */
export interface Permitted {
  /** Whether rows may be changed. */
  readonly write: boolean
  /** Whether objects may be made, changed and removed. */
  readonly define: boolean
}

/**
 * The rules are the second wall; a role that may do no more than they permit is the first.
 * @param subject such as `resource orders-db`
 */
export function roleFindings(subject: string, role: RoleToJudge, permitted: Permitted): readonly Finding[] {
  const { name, powers, owns, writes, creates } = role
  const findings: Finding[] = []
  if (powers.length > 0) {
    const next = 'Give the gateway a role without these: the rules are the second wall, a least-privileged role is the first.'
    findings.push(warn(subject, `Its role ${name} has ${powers.join(', ')}.`, next))
  }
  // A superuser may do everything; how much that comes to says nothing more.
  if (powers.includes('SUPERUSER')) return findings
  if (!permitted.write && writes > 0) {
    const found = `Its role ${name} may change rows of ${counted(writes)}, and nothing permits that through this credential.`
    findings.push(
      warn(subject, found, 'Revoke INSERT, UPDATE, DELETE and TRUNCATE from it, or give the credential a role that only reads.'),
    )
  }
  if (!permitted.define && owns > 0) {
    const found = `Its role ${name} owns ${counted(owns)}, and nothing permits changing them: an owner needs no grant.`
    findings.push(warn(subject, found, 'Let another role own them, and grant this one what it needs.'))
  }
  if (!permitted.define && creates.length > 0) {
    const found = `Its role ${name} may create objects in ${creates.join(', ')}, and nothing permits that.`
    findings.push(warn(subject, found, 'Revoke CREATE from it; where PUBLIC has it, from PUBLIC.'))
  }
  return findings.length > 0 ? findings : [ok(subject, `Its role ${name} may do what it was granted, and no more than the rules permit.`)]
}

const counted = (relations: number) => (relations === 1 ? 'one relation' : `${relations} relations`)
