import { isUtf8 } from 'node:buffer'
import type { Analyses, Analyzed } from '../../../masking/index.ts'
import { Refusal } from '../../../operations/index.ts'
import type { TextAnalyzer } from './text-analyzer.ts'

/** Texts that are asked about at once, and bytes of them; what comes behind waits for the next time. */
const TEXTS = 32
const BYTES = 256 * 1024
/** A longer text is not asked about. Bytes. */
const LONGEST_TEXT = 64 * 1024

/** Collects texts that an analyzer has to be asked about; each of them once. */
export class Questions implements Analyses {
  /** What is looked for, as the analyzer calls it. */
  readonly entities: readonly string[]
  readonly #known: ReadonlyMap<string, Analyzed>
  readonly #texts = new Map<string, Uint8Array>()
  #bytes = 0

  /** @param known what was said of texts, about which it is not asked again */
  constructor(entities: readonly string[], known: ReadonlyMap<string, Analyzed>) {
    this.entities = entities
    this.#known = known
  }

  of(text: Uint8Array): Analyzed {
    if (text.length > LONGEST_TEXT || !isUtf8(text)) return 'not-asked'
    const key = keyOf(text)
    if (!this.#texts.has(key) && !this.#known.has(key)) {
      this.#texts.set(key, Buffer.from(text))
      this.#bytes += text.length
    }
    return []
  }

  get empty(): boolean {
    return this.#texts.size === 0
  }

  /** Whether more is worth asking with these. */
  get hasRoom(): boolean {
    return this.#texts.size < TEXTS && this.#bytes < BYTES
  }

  get texts(): ReadonlyMap<string, Uint8Array> {
    return this.#texts
  }
}

/**
 * What an analyzer said of what comes next in one session: it is asked before that is read, so that masking does not wait. Whatever it was not asked about
 * is not shown.
 */
export class AnalysesAhead implements Analyses {
  readonly #analyzer: () => TextAnalyzer | undefined
  #known: ReadonlyMap<string, Analyzed> = NOTHING
  /** What was looked for in them. */
  #entities: readonly string[] | undefined
  #leaving: AbortController | undefined
  #failed = false
  #cancelled = false
  #abandoned = false

  /** @param analyzer as it is configured now; undefined: there is none, then there is no answer */
  constructor(analyzer: () => TextAnalyzer | undefined) {
    this.#analyzer = analyzer
  }

  of(text: Uint8Array): Analyzed {
    const said = this.#known.get(keyOf(text)) ?? 'not-asked'
    if (said === 'failed') this.#failed = true
    return said
  }

  /** Whether nobody is shown anything any more: then nothing more is asked. */
  get abandoned(): boolean {
    return this.#abandoned
  }

  /** Begins to collect. @param entities the same list where the same is looked for */
  questions(entities: readonly string[]): Questions {
    return new Questions(entities, entities === this.#entities ? this.#known : NOTHING)
  }

  /** What was read ahead has been read: answers are good for that only. */
  forget(): void {
    this.#known = NOTHING
    this.#entities = undefined
  }

  /** Asks, besides what was asked of the same memory before. Never rejects. */
  async ask({ texts: asked, entities }: Questions): Promise<void> {
    const leaving = new AbortController()
    this.#leaving = leaving
    this.#failed = false
    this.#cancelled = false
    const analyzer = this.#analyzer()
    const texts = [...asked.values()]
    let answers: Awaited<ReturnType<TextAnalyzer['analyze']>> = []
    try {
      if (analyzer) answers = await analyzer.analyze(texts, entities, leaving.signal)
    } catch {
      // It is not to reject; if it does, it has no answer.
    }
    const silent = analyzer?.whenSilent === 'pass' && !leaving.signal.aborted ? 'unanswered' : 'failed'
    const known = new Map(entities === this.#entities ? this.#known : [])
    let at = 0
    for (const key of asked.keys()) known.set(key, answers[at++] ?? silent)
    this.#known = known
    this.#entities = entities
    this.#leaving = undefined
  }

  /** Why nothing of a result may be passed of which a text has just been masked; undefined: it may be. */
  refusal(): Refusal | undefined {
    const refusal = this.#failed && !this.#abandoned ? (this.#cancelled ? cancelled() : silent()) : undefined
    this.#failed = false
    return refusal
  }

  /** Its client does not want it any more: what is asked now counts as not answered. */
  cancel(): void {
    if (!this.#leaving) return
    this.#cancelled = true
    this.#leaving.abort()
  }

  /** Nobody is there any more: what is asked, or would be, is not shown. */
  abandon(): void {
    this.#abandoned = true
    this.#leaving?.abort()
  }
}

const NOTHING: ReadonlyMap<string, Analyzed> = new Map()

const keyOf = (text: Uint8Array): string => Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1')

function silent(): Refusal {
  return new Refusal('GS_ANALYZER_SILENT')
}

function cancelled(): Refusal {
  return new Refusal('GS_OPERATION_CANCELLED')
}
