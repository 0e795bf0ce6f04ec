import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const kubernetesErrors = {
  GS_K8S_METHOD: {
    meaning: 'The API server knows no such method.',
    next: 'Use GET, HEAD, POST, PUT, PATCH or DELETE.',
  },
  GS_K8S_PATH: {
    meaning: 'The path is not written the way the API server names things, so it is not known what it means.',
    next: 'Write it as kubectl does: no empty, encoded or dotted segments, lower case, no slash at its end.',
  },
  GS_K8S_QUERY: {
    meaning: 'The query is not written in a way that has one meaning.',
    next: 'Send each parameter once, encoded, joined by "&"; only command and ports may be repeated.',
  },
  GS_K8S_HEADER: {
    meaning: 'A header came that has no place in a request to an API server, or came twice.',
    next: 'Send only what kubectl sends; who you are is said by the credential alone.',
  },
  GS_K8S_BODY: {
    meaning: 'The body is not what its Content-Type says, or has two meanings.',
    next: 'Send JSON or YAML in UTF-8, without repeated keys and without Content-Encoding.',
  },
  GS_K8S_IDENTITY: {
    meaning: 'The request asks to be done as somebody that nobody can be through this gateway.',
    next: 'Leave out --as and --as-group; where another user is needed, ask for a rule that allows it for a user that is not of the system.',
  },
  GS_K8S_UPGRADE: {
    meaning: 'The request asks for another protocol where that is not carried.',
    next: 'Use exec, attach or port-forward over WebSocket or SPDY/3.1; watch and read logs without Upgrade.',
  },
  GS_K8S_NOT_ACCEPTABLE: {
    meaning: 'The answer has to be changed on its way, and the request accepts no form in which it can be.',
    next: 'Accept application/json.',
  },
  GS_K8S_ANSWER: {
    meaning: 'The API server answered in a way that cannot be passed on.',
    next: 'Try again; if it stays so, report it to the operator of the gateway.',
  },
} as const satisfies ErrorCatalogue

export type KubernetesErrorCode = keyof typeof kubernetesErrors

const STATUS: Readonly<Record<KubernetesErrorCode, number>> = {
  GS_K8S_METHOD: 405,
  GS_K8S_PATH: 400,
  GS_K8S_QUERY: 400,
  GS_K8S_HEADER: 400,
  GS_K8S_BODY: 400,
  GS_K8S_IDENTITY: 403,
  GS_K8S_UPGRADE: 400,
  GS_K8S_NOT_ACCEPTABLE: 406,
  GS_K8S_ANSWER: 502,
}

/** A request that is not carried, mostly because it is not known what it means. */
export class KubernetesError extends CodedError<KubernetesErrorCode> {
  /** Of the answer in HTTP. */
  readonly status: number

  /** @param reason says what is wrong, in our own words; default: the code's sentence */
  constructor(code: KubernetesErrorCode, reason?: string) {
    super(code, reason ?? kubernetesErrors[code].meaning, kubernetesErrors[code].next)
    this.status = STATUS[code]
  }
}
