import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const storeErrors = {
  GS_STORE_LOCKED: {
    meaning: 'Another process holds the data folder.',
    next: 'Stop the other gateway, or give this one a data folder of its own.',
  },
  GS_STORE_FOLDER_EXPOSED: {
    meaning: 'Others on this machine can change what is in the data folder.',
    next: 'Give it to the user that runs the gateway, with chmod 700; or name a folder in gateway.data that does not exist yet.',
  },
  GS_STORE_BUSY: {
    meaning: 'A file is being read without a pause, so what was removed from it may still stand in it.',
    next: 'Ask for it again; what is not finished is finished at the next start.',
  },
} as const satisfies ErrorCatalogue

export class StoreError extends CodedError<keyof typeof storeErrors> {
  /** @param reason replaces the code's own sentence */
  constructor(code: keyof typeof storeErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? storeErrors[code].meaning, storeErrors[code].next, options)
  }
}
