import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const proxyErrors = {
  GS_PROXY_MALFORMED: {
    meaning: 'What came is not a request to a proxy.',
    next: 'Send CONNECT with a host and a port, in HTTP/1.1.',
  },
  GS_PROXY_HEAD_TOO_LARGE: {
    meaning: 'The head of the request is longer than 8 KiB.',
    next: 'Send CONNECT with few and short headers.',
  },
  GS_PROXY_ONLY_CONNECT: {
    meaning:
      'This proxy carries connections (CONNECT), and no requests: what it passed on in plaintext would be for everybody to read and change.',
    next: 'Use https:// for what goes through the proxy, and unset HTTP_PROXY; plaintext needs a resource of kind http, or a port that is configured as plain.',
  },
  GS_PROXY_AUTHORITY: {
    meaning: 'What to connect to is not a host and a port.',
    next: 'Send for example CONNECT api.github.com:443, with the same in Host or without Host.',
  },
  GS_PROXY_CREDENTIAL_MISSING: {
    meaning: 'The request says not who it is from.',
    next: "Send the run's proxy credential (gs_proxy_…) in Proxy-Authorization: Bearer, or as the password of Basic, with any user.",
  },
  GS_PROXY_CREDENTIAL_REFUSED: {
    meaning: 'The credential is neither a bearer token nor a user and password.',
    next: "Send the run's proxy credential (gs_proxy_…) in Proxy-Authorization: Bearer, or as the password of Basic, with any user.",
  },
  GS_PROXY_DESTINATION_UNKNOWN: {
    meaning: 'No resource names this host and port.',
    next: 'Do not retry; ask the operator for an egress resource that names it, or do the task another way.',
  },
  GS_PROXY_NAME_UNRESOLVED: {
    meaning: 'The gateway finds no address for this name.',
    next: 'Check the name; retry later where it is right.',
  },
  GS_PROXY_ADDRESS_REFUSED: {
    meaning:
      'This name stands for an address that is not reached through the proxy: a private one, one of this machine or network, or of the gateway itself.',
    next: 'Do not retry; ask the operator whether the egress resource may have private: true.',
  },
  GS_PROXY_UNREACHABLE: {
    meaning: 'The host does not take the connection.',
    next: 'Retry later; report it if it goes on.',
  },
  GS_PROXY_NOT_TLS: {
    meaning: 'What the client says over the connection is not TLS, and the port is not configured as plain.',
    next: 'Use TLS, or ask the operator for the port as plain.',
  },
  GS_PROXY_SERVER_NAME: {
    meaning: 'The server name that TLS asks for is another than the one of CONNECT, or hidden.',
    next: 'Connect to the name that is meant; switch encrypted client hello off.',
  },
  GS_PROXY_FULL: {
    meaning: 'This run has too many connections through the proxy.',
    next: 'Close some of them, or use fewer at a time.',
  },
  GS_PROXY_DRAINING: {
    meaning: 'The gateway is about to stop and accepts nothing new.',
    next: 'Retry in a few seconds over a new connection.',
  },
  GS_PROXY_FAILED: {
    meaning: 'The gateway failed at this connection.',
    next: 'Retry; report it if it goes on.',
  },
} as const satisfies ErrorCatalogue

export type ProxyErrorCode = keyof typeof proxyErrors

/** Why the proxy carries something not. */
export class ProxyError extends CodedError<ProxyErrorCode> {
  /** @param reason replaces the code's own sentence; never holds a value that a client sent */
  constructor(code: ProxyErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? proxyErrors[code].meaning, proxyErrors[code].next, options)
  }
}
