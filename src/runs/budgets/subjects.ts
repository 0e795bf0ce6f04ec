import type { Run } from '../../operations/index.ts'
import type { BudgetScope } from './settings.ts'

/** How a name is kept without saying it: keyed, so that nobody can guess what it is of. */
export type Pseudonym = (issuer: string, name: string) => string

/** Who a run is, before it has started. */
export type BudgetedIdentity = Pick<Run, 'id' | 'principal' | 'facts'>

/** What is done where. */
export interface BudgetedPlace {
  readonly resource: string
  /** Absent where no model is called. */
  readonly model?: string
}

/**
 * Whose counter it is. A workload is a workflow of a repository, as its issuer says it; where the issuer says neither, it is the principal.
 * Names go through `pseudonym`, since they may be personal.
 */
export function subjectOf(
  per: BudgetScope,
  { id, principal, facts }: BudgetedIdentity,
  { resource, model }: BudgetedPlace,
  pseudonym: Pseudonym,
): string {
  const { issuer, subject } = principal
  switch (per) {
    case 'run':
      return id
    case 'resource':
      return resource
    case 'model':
      // The client names it: it may be of any length.
      return pseudonym(resource, JSON.stringify(['model', model ?? null]))
    case 'principal':
      return pseudonym(issuer, subject)
    case 'workload': {
      const { repository, workflow } = facts
      if (repository === undefined && workflow === undefined) return pseudonym(issuer, subject)
      // As JSON: no repository can be named like another with its workflow.
      return pseudonym(issuer, JSON.stringify([repository ?? null, workflow ?? null]))
    }
  }
}
