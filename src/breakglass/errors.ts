import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const breakGlassErrors = {
  GS_BREAKGLASS_NOT_AVAILABLE: {
    meaning: 'Break-glass is not configured at this gateway.',
    next: 'Configure breakGlass: { who: …, on: … } before it is needed; docs/break-glass.md shows how.',
  },
  GS_BREAKGLASS_NOT_YOURS: {
    meaning: 'The configuration does not name you for this step of break-glass.',
    next: 'Leave it to somebody whom breakGlass or their role names.',
  },
  GS_BREAKGLASS_RESOURCE: {
    meaning: 'Break-glass is not configured for one of these resources.',
    next: 'Name resources that breakGlass.on selects; gatescribe check -c says which there are.',
  },
  GS_BREAKGLASS_TOO_LONG: {
    meaning: 'It is asked for longer than it may last.',
    next: 'Ask for fewer minutes, an hour at most; if it is not enough, ask again while it is open.',
  },
  GS_BREAKGLASS_ASKED: {
    meaning: 'You asked already, and nobody has answered yet.',
    next: 'Have that one confirmed, or withdraw it with: gatescribe breakglass close.',
  },
  GS_BREAKGLASS_TOO_MANY: {
    meaning: 'Too many requests to break the glass wait for an answer.',
    next: 'Confirm or close some first: gatescribe breakglass ls.',
  },
  GS_BREAKGLASS_UNKNOWN: {
    meaning: 'There is no such request to break the glass.',
    next: 'List them with: gatescribe breakglass ls.',
  },
  GS_BREAKGLASS_OVER: {
    meaning: 'This is over.',
    next: 'Look at what became of it with gatescribe breakglass ls; ask again with gatescribe breakglass request.',
  },
  GS_BREAKGLASS_STILL_OPEN: {
    meaning: 'What is not closed cannot be reviewed.',
    next: 'Close it first with gatescribe breakglass close, or wait until it is over.',
  },
  GS_BREAKGLASS_SAME_PERSON: {
    meaning: 'Nobody confirms or reviews what is for themselves, by a linked account neither.',
    next: 'Let another person do it.',
  },
  GS_BREAKGLASS_NOT_INDEPENDENT: {
    meaning: 'It is not known that you are not the person whom it is for: your accounts are at different issuers, and nobody linked them.',
    next: 'Have your account at the other issuer linked under people.link, or leave it to somebody whose is.',
  },
  GS_BREAKGLASS_ASKER_UNKNOWN: {
    meaning: 'Whom it is for cannot be told any more: it was erased, or stands in a log that was set aside.',
    next: 'Close it with gatescribe breakglass close, and ask again.',
  },
  GS_BREAKGLASS_NOT_RECORDED: {
    meaning: 'It is closed, and the entry that says so is written once there is room for it.',
    next: 'Make room on the disk of gateway.data.',
  },
} as const satisfies ErrorCatalogue

export class BreakGlassError extends CodedError<keyof typeof breakGlassErrors> {
  /** @param reason replaces the code's own sentence; names no person */
  constructor(code: keyof typeof breakGlassErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? breakGlassErrors[code].meaning, breakGlassErrors[code].next, options)
  }
}
