import { CodedError, type ErrorCatalogue } from './coded-error.ts'

export const refusalErrors = {
  GS_POLICY_DENIED: {
    meaning: 'A rule denies this operation, or no rule allows it.',
    next: 'Do not retry or rephrase it; ask the owner of the named rule, or do the task another way.',
  },
  GS_APPROVAL_UNAVAILABLE: {
    meaning: 'A rule asks a person first, and this gateway has nobody to ask.',
    next: 'Do not retry; report that this operation needs an approval.',
  },
  GS_TRAIL_UNAVAILABLE: {
    meaning: 'The trail cannot be written, so nothing is forwarded.',
    next: 'Wait and retry the same operation; the operator has been told.',
  },
  GS_RUN_ENDED: {
    meaning: 'The run behind this session has ended, expired or been revoked.',
    next: 'Stop; this run cannot continue.',
  },
  GS_SESSION_ENDED: {
    meaning: 'This session was ended by an operator or by the gateway.',
    next: 'Stop, or open a new session if the task is still wanted.',
  },
  GS_OPERATION_NOT_UNDERSTOOD: {
    meaning: 'The gateway could not establish what this statement does.',
    next: 'Write it in a simpler or shorter way, one statement at a time; do not send it again as it is.',
  },
  GS_LIMIT_EXCEEDED: {
    meaning: 'A limit ended this operation before its result was complete.',
    next: 'Ask for less at once: fewer rows, fewer columns, or a shorter statement.',
  },
  GS_BUDGET_EXCEEDED: {
    meaning: 'A budget is used up.',
    next: 'Do not retry; finish with what you have, or report that the budget is used up.',
  },
  GS_RUN_SUSPENDED: {
    meaning: 'This run is suspended, because too much of what it asked for was refused.',
    next: 'Stop, and report it: a person has to look at this run before it may go on.',
  },
  GS_OPERATION_NOT_SUPPORTED: {
    meaning: 'The gateway does not carry this kind of message.',
    next: 'Use an ordinary query instead.',
  },
} as const satisfies ErrorCatalogue

export type RefusalCode = keyof typeof refusalErrors

/** A "no" that every protocol can speak. It names the rule and the next step; never a condition, a threshold or any data. */
export class Refusal extends CodedError<RefusalCode> {
  /** The rule that refused, if one did. */
  readonly rule: string | undefined

  /** @param details `reason` and `next` default to the code's own sentences. */
  constructor(code: RefusalCode, details: { rule?: string | undefined; reason?: string; next?: string | undefined } = {}) {
    super(code, details.reason ?? refusalErrors[code].meaning, details.next ?? refusalErrors[code].next)
    this.rule = details.rule
  }
}
