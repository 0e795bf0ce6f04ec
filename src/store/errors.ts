import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const storeErrors = {
  GS_STORE_LOCKED: {
    meaning: 'Another process holds the data folder.',
    next: 'Stop the other gateway, or give this one a data folder of its own.',
  },
} as const satisfies ErrorCatalogue

export class StoreError extends CodedError<keyof typeof storeErrors> {
  constructor(code: keyof typeof storeErrors, options?: ErrorOptions) {
    super(code, storeErrors[code].meaning, storeErrors[code].next, options)
  }
}
