import { createHash } from 'node:crypto'
import type { OperationReference, RunId } from '../../../operations/index.ts'
import { Attempts, firstOf, type HeaderPairs } from '../../http/index.ts'

/** SDKs wait a few seconds, or as long as they are told to; ms. */
const WITHIN_MS = 120_000
/** No SDK tries more often by itself; what goes on is asked anew each time, whatever a client says. */
const TRIES = 10

interface Before {
  readonly of: OperationReference
  /** How often it was tried again. */
  readonly tries: number
}

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
  readonly #attempts: Attempts<Before>
  /** Of those that try again what came to nothing: how often it was tried again. */
  readonly #tries = new WeakMap<Attempt, number>()

  /** @param now ms, of any clock that goes forward */
  constructor(now: () => number) {
    this.#attempts = new Attempts(WITHIN_MS, now)
  }

  /** What this one tries again; each is told once. @returns undefined where it is a first attempt */
  take(attempt: Attempt): OperationReference | undefined {
    if (!/^[1-9]\d{0,3}$/.test(firstOf(attempt.headers, 'x-stainless-retry-count') ?? '')) return undefined
    const before = this.#attempts.take(keyOf(attempt))
    if (before === undefined || before.tries >= TRIES) return undefined
    this.#tries.set(attempt, before.tries + 1)
    return before.of
  }

  /** It was refused, or failed. @param attempt the one that `take` was asked of */
  failed(attempt: Attempt, of: OperationReference): void {
    this.#attempts.failed(keyOf(attempt), { of, tries: this.#tries.get(attempt) ?? 0 })
  }
}

const keyOf = ({ run, resource, text }: Attempt): string =>
  JSON.stringify([run, resource, createHash('sha256').update(text).digest('base64')])
