import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const approvalErrors = {
  GS_APPROVALS_UNKNOWN: {
    meaning: 'There is no such request for approval.',
    next: 'Look at what waits with: gatescribe approvals ls.',
  },
  GS_APPROVALS_NOT_YOURS: {
    meaning: 'None of the rules that ask names a group of yours, or you hold no role that may approve.',
    next: 'Leave it to those whom the request names.',
  },
  GS_APPROVALS_OWN: {
    meaning: 'You started this run, started it again or wrote its code, so you cannot approve what it does.',
    next: 'Ask somebody else to look at it; you can still deny it.',
  },
  GS_APPROVALS_NOT_INDEPENDENT: {
    meaning: 'It is not known that you are not the one who started this run.',
    next: 'Have your account at the issuer of the run linked to you under people.link, or leave it to somebody whose is.',
  },
  GS_APPROVALS_OVER: {
    meaning: 'This request is over, or was decided by somebody else.',
    next: 'Look at what became of it with: gatescribe approvals show.',
  },
  GS_APPROVALS_EXPIRED: {
    meaning: 'Nobody decided this request in time.',
    next: 'If it is still wanted, the run asks again by doing the same once more.',
  },
  GS_APPROVALS_NOT_RECORDED: {
    meaning: 'The answer could not be recorded, so nothing is approved by it.',
    next: 'Wait and answer again; the operator has been told.',
  },
} as const satisfies ErrorCatalogue

export class ApprovalError extends CodedError<keyof typeof approvalErrors> {
  /** @param options.reason replaces the code's own sentence */
  constructor(code: keyof typeof approvalErrors, { reason, ...options }: ErrorOptions & { reason?: string } = {}) {
    super(code, reason ?? approvalErrors[code].meaning, approvalErrors[code].next, options)
  }
}
