import type { Document } from '../schema/document.ts'
import type { Finding } from '../source.ts'
import { checkApprovals } from './approvals.ts'
import { checkBreakGlass } from './break-glass.ts'
import { checkBudgets } from './budgets.ts'
import type { Surroundings } from './check.ts'
import { checkConditions } from './conditions.ts'
import { checkConnectors } from './connectors.ts'
import { checkCredentials } from './credentials.ts'
import { checkExports } from './exports.ts'
import { checkHttpTargets } from './http-targets.ts'
import { checkIssuers } from './issuers.ts'
import { checkMasks } from './masks.ts'
import { checkMetrics } from './metrics.ts'
import { checkPeople } from './people.ts'
import { checkRecording } from './recording.ts'
import { checkEnvironment } from './references.ts'
import { checkListeners, checkResources } from './resources.ts'
import { checkReach, checkRules } from './rules.ts'

const checks = [
  checkListeners,
  checkIssuers,
  checkPeople,
  checkResources,
  checkHttpTargets,
  checkCredentials,
  checkRules,
  checkConditions,
  checkReach,
  checkMasks,
  checkApprovals,
  checkBreakGlass,
  checkBudgets,
  checkRecording,
  checkConnectors,
  checkMetrics,
  checkExports,
  checkEnvironment,
]

/** Those that look at nothing but the document. */
const checksOfRules = [checkResources, checkRules, checkConditions, checkReach, checkMasks, checkBudgets]

/** Everything that a schema cannot see. A finding that is only doubtful is a warning. */
export function checkDocument(document: Document, around: Surroundings): CheckedDocument {
  return judged(checks, document, around)
}

/** The same of rules and what they are about, for a document that came from elsewhere: no file that it names is opened, no variable looked at. */
export function checkRulesOf(document: Document, now: number): CheckedDocument {
  return judged(checksOfRules, document, { folder: '/', env: {}, now })
}

export interface CheckedDocument {
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}

function judged(by: typeof checks, document: Document, around: Surroundings): CheckedDocument {
  const findings = by.flatMap((check) => [...check(document, around)])
  return {
    errors: findings.filter(({ code }) => code !== 'GS_CONFIG_DOUBTFUL'),
    warnings: findings.filter(({ code }) => code === 'GS_CONFIG_DOUBTFUL'),
  }
}
