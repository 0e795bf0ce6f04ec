import type { MaskCount } from '../../../operations/index.ts'
import type { HeaderPairs } from '../target.ts'

/** Changes a body on its way to the client: a mask, or the credential that is taken out of it. */
export interface BodyChange {
  /** @param now ms, of `performance.now()`. @returns what can be sent now; perhaps nothing @throws CodedError where it cannot go on: the answer is cut */
  push(bytes: Uint8Array, now: number): Uint8Array
  end(): Uint8Array
  /** When what is kept back has to be looked at, if nothing comes before; ms, of `performance.now()`. */
  readonly deadline?: number | undefined
  /** @returns what is not kept back any longer */
  expire?(now: number): Uint8Array
  /** What was masked. */
  counts?(): readonly MaskCount[]
}

/** What the client gets of an answer. */
export interface ChangedAnswer {
  readonly headers: HeaderPairs
  /** Undefined: as it is. */
  readonly body?: BodyChange | undefined
}

/** One after the other. */
export function inOrder(first: BodyChange | undefined, second: BodyChange | undefined): BodyChange | undefined {
  if (!first || !second) return first ?? second
  return {
    push: (bytes, now) => second.push(first.push(bytes, now), now),
    end: () => Buffer.concat([second.push(first.end(), performance.now()), second.end()]),
    get deadline() {
      const [one, other] = [first.deadline, second.deadline]
      return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
    },
    expire(now) {
      const due = first.expire?.(now)
      const passed = due && due.length > 0 ? second.push(due, now) : due
      const rest = second.expire?.(now)
      return Buffer.concat([passed ?? NOTHING, rest ?? NOTHING])
    },
    counts: () => [...(first.counts?.() ?? []), ...(second.counts?.() ?? [])],
  }
}

const NOTHING = new Uint8Array(0)
