import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const httpErrors = {
  GS_HTTP_FAILED: {
    meaning: 'The gateway failed to carry this request.',
    next: "Find out whether it took effect before you send it again; tell the operator, who finds the reason in the gateway's log.",
  },
  GS_HTTP_PATH_REFUSED: {
    meaning: 'Servers do not agree on what this path means.',
    next: 'Send it without empty, `.` or `..` segments, without semicolons, and without escaped slashes, backslashes or NULs.',
  },
  GS_HTTP_QUERY_REFUSED: {
    meaning: 'The query holds escapes that are none, or something that is no text.',
    next: 'Percent-encode the values of the query as UTF-8.',
  },
  GS_HTTP_ANSWER_ENCODED: {
    meaning: 'The target encoded its answer although it was asked not to, so the gateway cannot look into it.',
    next: 'Ask for it without ranges, or tell the operator that this target encodes what it should not.',
  },
  GS_HTTP_STREAM_MASKED: {
    meaning: 'A mask looks for values in what this resource shows, and cannot look into a WebSocket.',
    next: 'Use ordinary requests instead, or ask the owner of the mask.',
  },
} as const satisfies ErrorCatalogue

export type HttpErrorCode = keyof typeof httpErrors

/** What the planes on HTTP say that is neither the door's, the guard's nor the target's. */
export class HttpError extends CodedError<HttpErrorCode> {
  constructor(code: HttpErrorCode, options?: ErrorOptions) {
    super(code, httpErrors[code].meaning, httpErrors[code].next, options)
  }
}
