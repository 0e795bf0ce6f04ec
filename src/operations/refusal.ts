import type { ApprovalId } from './approval.ts'
import { CodedError, type ErrorCatalogue, type ErrorText } from './coded-error.ts'
import { PLANES } from './planes.ts'
import type { Resource } from './resource.ts'

export const refusalErrors = {
  GS_POLICY_DENIED: {
    meaning: 'A rule denies this operation, or no rule allows it.',
    next: 'Do not retry or rephrase it; ask the owner of the named rule, or do the task another way.',
  },
  GS_MASKED_COLUMN: {
    meaning: 'A mask covers a column in a way that this statement cannot be carried.',
    next: 'Select the column without filtering, ordering, storing or changing it; what comes back of it is masked.',
  },
  GS_MASKED_FIELD: {
    meaning: 'A mask covers a field in a way that this request cannot be carried.',
    next: 'Leave the field out of what is sent and of selectors; what comes back of it is masked.',
  },
  GS_ANALYZER_SILENT: {
    meaning: 'A mask asks an analyzer about what is shown, and it gave no answer that can be used in its time.',
    next: 'Run the statement again later, or select fewer columns of text; report it if it goes on.',
  },
  GS_OPERATION_CANCELLED: {
    meaning: 'The client cancelled this operation while its result waited at the gateway.',
    next: 'Run it again if it is still wanted.',
  },
  GS_APPROVAL_UNAVAILABLE: {
    meaning: 'A rule asks a person first, and this gateway has nobody to ask.',
    next: 'Do not retry; report that this operation needs an approval.',
  },
  GS_APPROVAL_PENDING: {
    meaning: 'A person has to approve this operation first, and has been asked.',
    next: 'Wait, then run the same statement again once it is approved; do not rephrase it.',
  },
  GS_APPROVAL_DENIED: {
    meaning: 'A person said no to this operation.',
    next: 'Do not retry or rephrase it: it stays denied for this run. Do the task another way, or report it.',
  },
  GS_APPROVAL_EXPIRED: {
    meaning: 'Nobody decided in time, or what was approved was not used in time.',
    next: 'Run the same statement again if it is still wanted: that asks anew.',
  },
  GS_APPROVAL_WITHDRAWN: {
    meaning: 'The request for approval was withdrawn before it was used.',
    next: 'Run the same statement again if it is still wanted: that asks anew.',
  },
  GS_APPROVAL_USED: {
    meaning: 'This approval has been used; it was good for one time.',
    next: 'Run the statement again only if it is wanted once more: that asks anew.',
  },
  GS_APPROVAL_VOID: {
    meaning: 'What was approved is not what would happen now: the operation, its session or the rules have changed.',
    next: 'Run the statement again in the state in which it is wanted: that asks anew.',
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
  GS_BUDGET_UNPRICED: {
    meaning: 'A budget of money holds here, and this model has no price.',
    next: 'Use a model that has one, or report that whoever runs the gateway has to say what this one costs.',
  },
  GS_RUN_SUSPENDED: {
    meaning: 'This run is suspended, because too much of what it asked for was refused or had to be approved.',
    next: 'Stop, and report it: a person has to look at this run before it may go on.',
  },
  GS_OPERATION_NOT_SUPPORTED: {
    meaning: 'The gateway does not carry this kind of message.',
    next: 'Use an ordinary query instead.',
  },
  GS_MCP_TOOLS_NOT_PINNED: {
    meaning: 'Nobody has looked at the definition of this tool and pinned it yet, so it is neither shown nor called.',
    next: 'Do not retry; report that an operator has to run `gatescribe tools diff` for this resource, and pin what they find right.',
  },
  GS_MCP_TOOL_CHANGED: {
    meaning: 'The definition of this tool is another one than what was pinned, so it is neither shown nor called.',
    next: 'Do not retry; report that an operator has to run `gatescribe tools diff` for this resource, and pin what they find right.',
  },
  GS_MCP_NAMES_COLLIDE: {
    meaning: 'The server offers two things whose names can be taken for one another, so neither is shown or used.',
    next: 'Do not retry; report it: the owner of the server has to rename one of them.',
  },
} as const satisfies ErrorCatalogue

export type RefusalCode = keyof typeof refusalErrors

/** The same where what is refused is a request, not a statement: what is said otherwise then. */
const requestTexts: Partial<Readonly<Record<RefusalCode, Partial<ErrorText>>>> = {
  GS_APPROVAL_PENDING: { next: 'Wait, then send the same request again once it is approved; do not rephrase it.' },
  GS_APPROVAL_EXPIRED: { next: 'Send the same request again if it is still wanted: that asks anew.' },
  GS_APPROVAL_WITHDRAWN: { next: 'Send the same request again if it is still wanted: that asks anew.' },
  GS_APPROVAL_USED: { next: 'Send the request again only if it is wanted once more: that asks anew.' },
  GS_APPROVAL_VOID: {
    meaning: 'What was approved is not what would happen now: the request, what it is about or the rules have changed.',
    next: 'Send the request again as it is wanted now: that asks anew.',
  },
  GS_OPERATION_NOT_UNDERSTOOD: {
    meaning: 'The gateway could not establish what this request does.',
    next: 'Ask for it in a simpler way; do not send it again as it is.',
  },
  GS_LIMIT_EXCEEDED: { next: 'Ask for less at once: fewer objects, fewer bytes, or a shorter time.' },
  GS_OPERATION_NOT_SUPPORTED: {
    meaning: 'The gateway does not carry this kind of request.',
    next: 'Use an ordinary request instead.',
  },
}

/** A "no" that every protocol can speak. It names the rule and the next step; never a condition, a threshold or any data. */
export class Refusal extends CodedError<RefusalCode> {
  /** The rule that refused, if one did. */
  readonly rule: string | undefined
  /** The request for approval that it is about. */
  readonly ticket: ApprovalId | undefined
  /** Seconds after which the same may be asked again, where that is known. */
  readonly retryAfter: number | undefined

  /** @param details `reason` and `next` default to the code's own sentences. */
  constructor(
    code: RefusalCode,
    details: {
      rule?: string | undefined
      reason?: string
      next?: string | undefined
      ticket?: ApprovalId | undefined
      retryAfter?: number | undefined
    } = {},
  ) {
    super(code, details.reason ?? refusalErrors[code].meaning, details.next ?? refusalErrors[code].next)
    this.rule = details.rule
    this.ticket = details.ticket
    this.retryAfter = details.retryAfter
  }
}

/**
 * A refusal in the words of a plane: what its code says of statements is said of requests where that is what there is. What a rule or a room says
 * in its own words stays.
 */
export function inWordsOf(kind: Resource['kind'], refusal: Refusal): Refusal {
  const texts = requestTexts[refusal.code]
  if (texts === undefined || PLANES[kind].operation === 'statement') return refusal
  const usual = refusalErrors[refusal.code]
  const reason = refusal.message === usual.meaning ? texts.meaning : undefined
  const next = refusal.next === usual.next ? texts.next : undefined
  if (reason === undefined && next === undefined) return refusal
  return new Refusal(refusal.code, {
    rule: refusal.rule,
    reason: reason ?? refusal.message,
    next: next ?? refusal.next,
    ticket: refusal.ticket,
    retryAfter: refusal.retryAfter,
  })
}
