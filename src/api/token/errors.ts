import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const tokenDoorErrors = {
  GS_TOKEN_REQUEST_INVALID: {
    meaning: 'The request is not one that the token door understands.',
    next: 'Send the form that docs/identity.md shows.',
  },
  GS_TOKEN_MISDIRECTED: {
    meaning: 'The request names a host that this door does not serve.',
    next: 'Use one of the names in gateway.tls.names.',
  },
  GS_TOKEN_DOOR_FAILED: {
    meaning: 'The gateway failed to answer.',
    next: 'Retry once; then tell the operator the request id.',
  },
  GS_TOKEN_DOOR_PLAINTEXT: {
    meaning: 'The token door would listen without TLS on an address that others can reach.',
    next: 'Give it a certificate, or bind it to 127.0.0.1.',
  },
  GS_TOKEN_DOOR_URL_INSECURE: {
    meaning: 'A token would be sent in plaintext to another machine.',
    next: 'Write https:// in the URL of the gateway.',
  },
  GS_TOKEN_DOOR_UNREACHABLE: {
    meaning: 'The gateway could not be reached or trusted.',
    next: 'Check the URL and the CA file (gatescribe ca show prints it).',
  },
  GS_TOKEN_DOOR_ANSWER: {
    meaning: 'What answered does not speak as the token door of a gateway does.',
    next: 'Check the URL of --gateway; if it is right, use a gatescribe command of the same version as the gateway.',
  },
} as const satisfies ErrorCatalogue

export class TokenDoorError extends CodedError<keyof typeof tokenDoorErrors> {
  /** @param about goes behind the code's own sentence; never a token or credential */
  constructor(code: keyof typeof tokenDoorErrors, about?: string, options?: ErrorOptions) {
    super(code, about ? `${tokenDoorErrors[code].meaning} (${about})` : tokenDoorErrors[code].meaning, tokenDoorErrors[code].next, options)
  }
}
