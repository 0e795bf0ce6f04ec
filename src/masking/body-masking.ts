import type { Mask, MaskCount } from '../operations/index.ts'
import { findingsOf } from './found.ts'
import { everyString, replaceFound } from './json-detection.ts'
import { JsonRewriter } from './json-rewriter.ts'
import { TextMasking } from './text-masking.ts'

/** Masks a body that comes in pieces. */
export interface BodyMasking {
  /** Whether as many bytes go out as come in. */
  readonly keepsLength: boolean
  /** When `expire` is to be called, by the clock of `push`, ms; undefined: nothing is held for a time. */
  readonly deadline: number | undefined
  /**
   * @param now ms, of any clock that does not go back @returns what may go on, which may be nothing yet
   * @throws MaskingError GS_MASK_NOT_JSON: nothing more of it may be shown
   */
  push(chunk: Uint8Array, now: number): Uint8Array
  expire(now: number): Uint8Array
  /** Nothing more comes. @throws MaskingError GS_MASK_NOT_JSON */
  end(): Uint8Array
  counts(): readonly MaskCount[]
}

/** The beginning of a find is held back so long at most, ms. */
const LONGEST_HOLD = 100
const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/
const LINES_TYPE = /^application\/(?:x-ndjson|jsonl|json-lines|x-jsonlines|json-stream)$/
const TEXT_TYPE = /^(?:text\/.*|application\/(?:.*\+xml|xml|(?:x-)?javascript|ecmascript|x-www-form-urlencoded|(?:x-)?yaml|graphql|sql))$/

/**
 * How a body is masked by what detectors find in it, as its Content-Type says what it is: JSON in its strings, text as it stands. What is neither
 * passes: there is nothing in it that detectors read.
 *
 * @param key of the operator `hash`
 * @returns undefined: it passes as it is
 * @throws MaskingError GS_MASK_PATTERN where a pattern of a mask cannot be used
 */
export function bodyMasking(masks: readonly Mask[], contentType: string | undefined, key: Uint8Array | undefined): BodyMasking | undefined {
  const findings = findingsOf(masks)
  if (findings === undefined) return undefined
  const type = (contentType ?? 'text/plain').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const many = LINES_TYPE.test(type)
  if (many || JSON_TYPE.test(type)) {
    const counts = new Counts()
    const replace = replaceFound(findings, key, (detector) => counts.add(findings.masks.get(detector)?.name ?? '', detector))
    return jsonMasking(new JsonRewriter(everyString(replace), { many }), counts)
  }
  return TEXT_TYPE.test(type) ? new TextMasking(findings, key, LONGEST_HOLD) : undefined
}

/** A body of JSON, which is looked at as it comes: nothing of it is held for a time. An empty one is none. */
export function jsonMasking(rewriter: JsonRewriter, counts: Pick<Counts, 'all'>): BodyMasking {
  let some = false
  return {
    keepsLength: false,
    deadline: undefined,
    push(chunk) {
      some ||= chunk.length > 0
      return rewriter.push(chunk)
    },
    expire: () => new Uint8Array(0),
    end: () => (some ? rewriter.end() : new Uint8Array(0)),
    counts: () => counts.all(),
  }
}

/** How often each mask was applied to what. */
export class Counts {
  readonly #counts = new Map<string, [mask: string, what: string, count: number]>()

  add(mask: string, what: string): void {
    const key = `${mask} ${what}`
    const same = this.#counts.get(key)
    if (same) same[2] += 1
    else this.#counts.set(key, [mask, what, 1])
  }

  all(): readonly MaskCount[] {
    return [...this.#counts.values()]
  }
}
