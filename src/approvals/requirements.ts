import type { AskTerms } from '../operations/index.ts'
import type { ApprovingPerson, DecisionView, RequirementProgress } from './approvals.ts'

/** One person's answer, with what it counts for. */
export interface Decision extends DecisionView {
  /** Places in `terms.requirements` that it counts for. */
  readonly meets: readonly number[]
}

/** Places of the requirements that a person can say yes for: a member of one of its groups, or, where it has none, an approver. */
export function requirementsMetBy({ requirements }: AskTerms, { person, roles }: ApprovingPerson): readonly number[] {
  return requirements.flatMap(({ groups }, place) => {
    const may = groups === undefined ? roles.has('approver') : groups.some((group) => person.groups.includes(group))
    return may ? [place] : []
  })
}

/**
 * How far each requirement is met. One person more is needed than it says, until as many as it says are proven to be independent: of whom
 * it is not known, one may be who started the run.
 */
export function progressOf({ requirements }: AskTerms, decisions: readonly Decision[]): readonly RequirementProgress[] {
  return requirements.map((requirement, place) => {
    const yes = decisions.filter(({ verdict, meets }) => verdict === 'approve' && meets.includes(place))
    const proven = yes.filter(({ independence }) => independence === 'proven').length
    const unproven = yes.length > proven && proven < requirement.count
    return { ...requirement, approvals: yes.length, needed: requirement.count + (unproven ? 1 : 0) }
  })
}

/** Whether nothing is missing. */
export function isMet(progress: readonly RequirementProgress[]): boolean {
  return progress.every(({ approvals, needed }) => approvals >= needed)
}

/** Whether two policies would ask the same of the same people. */
export function sameTerms(a: AskTerms, b: AskTerms): boolean {
  return a === b || JSON.stringify(plain(a)) === JSON.stringify(plain(b))
}

function plain({ requirements, for: time, stream }: AskTerms) {
  return [requirements.map(({ rule, groups, count }) => [rule, groups ?? null, count]), time, stream]
}
