import type { ContentName, ForwardEnd, StreamExit } from '../../../recording/index.ts'

/** What is told of a stream, in the order in which it came. Content lies in what was pushed, at its place, where its frames are not masked. */
export interface StreamEvents {
  /** @param connection of a port-forward, from 1; 0: it is none */
  content(name: Exclude<ContentName, 'body'>, connection: number, bytes: Uint8Array, start: number, end: number): void
  resized(columns: number, rows: number): void
  exited(exit: StreamExit): void
  opened(connection: number, port: number): void
  closed(connection: number, end: ForwardEnd): void
}

/** Reads one stream, of which both directions are pushed as they come. Every method throws StreamError where it cannot be read for sure. */
export interface StreamReader {
  fromClient(bytes: Uint8Array): void
  fromTarget(bytes: Uint8Array): void
  /** Whether something can be put in between in what the client is sent. */
  readonly atBoundary: boolean
  /** What can be said to the client at a boundary, before the stream ends, so that it can tell why. */
  lastWord(message: string): Uint8Array | undefined
  /** Nothing more comes: what was under way is told. */
  end(): void
}
