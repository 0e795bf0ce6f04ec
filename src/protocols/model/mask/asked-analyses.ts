import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Analyses, Analyzed, Detection, TextAnalyzer } from '../../../masking/index.ts'
import { Refusal } from '../../../operations/index.ts'

/** Texts that are asked about at once: all of them have one deadline. */
const AT_ONCE = 32
/** A longer text is asked about in pieces, which end between words. Bytes. */
const LONGEST_PIECE = 48 * 1024
/** Answers that are remembered: conversations repeat what was said. */
const REMEMBERED = 4_096

type Answer = readonly Detection[] | undefined

/** What an analyzer said of texts, by what was looked for: so that a conversation is not asked about again with each request. */
export class AnalyzerMemory {
  readonly #byText = new Map<string, readonly Detection[]>()
  #analyzer: TextAnalyzer | undefined

  /** Answers of another analyzer, or of the same under other settings, are none. */
  of(analyzer: TextAnalyzer): this {
    if (this.#analyzer !== analyzer) this.#byText.clear()
    this.#analyzer = analyzer
    return this
  }

  get(key: string): readonly Detection[] | undefined {
    return this.#byText.get(key)
  }

  set(key: string, found: readonly Detection[]): void {
    this.#byText.delete(key)
    this.#byText.set(key, found)
    if (this.#byText.size <= REMEMBERED) return
    for (const oldest of this.#byText.keys()) {
      this.#byText.delete(oldest)
      return
    }
  }
}

/** Collects texts, has them asked about, and then says what was answered. */
export class AskedAnalyses implements Analyses {
  readonly #analyzer: TextAnalyzer
  readonly #memory: AnalyzerMemory
  readonly #entities: readonly string[]
  readonly #pieces = new Map<string, Uint8Array>()
  readonly #answers = new Map<string, Answer>()
  #collects = true

  constructor(analyzer: TextAnalyzer, memory: AnalyzerMemory, entities: readonly string[]) {
    this.#analyzer = analyzer
    this.#memory = memory.of(analyzer)
    this.#entities = entities
  }

  of(text: Uint8Array): Analyzed {
    if (!isUtf8(text)) return 'not-asked'
    const all: Detection[] = []
    for (const [from, piece] of piecesOf(text)) {
      const key = this.#keyOf(piece)
      if (this.#collects) {
        this.#pieces.set(key, piece)
        continue
      }
      const found = this.#answers.get(key)
      if (found === undefined) return 'unanswered'
      for (const { start, end, detector } of found) all.push({ start: start + from, end: end + from, detector })
    }
    return all
  }

  /** @throws Refusal GS_ANALYZER_SILENT where a text has no answer, and may not be shown without one */
  async ask(signal: AbortSignal): Promise<void> {
    this.#collects = false
    const missing: [string, Uint8Array][] = []
    for (const [key, piece] of this.#pieces) {
      const known = this.#memory.get(key)
      if (known) this.#answers.set(key, known)
      else missing.push([key, Buffer.from(piece)])
    }
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      signal.throwIfAborted()
      const some = missing.slice(at, at + AT_ONCE)
      const answers = await this.#analyzer.analyze(
        some.map(([, piece]) => piece),
        this.#entities,
        signal,
      )
      for (const [n, [key]] of some.entries()) {
        const found = answers[n]
        if (found === undefined && this.#analyzer.whenSilent === 'fail') throw new Refusal('GS_ANALYZER_SILENT')
        this.#answers.set(key, found)
        if (found) this.#memory.set(key, found)
      }
    }
  }

  #keyOf(piece: Uint8Array): string {
    return hash('sha256', piece, 'binary') + this.#entities.join()
  }
}

/** With where each begins. */
function* piecesOf(text: Uint8Array): Generator<readonly [number, Uint8Array]> {
  for (let from = 0; from < text.length; ) {
    let end = Math.min(text.length, from + LONGEST_PIECE)
    if (end < text.length) {
      const blank = Math.max(text.lastIndexOf(0x0a, end - 1), text.lastIndexOf(0x20, end - 1))
      if (blank > from) end = blank + 1
      else while (end > from + 1 && ((text[end] as number) & 0xc0) === 0x80) end--
    }
    yield [from, text.subarray(from, end)]
    from = end
  }
}
