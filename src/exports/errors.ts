import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const exportErrors = {
  GS_EXPORTS_UNKNOWN: {
    meaning: 'No export of the configuration is called so.',
    next: 'List them with: gatescribe exports ls.',
  },
  GS_EXPORTS_POSITION: {
    meaning: 'This is no entry that an export can go back to.',
    next: 'Name an entry before its cursor, or start; gatescribe exports ls shows where the cursor is.',
  },
  GS_EXPORTS_NOT_REFUSED: {
    meaning: 'The receiver does not refuse this entry, so there is nothing to leave out.',
    next: 'Name the entry that gatescribe exports ls says is refused; anything else is tried again by itself.',
  },
  GS_EXPORTS_UNAVAILABLE: {
    meaning: 'Nothing is exported for now: the thread that does it has ended.',
    next: 'It is begun again by itself; if it stays so, read the log of the gateway.',
  },
  GS_EXPORTS_HERE: {
    meaning: 'This gateway cannot read its log for the export, or not keep how far it has come.',
    next: 'Look at the disk of gateway.data, and at gatescribe doctor; nothing is lost, the cursor waits.',
  },
  GS_EXPORTS_OTHER_LOG: {
    meaning: 'The log here is not the one that this export has sent: it is shorter, or says something else at its cursor.',
    next: 'Find out which copy was restored; then say from where it is sent, recorded: gatescribe exports rewind.',
  },
  GS_EXPORTS_UNREACHABLE: {
    meaning: 'Nobody can be reached at the address of this export.',
    next: 'Check exports[].url, and that this machine reaches it; nothing is lost, the cursor waits.',
  },
  GS_EXPORTS_TLS: {
    meaning: 'The certificate of the receiver cannot be verified, or it speaks no TLS.',
    next: 'Give exports[].ca the authority that signed it, and use the name that the certificate is for.',
  },
  GS_EXPORTS_SILENT: {
    meaning: 'The receiver did not answer in time, or not to the end.',
    next: 'Look at the receiver; the same is sent again, with the same ids.',
  },
  GS_EXPORTS_STATUS: {
    meaning: 'The receiver answered with a status that is no success.',
    next: 'Check exports[].url and the headers of this export: a redirect is not followed; it is tried again.',
  },
  GS_EXPORTS_REFUSED: {
    meaning: 'The receiver refuses one entry for what it says: the export waits there.',
    next: 'Make the receiver take it, and it goes on by itself; or leave that entry out, recorded: gatescribe exports skip.',
  },
} as const satisfies ErrorCatalogue

export class ExportError extends CodedError<keyof typeof exportErrors> {
  /** @param why in our own words, without address or content */
  constructor(code: keyof typeof exportErrors, { why, ...options }: ErrorOptions & { readonly why?: string } = {}) {
    const { meaning, next } = exportErrors[code]
    super(code, why === undefined ? meaning : `${meaning} (${why})`, next, options)
  }
}
