import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const adminDoorErrors = {
  GS_ADMIN_REQUEST_INVALID: {
    meaning: 'The request is not one that the admin door understands.',
    next: 'Send what /openapi.json describes.',
  },
  GS_ADMIN_MISDIRECTED: {
    meaning: 'The request names a host that this door does not serve.',
    next: 'Use the address in gateway.adminUrl.',
  },
  GS_ADMIN_NOT_SIGNED_IN: {
    meaning: 'Nobody is signed in, or the session is over.',
    next: 'Sign in: at /signin in a browser, or with: gatescribe login.',
  },
  GS_ADMIN_NOT_PERMITTED: {
    meaning: 'None of your roles permits this.',
    next: 'Ask somebody whose role does; docs/identity.md lists what each role may do.',
  },
  GS_ADMIN_CROSS_SITE: {
    meaning: 'The request came with your session from a page that is not ours, or from one of ours that is too old.',
    next: 'Load the page again and repeat what you did there.',
  },
  GS_ADMIN_THROTTLED: {
    meaning: 'Too many requests came from this address.',
    next: 'Wait a few seconds and try again.',
  },
  GS_ADMIN_FAILED: {
    meaning: 'The gateway failed to answer.',
    next: 'Retry once; then tell the operator the request id.',
  },
  GS_ADMIN_UNREACHABLE: {
    meaning: 'The admin door does not answer, or is not the one that it should be.',
    next: 'Check the URL; if the certificate is of the gateway itself, name its CA with --ca (gatescribe ca show prints it).',
  },
  GS_ADMIN_URL_INSECURE: {
    meaning: 'The URL of the admin door would send a session in plaintext to another machine.',
    next: 'Use https; http is for loopback only.',
  },
  GS_ADMIN_DOOR_PLAINTEXT: {
    meaning: 'The admin door would listen without TLS on an address that others can reach.',
    next: 'Give the gateway a certificate, or bind gateway.listen.admin to 127.0.0.1.',
  },
} as const satisfies ErrorCatalogue

export type AdminDoorCode = keyof typeof adminDoorErrors

export class AdminDoorError extends CodedError<AdminDoorCode> {
  /** @param about goes behind the code's own sentence; never content of the request */
  constructor(code: AdminDoorCode, about?: string, options?: ErrorOptions) {
    const { meaning, next } = adminDoorErrors[code]
    super(code, about === undefined ? meaning : `${meaning} (${about})`, next, options)
  }
}
