import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const modelErrors = {
  GS_MODEL_BODY: {
    meaning: 'The body of this request is not read by everybody in the same way.',
    next: 'Send one JSON object in UTF-8, without a key twice and without Content-Encoding.',
  },
  GS_MODEL_BODY_TOO_LARGE: {
    meaning: 'The request is larger than what is looked at, so it cannot be judged.',
    next: 'Send less than 24 MiB: shorten the conversation, or refer to files instead of sending them.',
  },
  GS_MODEL_BINARY_REFUSED: {
    meaning: 'The request holds an image, sound or a file, and a mask keeps those from this model.',
    next: 'Send it without them, or say in text what is in them.',
  },
  GS_MODEL_CREDENTIAL: {
    meaning: 'A key stands in the query or the body, or the address of another provider: it would make the request one of somebody else.',
    next: 'Leave it out: the gateway has the address and the key of the provider.',
  },
  GS_MODEL_UPGRADE: {
    meaning: 'The gateway does not carry WebSockets to models.',
    next: 'Use ordinary requests, streamed or not.',
  },
  GS_MODEL_ANSWER_ENCODED: {
    meaning: 'The provider encoded its answer although it was asked not to, so the gateway cannot look into it.',
    next: 'Tell the operator that this provider encodes what it should not.',
  },
  GS_MODEL_ANSWER_UNREADABLE: {
    meaning: "The provider's answer is not what its API says, or is larger than what is looked at, so the gateway cannot show it.",
    next: 'Ask for less at once, or for a stream; tell the operator if it goes on.',
  },
} as const satisfies ErrorCatalogue

export type ModelErrorCode = keyof typeof modelErrors

const STATUS: Readonly<Record<ModelErrorCode, number>> = {
  GS_MODEL_BODY: 400,
  GS_MODEL_BODY_TOO_LARGE: 413,
  GS_MODEL_BINARY_REFUSED: 403,
  GS_MODEL_CREDENTIAL: 400,
  GS_MODEL_UPGRADE: 400,
  GS_MODEL_ANSWER_ENCODED: 502,
  GS_MODEL_ANSWER_UNREADABLE: 502,
}

/** What the plane of models says that is neither the door's, the guard's nor the provider's. */
export class ModelError extends CodedError<ModelErrorCode> {
  /** In HTTP. */
  readonly status: number

  /** @param reason replaces the code's own sentence; holds nothing of the request */
  constructor(code: ModelErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? modelErrors[code].meaning, modelErrors[code].next, options)
    this.status = STATUS[code]
  }
}
