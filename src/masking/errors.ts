import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const maskingErrors = {
  GS_MASK_PATTERN: {
    meaning: 'A pattern of your own cannot be used as a detector.',
    next: 'Write it in RE2 syntax, at most 500 characters, matching at least one character, under a name that no other detector has.',
  },
} as const satisfies ErrorCatalogue

export type MaskingErrorCode = keyof typeof maskingErrors

export class MaskingError extends CodedError<MaskingErrorCode> {
  constructor(code: MaskingErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, maskingErrors[code].next, options)
    this.name = 'MaskingError'
  }
}
