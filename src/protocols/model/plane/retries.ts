import { createHash } from 'node:crypto'
import type { OperationReference, RunId } from '../../../operations/index.ts'
import { firstOf, type HeaderPairs } from '../../http/index.ts'

/** SDKs wait a few seconds, or as long as they are told to; ms. */
const WITHIN_MS = 120_000
/** So many attempts are remembered; the oldest goes first. */
const MOST = 1_000

/** What tells one call from any other. */
export interface Attempt {
  readonly run: RunId
  readonly resource: string
  /** The canonical text. */
  readonly text: Uint8Array
  readonly headers: HeaderPairs
}

/**
 * Calls that came to nothing, until their SDK has tried them again. It says that it does (`X-Stainless-Retry-Count`), and sends the very same. One that
 * was answered is nothing that could be tried again, whatever a client says.
 */
export class Retries {
  readonly #attempts = new Map<string, { readonly of: OperationReference; readonly at: number }>()
  readonly #now: () => number

  /** @param now ms, of any clock that goes forward */
  constructor(now: () => number) {
    this.#now = now
  }

  /** What this one tries again; each is told once. @returns undefined where it is a first attempt */
  take(attempt: Attempt): OperationReference | undefined {
    if (!/^[1-9]\d{0,3}$/.test(firstOf(attempt.headers, 'x-stainless-retry-count') ?? '')) return undefined
    const key = keyOf(attempt)
    const before = this.#attempts.get(key)
    this.#attempts.delete(key)
    return before && this.#now() - before.at <= WITHIN_MS ? before.of : undefined
  }

  /** It was refused, or failed. */
  failed(attempt: Attempt, of: OperationReference): void {
    const key = keyOf(attempt)
    this.#attempts.delete(key)
    this.#attempts.set(key, { of, at: this.#now() })
    if (this.#attempts.size > MOST) this.#attempts.delete(this.#attempts.keys().next().value as string)
  }
}

const keyOf = ({ run, resource, text }: Attempt): string =>
  JSON.stringify([run, resource, createHash('sha256').update(text).digest('base64')])
