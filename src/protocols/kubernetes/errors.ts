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
} as const satisfies ErrorCatalogue

export type KubernetesErrorCode = keyof typeof kubernetesErrors

/** A request that is not carried because it is not known what it means. */
export class KubernetesError extends CodedError<KubernetesErrorCode> {
  /** @param reason says what is wrong, in our own words; default: the code's sentence */
  constructor(code: KubernetesErrorCode, reason?: string) {
    super(code, reason ?? kubernetesErrors[code].meaning, kubernetesErrors[code].next)
  }
}
