import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const trailErrors = {
  GS_TRAIL_FULL: {
    meaning: 'There is no room for the next segment of the log, so nothing is forwarded.',
    next: 'Make room on the disk that holds gateway.data; the gateway resumes by itself.',
  },
  GS_TRAIL_FAILED: {
    meaning: 'Writing to an open segment of the log failed, so the gateway stopped.',
    next: 'Check the disk, then start the gateway again: it recovers what is whole.',
  },
  GS_TRAIL_CLOSED: {
    meaning: 'The log is closed because the gateway is stopping.',
    next: 'Connect again once the gateway is running.',
  },
} as const satisfies ErrorCatalogue

export class TrailError extends CodedError<keyof typeof trailErrors> {
  /** @param reason replaces the code's own sentence; never contains recorded content */
  constructor(code: keyof typeof trailErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? trailErrors[code].meaning, trailErrors[code].next, options)
  }
}
