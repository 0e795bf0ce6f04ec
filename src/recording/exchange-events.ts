import type { RecordedCell } from './events.ts'

/** A request, as it was forwarded or refused. */
export interface RequestHead {
  readonly method: string
  /** Canonical path and query. */
  readonly target: string
  readonly type?: string | undefined
  /** Of its body, where it is known. */
  readonly bytes?: number | undefined
}

export interface AnswerHead {
  readonly status: number
  readonly type?: string | undefined
  /** Of the body that was recorded: only where it could not be had without one. */
  readonly encoding?: string | undefined
}

/** What a request became by an upgrade. */
export interface StreamHead {
  readonly carrier: 'websocket' | 'spdy'
  /** What both ends agreed to speak in it. */
  readonly protocol: string
  readonly action: 'exec' | 'attach' | 'portforward'
  /** What comes on stdout is a terminal's. */
  readonly tty: boolean
  readonly ports?: readonly number[] | undefined
}

/** How a command ended. */
export interface StreamExit {
  /** Absent where the target does not say. */
  readonly code?: number | undefined
  readonly status: 'success' | 'failure'
  readonly message?: string | undefined
}

/** A tool that the answer of a model wants called. */
export interface RecordedToolCall {
  /** As the provider calls it; `''` where it says none. */
  readonly id: string
  readonly name: string
  /** As its client was shown them: JSON mostly. Cut where there was more than is kept. */
  readonly arguments: string
}

export interface ForwardEnd {
  /** Bytes from the client, and to it. */
  readonly sent: number
  readonly received: number
}

/** The events of Kubernetes and of HTTP. What stands behind `op` belongs to that operation, up to the next `op`; 0: none. */
export type ExchangeEvent =
  | readonly [at: number, code: 'op', operation: number]
  | readonly [at: number, code: 'request', request: RequestHead]
  | readonly [at: number, code: 'answer', answer: AnswerHead]
  | readonly [at: number, code: 'body', content: RecordedCell]
  | readonly [at: number, code: 'body-end', end: { readonly bytes: number; readonly cut?: true }]
  | readonly [at: number, code: 'stream', stream: StreamHead]
  | readonly [at: number, code: 'stdin' | 'stdout' | 'stderr', content: RecordedCell]
  | readonly [at: number, code: 'resize', size: readonly [columns: number, rows: number]]
  | readonly [at: number, code: 'exit', exit: StreamExit]
  | readonly [at: number, code: 'forward', forward: readonly [connection: number, port: number]]
  | readonly [at: number, code: 'sent' | 'received' | 'forward-error', connection: number, content: RecordedCell]
  | readonly [at: number, code: 'forward-end', ended: readonly [connection: number, end: ForwardEnd]]
  /** What was only counted of something that is named as its event is: bytes, and SHA-256 over them, hexadecimal. */
  | readonly [at: number, code: 'content-capped', left: ContentCapped]
  /** Behind the body of the answer that they stand in, put together from its pieces. */
  | readonly [at: number, code: 'tool-calls', calls: readonly RecordedToolCall[]]
  | readonly [at: number, code: 'stream-end', end: { readonly reason?: string }]
  | readonly [at: number, code: 'gap', reason: string]

export interface ContentCapped {
  readonly of: string
  readonly connection?: number
  readonly bytes: number
  readonly sha256: string
}
