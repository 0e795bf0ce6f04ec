import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const httpsDoorErrors = {
  GS_HTTPS_MALFORMED: {
    meaning: 'This is no well-formed HTTP/1.1 request, or one that servers read differently.',
    next: 'Send it with an ordinary HTTP client, as that frames it.',
  },
  GS_HTTPS_VERSION: {
    meaning: 'The gateway speaks HTTP/1.1 only.',
    next: 'Use HTTP/1.1.',
  },
  GS_HTTPS_METHOD_REFUSED: {
    meaning: 'This method is not carried.',
    next: 'Use an ordinary method, such as GET or POST.',
  },
  GS_HTTPS_TARGET_FORM: {
    meaning: 'The target of a request must be a path that begins with a slash.',
    next: 'Send the path, not a whole URL, without a fragment and with everything percent-encoded that is no ASCII.',
  },
  GS_HTTPS_HOST: {
    meaning: 'A request must name exactly one host, as a name or an address with a port perhaps.',
    next: 'Use the address that you were given, and one Host header.',
  },
  GS_HTTPS_HEADER_REPEATED: {
    meaning: 'A header came twice of which there can be one only.',
    next: 'Send each of Host, Authorization, Content-Length, Content-Type, Expect and Range once.',
  },
  GS_HTTPS_HEADER_REFUSED: {
    meaning: 'A header would make the target take the request for another one.',
    next: 'Send the method and the path that are meant, without headers that replace them, and headers with dashes rather than underscores.',
  },
  GS_HTTPS_HEAD_TOO_LARGE: {
    meaning: 'The headers are too long or too many.',
    next: 'Send less than 32 KiB and 200 headers.',
  },
  GS_HTTPS_UPGRADE_REFUSED: {
    meaning: 'The gateway does not change to this protocol, or not with a body.',
    next: 'Use WebSocket (or SPDY/3.1 for Kubernetes) without a body, or stay with HTTP/1.1.',
  },
  GS_HTTPS_EXPECTATION_REFUSED: {
    meaning: 'The gateway meets no expectation but 100-continue.',
    next: 'Send the request without Expect.',
  },
  GS_HTTPS_BODY_SLOW: {
    meaning: 'The rest of the body did not come.',
    next: 'Send the whole body without pauses.',
  },
  GS_HTTPS_CREDENTIAL_MISSING: {
    meaning: 'The request says not who it is from.',
    next: "Send the run's plane credential (gs_http_…, gs_k8s_…, gs_model_… or gs_mcp_…) as `Authorization: Bearer`, or as the password of Basic.",
  },
  GS_HTTPS_CREDENTIAL_REFUSED: {
    meaning: 'The credential is neither a bearer token nor a user and password.',
    next: "Send the run's plane credential (gs_http_…, gs_k8s_…, gs_model_… or gs_mcp_…) as `Authorization: Bearer`, or as the password of Basic.",
  },
  GS_HTTPS_CREDENTIAL_ELSEWHERE: {
    meaning: 'This credential of the run is for another kind of resource.',
    next: 'Use gs_k8s_… for Kubernetes, gs_model_… for models, gs_mcp_… for MCP and gs_http_… for other APIs.',
  },
  GS_HTTPS_CREDENTIAL_MISPLACED: {
    meaning: 'A credential stands where it would be written down or passed on: in the path, the query or another header.',
    next: 'Send the plane credential in Authorization only (to a model also in x-api-key or api-key). Send no credential of the target: the gateway has it.',
  },
  GS_HTTPS_RESOURCE_UNKNOWN: {
    meaning: 'Nothing that this request names selects a target.',
    next: 'Use the base URL that you were given: the host of the resource, or /r/<name>/ at the gateway.',
  },
  GS_HTTPS_DOOR_FULL: {
    meaning: 'Too many targets are spoken to over one connection.',
    next: 'Open another connection.',
  },
  GS_HTTPS_RUN_FULL: {
    meaning: 'This run has too many connections.',
    next: 'Close some of them, or use them one after the other.',
  },
  GS_HTTPS_DRAINING: {
    meaning: 'The gateway is about to stop and accepts nothing new.',
    next: 'Retry in a few seconds over a new connection.',
  },
} as const satisfies ErrorCatalogue

export type HttpsDoorErrorCode = keyof typeof httpsDoorErrors

/** Why the door turned a request away. */
export class HttpsDoorError extends CodedError<HttpsDoorErrorCode> {
  /** @param reason replaces the code's own sentence; may name a header, never a value */
  constructor(code: HttpsDoorErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? httpsDoorErrors[code].meaning, httpsDoorErrors[code].next, options)
  }
}
