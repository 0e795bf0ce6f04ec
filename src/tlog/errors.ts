import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const tlogErrors = {
  GS_TLOG_NOTE: {
    meaning: 'This is not a signed note as c2sp.org/signed-note defines it.',
    next: 'Fetch or copy it again, byte for byte and whole, with its last newline.',
  },
  GS_TLOG_KEY: {
    meaning: 'This is not a verifier key that can be used here: name, key id and base64, joined by plus signs.',
    next: 'Copy the key again from whoever holds it; Ed25519 keys of logs (type 1) and of witnesses (type 4) are understood.',
  },
  GS_TLOG_SIGNATURE: {
    meaning: 'A signature claims to be by a known key, and is not.',
    next: 'Do not use the note: it was damaged or forged. Fetch it again; if it stays so, tell the holder of the key.',
  },
  GS_TLOG_CHECKPOINT: {
    meaning: 'The signed text is not a checkpoint: an origin, a size and a root hash, one a line.',
    next: 'Check that the file is a checkpoint of the log that is meant.',
  },
  GS_TLOG_PROOF: {
    meaning: 'This is not a proof as c2sp.org/tlog-proof defines it.',
    next: 'Make the proof again with gatescribe trail prove.',
  },
  GS_TLOG_TILE: {
    meaning: 'A tile of the log does not have the bytes that its name asks for.',
    next: 'Fetch the tile again; if it stays so, the copy of the log is damaged.',
  },
  GS_TLOG_POLICY: {
    meaning: 'This is not a trust policy as c2sp.org/tlog-policy defines it.',
    next: 'Correct the line that the message names.',
  },
} as const satisfies ErrorCatalogue

export class TlogError extends CodedError<keyof typeof tlogErrors> {
  /** @param reason replaces the code's own sentence */
  constructor(code: keyof typeof tlogErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? tlogErrors[code].meaning, tlogErrors[code].next, options)
  }
}
