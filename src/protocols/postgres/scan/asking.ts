import { ScanError } from './errors.ts'
import type { Tally } from './tally.ts'

/** Somebody who finds what no pattern does. He is shown the text itself. */
export interface ScanAnalyzer {
  /** @param text UTF-8. @returns what it holds, or why nobody knows; never rejects */
  analyze(
    text: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly found: readonly { readonly detector: string }[] } | { readonly failed: string }>
}

/** What asking about a column came to. */
export interface Asked {
  /** Values of which there was an answer. */
  readonly analyzed: number
  /** Values without one, and why: as the analyzer's failure is called, or that it was not asked any more. */
  readonly unanswered?: { readonly values: number; readonly why: string }
}

/** Questions at the same time. */
const AT_ONCE = 4
/** Columns in a row without an answer, after which nothing more is asked: each of them costs a deadline. */
const GIVEN_UP = 3

/** Asks about the columns of one scan, a few values at a time; keeps none of them. */
export class Asking {
  readonly #analyzer: ScanAnalyzer
  readonly #whenSilent: 'fail' | 'pass'
  #inVain = 0

  constructor(analyzer: ScanAnalyzer, whenSilent: 'fail' | 'pass') {
    this.#analyzer = analyzer
    this.#whenSilent = whenSilent
  }

  /**
   * Asks about what no detector found anything in, until a question gets no answer.
   * @throws ScanError GS_SCAN_ANALYZER_SILENT where that is how the scan ends; what the signal was aborted with
   */
  async ask(tally: Tally, signal: AbortSignal): Promise<Asked> {
    const values = tally.takeUnspoken()
    if (this.#inVain >= GIVEN_UP) return { analyzed: 0, ...unanswered(sum(values), 'not asked') }
    let analyzed = 0
    let failed: string | undefined
    const left = values[Symbol.iterator]()
    const inTurn = async () => {
      for (const [value, times] of left) {
        const answer = await this.#analyzer.analyze(Buffer.from(value), signal)
        if ('failed' in answer) failed ??= answer.failed
        else {
          tally.count(answer.found, times)
          analyzed += times
        }
        if (failed !== undefined) return
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, inTurn))
    signal.throwIfAborted()
    if (failed === undefined) {
      if (analyzed > 0) this.#inVain = 0
      return { analyzed }
    }
    if (this.#whenSilent === 'fail')
      throw new ScanError('GS_SCAN_ANALYZER_SILENT', `The analyzer gave no answer that can be used (${failed}).`)
    this.#inVain = analyzed === 0 ? this.#inVain + 1 : 0
    return { analyzed, ...unanswered(sum(values) - analyzed, failed) }
  }
}

const sum = (values: readonly (readonly [value: string, times: number])[]) => values.reduce((all, [, times]) => all + times, 0)

const unanswered = (values: number, why: string): Pick<Asked, 'unanswered'> => (values > 0 ? { unanswered: { values, why } } : {})
