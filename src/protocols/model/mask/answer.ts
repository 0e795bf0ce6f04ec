import { Counts, LET_THROUGH } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import type { BodyChange } from '../../http/index.ts'
import type { SseEvent } from '../stream/sse.ts'
import { MaskedStrings } from './mask-string.ts'
import { MaskedEvents } from './masked-events.ts'
import { modelFindings } from './model-findings.ts'
import { stringIn } from './prompt.ts'
import { rewriteStrings } from './rewrite-strings.ts'
import { SAID_AGAIN, saidBy } from './texts.ts'

/** What masks make of one answer. One of the two is used. */
export interface ModelAnswerMasking {
  /** Of a whole answer, which is held until all of it is there. */
  json(): BodyChange
  /** @param now ms, of `performance.now()`. @returns what can be shown now */
  event(event: SseEvent, now: number): readonly SseEvent[]
  /** When what is kept back has to be looked at, if nothing comes before; ms. */
  readonly deadline: number | undefined
  expire(now: number): readonly SseEvent[]
  /** @returns what was kept */
  end(): readonly SseEvent[]
  counts(): readonly MaskCount[]
}

/**
 * Masks of what a model answers: every text of it, also of what it calls tools with.
 * @param masks that hold for who asks. @param key of the operator `hash`
 * @returns undefined where no mask looks into answers
 * @throws MaskingError GS_MASK_PATTERN
 */
export function answerMasking(masks: readonly Mask[], key: Uint8Array | undefined): ModelAnswerMasking | undefined {
  const findings = modelFindings(masks, 'answer')
  if (findings === undefined) return undefined
  const counted = new Counts()
  const found = (detector: string) => counted.add(findings.masks.get(detector)?.name ?? '', detector)
  const events = new MaskedEvents(findings, key, found)
  const counts = (): readonly MaskCount[] => {
    const { letThrough } = events
    const [first] = findings.masks.values()
    return letThrough === 0 ? counted.all() : [...counted.all(), [first?.name ?? '', LET_THROUGH, letThrough]]
  }
  return {
    json: () => wholeAnswer(new MaskedStrings(findings, key, found), counts),
    event: (event, now) => events.event(event, now),
    get deadline() {
      return events.deadline
    },
    expire: (now) => events.expire(now),
    end: () => events.end(),
    counts,
  }
}

function wholeAnswer(strings: MaskedStrings, counts: () => readonly MaskCount[]): BodyChange {
  const pieces: Uint8Array[] = []
  return {
    push(bytes) {
      pieces.push(bytes)
      return new Uint8Array(0)
    },
    end: () =>
      rewriteStrings(Buffer.concat(pieces), {
        text(token, path, name) {
          const said = saidBy(stringIn(token), path)
          if (said === 'arguments') return strings.embedded(token, name)
          return said === 'text' ? strings.text(token, name) : undefined
        },
        drops: (path) => SAID_AGAIN.has(path.at(-1) ?? ''),
      }),
    counts,
  }
}
