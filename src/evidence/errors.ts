import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const evidenceErrors = {
  GS_EVIDENCE_NOT_FOUND: {
    meaning: 'The log holds no such entry.',
    next: 'Find it with gatescribe trail search or trail tail; what retention has pruned is not there any more.',
  },
  GS_EVIDENCE_UNSIGNED: {
    meaning: 'No checkpoint covers these entries yet, so nothing can be proven of them.',
    next: 'Wait until the gateway signs checkpoints: gatescribe status says whether it does. After a start it asks its witnesses first.',
  },
  GS_EVIDENCE_TOO_LARGE: {
    meaning: 'A bundle can hold 8 GiB of entries and 8 GiB of payloads, and this would be more.',
    next: 'Export it in parts, with --from and --to.',
  },
  GS_EVIDENCE_CHANGED: {
    meaning: 'Something of it was erased or pruned while it was being written.',
    next: 'Export it again.',
  },
  GS_EVIDENCE_NO_PAYLOAD: {
    meaning: 'The entry has no such payload, or it has been erased.',
    next: 'See what the entry has with: gatescribe trail show.',
  },
  GS_EVIDENCE_RUN_LIVE: {
    meaning: 'The run is not over, so there is no receipt of it.',
    next: 'End the run (POST /runs/end with its handle, or gatescribe runs revoke), then ask again.',
  },
  GS_EVIDENCE_RUN_ENDING: {
    meaning: 'The run is over, but its end is not in the log yet.',
    next: 'Ask again in a few seconds.',
  },
  GS_EVIDENCE_RUN_ELSEWHERE: {
    meaning: 'The run began in a log that this gateway does not write any more, or before it kept where runs begin.',
    next: 'Prove its entries from the copy of that log.',
  },
} as const satisfies ErrorCatalogue

export class EvidenceError extends CodedError<keyof typeof evidenceErrors> {
  /** @param reason replaces the code's own sentence; never contains recorded content */
  constructor(code: keyof typeof evidenceErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? evidenceErrors[code].meaning, evidenceErrors[code].next, options)
  }
}
