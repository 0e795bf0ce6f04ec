import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const policyErrors = {
  GS_RULE_CONDITION: {
    meaning: 'The condition of a rule cannot be used.',
    next: 'Write it as docs/rules.md says: CEL over the facts that are listed there, true or false.',
  },
} as const satisfies ErrorCatalogue

/** A rule that cannot be loaded. */
export class RuleError extends CodedError<keyof typeof policyErrors> {
  /** Where in the condition, in UTF-16 units from 0; absent: all of it. */
  readonly at: number | undefined

  /** @param next what to write instead; default: the code's own */
  constructor(message: string, next: string = policyErrors.GS_RULE_CONDITION.next, at?: number) {
    super('GS_RULE_CONDITION', message, next)
    this.at = at
  }
}
