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
} as const satisfies ErrorCatalogue

export class RetentionError extends CodedError<keyof typeof retentionErrors> {
  /** @param reason replaces the code's own sentence; never contains recorded content */
  constructor(code: keyof typeof retentionErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? retentionErrors[code].meaning, retentionErrors[code].next, options)
  }
}
