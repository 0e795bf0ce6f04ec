import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const kubernetesStreamErrors = {
  GS_K8S_WEBSOCKET: {
    meaning: 'A peer of an exec, attach or port-forward broke the WebSocket protocol, so the stream was ended.',
    next: 'Use kubectl or a client library of Kubernetes, and check that nothing between it and the gateway changes the bytes.',
  },
  GS_K8S_CHANNEL: {
    meaning: 'A peer sent something on a channel of an exec, attach or port-forward that cannot be told for sure, so the stream was ended.',
    next: 'Use a client that sends each message as one WebSocket frame, on the channels of its sub-protocol, as kubectl does.',
  },
  GS_K8S_SPDY: {
    meaning: 'A peer of an exec, attach or port-forward broke the SPDY/3.1 protocol, so the stream was ended.',
    next: 'Use kubectl or a client library of Kubernetes; WebSockets work in place of SPDY.',
  },
  GS_K8S_STREAM_LIMIT: {
    meaning:
      'A message, a header or the number of streams of an exec, attach or port-forward was beyond what is read, so the stream was ended.',
    next: 'Send smaller messages, or close connections before opening others.',
  },
  GS_K8S_STREAM_UNKNOWN: {
    meaning: 'The target answered an exec, attach or port-forward with a protocol that is not understood, so it was not let through.',
    next: 'Use kubectl or a client that speaks v5.channel.k8s.io, v4.channel.k8s.io or SPDY/3.1.',
  },
} as const satisfies ErrorCatalogue

export type StreamErrorCode = keyof typeof kubernetesStreamErrors

/** What is carried cannot be read any more: nothing of it may go on. */
export class StreamError extends CodedError<StreamErrorCode> {
  /** @param reason what was wrong; never holds bytes of a peer */
  constructor(code: StreamErrorCode, reason: string) {
    super(code, reason, kubernetesStreamErrors[code].next)
  }
}
