import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const witnessErrors = {
  GS_WITNESS_UNREACHABLE: {
    meaning: 'The witness did not answer, or said that it cannot work now.',
    next: 'Check that the witness runs and can be reached from here; it is asked again by itself.',
  },
  GS_WITNESS_INCONSISTENT: {
    meaning: 'The witness refused the checkpoint: it does not go on from the one that it saw before.',
    next: 'Treat it as a split view: stop, keep the log and the witness as they are, and compare the checkpoint that the witness holds.',
  },
  GS_WITNESS_AHEAD: {
    meaning: 'The witness says that it has seen a larger log than this one: the log here was rolled back.',
    next: 'Stop, and restore the newest copy of the log; where there is none, go on under a new origin.',
  },
  GS_WITNESS_UNKNOWN_LOG: {
    meaning: 'The witness does not know this log.',
    next: "Ask whoever runs the witness to start it with this log's verifier key.",
  },
  GS_WITNESS_LOG_KEY: {
    meaning: 'The witness knows the log, but not the key that signed the checkpoint.',
    next: "Ask whoever runs the witness to add the log's present verifier key.",
  },
  GS_WITNESS_ANSWER: {
    meaning: 'The answer of the witness is not one that the protocol knows, or its cosignature is not by the expected key.',
    next: 'Compare address and verifier key of the witness with those that its operator named.',
  },
  GS_WITNESS_FOLDER: {
    meaning: 'The data folder of the witness can be changed by others, or is not a folder of this user.',
    next: 'Give it to the user that the witness runs as, with mode 0700.',
  },
  GS_WITNESS_KEY_FILE: {
    meaning: 'The key of the witness cannot be read, can be read by others, or is no key.',
    next: 'Make one with gatescribe witness init, in a folder of its own; the file must have mode 0600.',
  },
  GS_WITNESS_STATE: {
    meaning: 'What the witness remembers of a log was changed or damaged.',
    next: 'Keep the folder for examination; go on with a new witness key in a new folder, never with an older copy of this one.',
  },
  GS_WITNESS_STORAGE: {
    meaning: 'The witness cannot write down what it is about to sign, so it signs nothing.',
    next: 'Make room or repair the disk; after a failed flush, start the witness again.',
  },
  GS_WITNESS_LISTEN: {
    meaning: 'The witness cannot listen there.',
    next: 'Choose an address of this machine and a free port; with TLS, check certificate and key.',
  },
} as const satisfies ErrorCatalogue

export type WitnessErrorCode = keyof typeof witnessErrors

export class WitnessError extends CodedError<WitnessErrorCode> {
  /** What the witness says is the size that it saw last, where it said so. Nothing vouches for it. */
  readonly size: number | undefined

  /** @param reason replaces the code's own sentence */
  constructor(code: WitnessErrorCode, reason?: string, options?: ErrorOptions & { readonly size?: number }) {
    super(code, reason ?? witnessErrors[code].meaning, witnessErrors[code].next, options)
    this.size = options?.size
  }
}
