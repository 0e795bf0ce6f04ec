import type { Mask, MaskCount, ModelFacts } from '../../../operations/index.ts'
import type { BodyChange } from '../../http/index.ts'
import type { SseEvent } from '../stream/sse.ts'

/** What masks make of one answer. One of the two is used. */
export interface ModelAnswerMasking {
  /** Of a whole answer. */
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

/** @returns undefined where no mask looks into prompts */
export function promptMasking(
  _masks: readonly Mask[],
  _key: Uint8Array | undefined,
): ((body: Buffer, endpoint: ModelFacts['endpoint']) => Buffer) | undefined {
  return undefined
}

/** @returns undefined where no mask looks into answers */
export function answerMasking(
  _masks: readonly Mask[],
  _key: Uint8Array | undefined,
  _endpoint: ModelFacts['endpoint'],
): ModelAnswerMasking | undefined {
  return undefined
}
