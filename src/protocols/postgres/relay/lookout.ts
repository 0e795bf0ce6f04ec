import type { Mask } from '../../../operations/index.ts'
import { findingsIn } from '../mask/index.ts'
import { backend } from '../wire/codes.ts'
import { readErrorFields } from '../wire/error-response.ts'
import { HEADER_BYTES } from '../wire/framer.ts'
import type { AnalysesAhead, Questions } from './analyses-ahead.ts'
import type { Answers } from './answers.ts'
import { flightOf } from './expected.ts'
import type { Flight } from './flight.ts'
import { maskedNotification, maskedReport } from './masked-messages.ts'
import type { Masking } from './masking.ts'

/** Reads whole messages of one type without doing anything with them. */
type Reader = (bytes: Uint8Array, start: number, end: number) => void

/** What an analyzer has to be asked before a message is read. */
export interface Asked {
  readonly questions: Questions
  /** Of a row or a piece of a COPY: what reads those behind it, and its type. */
  readonly reader: Reader | undefined
  readonly type: number
}

/** Says before a message of the server is read whether the analyzer has to be asked first. Nothing changes by that. */
export class Lookout {
  readonly ahead: AnalysesAhead
  readonly #answers: Answers
  readonly #masking: Masking

  constructor(ahead: AnalysesAhead, answers: Answers, masking: Masking) {
    this.ahead = ahead
    this.#answers = answers
    this.#masking = masking
  }

  /** Whether the COPY that this is of has to come in whole messages. */
  isAsked({ masks, result, cut }: Flight): boolean {
    return masks !== undefined && result !== undefined && result !== 'raw' && cut === undefined && 'copy' in result && !!result.copy.ahead
  }

  /** @returns undefined where it can be read at once */
  at(type: number, bytes: Uint8Array, start: number, end: number): Asked | undefined {
    switch (type) {
      case backend.dataRow:
      case backend.copyData:
        return this.#ofResult(type, bytes, start, end)
      case backend.errorResponse:
      case backend.noticeResponse:
      case backend.notificationResponse:
        return this.#ofMessage(type, bytes, start, end)
      default:
        return undefined
    }
  }

  /** Adds what is asked of the messages behind one, as far as they are of the same kind and whole. */
  addBehind({ reader, type, questions }: Asked, bytes: Uint8Array): void {
    if (!reader) return
    for (let start = 0; questions.hasRoom && start + HEADER_BYTES <= bytes.length && bytes[start] === type; ) {
      const length = (bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!
      const end = start + 1 + length
      if (length < 4 || end > bytes.length || !reads(reader, bytes, start, end)) return
      start = end
    }
  }

  #ofResult(type: number, bytes: Uint8Array, start: number, end: number): Asked | undefined {
    const { head, cutting } = this.#answers
    const flight = flightOf(head)
    if (!flight?.masks || flight.cut || cutting.muted) return undefined
    const { result } = flight
    if (result === undefined || result === 'raw') return undefined
    const entities = entitiesOf(flight.masks)
    if (!entities) return undefined
    const questions = this.ahead.questions(entities)
    let reader: Reader | undefined
    if ('rows' in result) {
      const rows = type === backend.dataRow ? result.rows.ahead?.(questions) : undefined
      reader = rows && ((of, from, to) => void rows.row(of, from, to))
    } else {
      const copy = type === backend.copyData ? result.copy.ahead?.(questions) : undefined
      reader = copy && ((of, from, to) => void copy.push(of, from + HEADER_BYTES, to))
    }
    if (!reader || !reads(reader, bytes, start, end) || questions.empty) return undefined
    return { questions, reader, type }
  }

  #ofMessage(type: number, bytes: Uint8Array, start: number, end: number): Asked | undefined {
    const { head, masks } = this.#answers
    const entities = entitiesOf((head && flightOf(head)?.masks) ?? masks)
    // Of ours the client is told another one.
    if (!entities || head?.replacement) return undefined
    const questions = this.ahead.questions(entities)
    const messages = { ...this.#masking.messages, analyses: questions }
    if (type === backend.notificationResponse) maskedNotification(bytes, start, end, masks, messages)
    else {
      const fields = readErrorFields(bytes.subarray(start + HEADER_BYTES, end))
      if (fields) maskedReport({ type, bytes, start, end }, fields, head, masks, messages)
    }
    return questions.empty ? undefined : { questions, reader: undefined, type }
  }
}

function entitiesOf(masks: readonly Mask[] | undefined): readonly string[] | undefined {
  return masks && findingsIn(masks)?.entities
}

/** @returns whether it could be read: what cannot is told when it is its turn */
function reads(reader: Reader, bytes: Uint8Array, start: number, end: number): boolean {
  try {
    reader(bytes, start, end)
    return true
  } catch {
    return false
  }
}
