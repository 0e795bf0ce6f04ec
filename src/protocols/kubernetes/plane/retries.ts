import type { OperationReference, RunId } from '../../../operations/index.ts'
import { Attempts, type HeaderPairs } from '../../http/index.ts'
import { onceHeader, type RequestTarget } from '../request/index.ts'

/** kubectl tries SPDY (POST) at once where a WebSocket (GET) was refused, and never the other way; ms. */
const WITHIN_MS = 30_000

/** What tells one attempt of a command of kubectl from any other. */
export interface Attempt {
  readonly run: RunId
  readonly resource: string
  readonly request: Pick<RequestTarget, 'method' | 'target' | 'channel'>
  readonly headers: HeaderPairs
}

/** Openings of channels that came to nothing, until the client has tried them the other way. */
export class Retries {
  readonly #attempts: Attempts<OperationReference>

  /** @param now ms, of any clock that goes forward */
  constructor(now: () => number) {
    this.#attempts = new Attempts(WITHIN_MS, now)
  }

  /** What this one tries again; each is told once. @returns undefined where it is a first attempt */
  take(attempt: Attempt): OperationReference | undefined {
    const key = keyOf(attempt)
    if (key === undefined || attempt.request.method !== 'POST') return undefined
    return this.#attempts.take(key)
  }

  /** It was refused, or failed before anything happened. */
  failed(attempt: Attempt, of: OperationReference): void {
    const key = keyOf(attempt)
    if (key === undefined || attempt.request.method !== 'GET') return
    this.#attempts.failed(key, of)
  }
}

/** Of a command of kubectl that opens a channel; the others try nothing twice. */
function keyOf({ run, resource, request, headers }: Attempt): string | undefined {
  const session = onceHeader(headers, 'kubectl-session')
  return session === undefined || request.channel === '' ? undefined : JSON.stringify([run, resource, session, request.target])
}
