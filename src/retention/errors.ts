import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const retentionErrors = {
  GS_RETENTION_LIVE: {
    meaning: 'It is not over, so it cannot be erased.',
    next: 'End it first, with gatescribe runs revoke or sessions kill; then ask again.',
  },
  GS_RETENTION_HELD: {
    meaning: 'A legal hold protects it.',
    next: 'See gatescribe trail hold ls; where the hold may go, lift it first: gatescribe trail hold lift.',
  },
  GS_RETENTION_NOT_FOUND: {
    meaning: 'The log has nothing of it, or nothing that can still be erased.',
    next: 'Check the id with gatescribe trail search; what is erased or pruned already is gone.',
  },
  GS_RETENTION_NO_HOLD: {
    meaning: 'There is no hold of this id.',
    next: 'List the holds with: gatescribe trail hold ls.',
  },
  GS_RETENTION_ELSEWHERE: {
    meaning: 'The run did not begin in the log that this gateway writes, so it cannot be held here.',
    next: 'Keep a copy of the log that was set aside, trail.<n> in gateway.data, with payloads and keys.sqlite.',
  },
  GS_RETENTION_UNSET: {
    meaning: 'The configuration does not say how long the trail is kept, so nothing is pruned.',
    next: 'Write for example trail: { retain: { entries: 13mo, payloads: 90d } }.',
  },
  GS_RETENTION_NO_COPY: {
    meaning: 'There is no copy of this hold yet.',
    next: 'It is made once checkpoints are signed and there is room; until then nothing of the run is pruned. See: gatescribe status.',
  },
  GS_RETENTION_TWO_PERSONS: {
    meaning: 'People sign in at this gateway, so erasing takes two of them; the local socket does not say which person you are.',
    next: 'Sign in with gatescribe login and ask with gatescribe trail erase; another person then runs: gatescribe erasures approve.',
  },
  GS_RETENTION_SAME_PERSON: {
    meaning: 'Whoever asked for an erasure cannot approve it, by a linked account neither.',
    next: 'Let another person whose role permits erasing run: gatescribe erasures approve.',
  },
  GS_RETENTION_APPROVED_THERE: {
    meaning: 'Nobody erases what tells of operations that the same person approved.',
    next: 'Let two persons do it who approved nothing in the runs that it is about.',
  },
  GS_RETENTION_ASKED: {
    meaning: 'This erasure is asked for already.',
    next: 'See gatescribe erasures ls; approve that one, or deny it and ask again.',
  },
  GS_RETENTION_NOT_ASKED: {
    meaning: 'There is no request for erasure of this id.',
    next: 'List them with: gatescribe erasures ls.',
  },
  GS_RETENTION_REQUEST_OVER: {
    meaning: 'This request for erasure is over.',
    next: 'Ask again with: gatescribe trail erase.',
  },
  GS_RETENTION_ASKER_UNKNOWN: {
    meaning: 'Who asked for this erasure cannot be told any more: it was erased, or stands in a log that was set aside.',
    next: 'Deny it with gatescribe erasures deny, and ask again.',
  },
  GS_RETENTION_TOO_MANY: {
    meaning: 'Too many requests for erasure wait for an answer.',
    next: 'Approve or deny some first: gatescribe erasures ls.',
  },
} as const satisfies ErrorCatalogue

export class RetentionError extends CodedError<keyof typeof retentionErrors> {
  /** @param reason replaces the code's own sentence; never contains recorded content */
  constructor(code: keyof typeof retentionErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? retentionErrors[code].meaning, retentionErrors[code].next, options)
  }
}
