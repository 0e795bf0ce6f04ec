import type { Document } from '../schema/document.ts'
import type { Finding } from '../source.ts'
import { checkApprovals } from './approvals.ts'
import { checkBudgets } from './budgets.ts'
import type { Surroundings } from './check.ts'
import { checkConditions } from './conditions.ts'
import { checkCredentials } from './credentials.ts'
import { checkIssuers } from './issuers.ts'
import { checkPeople } from './people.ts'
import { checkEnvironment } from './references.ts'
import { checkListeners, checkResources } from './resources.ts'
import { checkReach, checkRules } from './rules.ts'

const checks = [
  checkListeners,
  checkIssuers,
  checkPeople,
  checkResources,
  checkCredentials,
  checkRules,
  checkConditions,
  checkReach,
  checkApprovals,
  checkBudgets,
  checkEnvironment,
]

/** Everything that a schema cannot see. A finding that is only doubtful is a warning. */
export function checkDocument(document: Document, around: Surroundings): { errors: readonly Finding[]; warnings: readonly Finding[] } {
  const findings = checks.flatMap((check) => [...check(document, around)])
  return {
    errors: findings.filter(({ code }) => code !== 'GS_CONFIG_DOUBTFUL'),
    warnings: findings.filter(({ code }) => code === 'GS_CONFIG_DOUBTFUL'),
  }
}
