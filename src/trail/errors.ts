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
  GS_TRAIL_ENTRY: {
    meaning: 'An entry cannot be written: it is too large, or holds what an entry must not hold.',
    next: 'Make the request smaller; if it is small, report this as a fault of the gateway.',
  },
  GS_TRAIL_DAMAGED: {
    meaning: 'The log has been changed or damaged.',
    next: 'Keep the data folder as it is for examination; restore the log, or go on in a new one: gatescribe start --new-origin.',
  },
  GS_TRAIL_ROLLED_BACK: {
    meaning: 'The log is shorter than it is known to have been: it was restored from an older copy, or part of it is lost.',
    next: 'Restore the newest copy of the log; where there is none, go on in a new one: gatescribe start --new-origin.',
  },
  GS_TRAIL_KEYS: {
    meaning: 'The key store does not hold the key of this log, so the log can be neither checked nor continued.',
    next: 'Restore keys.sqlite that belongs to this log, or go on in a new one: gatescribe start --new-origin.',
  },
  GS_TRAIL_ROTATING: {
    meaning: 'The signing key of the log is being changed already, or as many keys sign as may at once.',
    next: 'Wait until an overlap has ended: gatescribe keys show says when.',
  },
  GS_TRAIL_SOUND: {
    meaning: 'The log is as it was, so no new one begins.',
    next: 'Start without --new-origin; where somebody else may have its key: gatescribe keys rotate --compromised.',
  },
  GS_TRAIL_ERASING: {
    meaning: 'An erasure is recorded and begun, and could not be finished yet.',
    next: 'Make room on the disk that holds gateway.data; the gateway goes on with it by itself.',
  },
  GS_TRAIL_PAYLOAD: {
    meaning: 'A payload does not match what its entry commits to.',
    next: 'Keep the data folder as it is for examination: the log has been changed or damaged.',
  },
} as const satisfies ErrorCatalogue

export class TrailError extends CodedError<keyof typeof trailErrors> {
  /** @param reason replaces the code's own sentence; never contains recorded content */
  constructor(code: keyof typeof trailErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? trailErrors[code].meaning, trailErrors[code].next, options)
  }
}
