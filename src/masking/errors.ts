import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const maskingErrors = {
  GS_MASK_PATTERN: {
    meaning: 'A pattern of your own cannot be used as a detector.',
    next: 'Write it in RE2 syntax, at most 500 characters, matching at least one character, under a name that no other detector has.',
  },
  GS_MASK_NOT_JSON: {
    meaning: 'An answer in which values are masked is not JSON, or not JSON that two readers would read alike.',
    next: 'Nothing of it can be shown; ask for something else, or report that the target answers in this way.',
  },
} as const satisfies ErrorCatalogue

export type MaskingErrorCode = keyof typeof maskingErrors

export class MaskingError extends CodedError<MaskingErrorCode> {
  constructor(code: MaskingErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, maskingErrors[code].next, options)
    this.name = 'MaskingError'
  }
}
