import type { PastOperation, PastOutcome, PastSegment, TranscriptLine } from '../../api/local/index.ts'
import type { RecordedEvent } from '../../recording/index.ts'
import type { Beat, ShownLine } from './beat.ts'
import { Screen } from './shown-event.ts'
import { clock, closedWords, fate, fateStyle, outcomeWords, toldWords } from './words.ts'

/**
 * replay — statements where their answers stand, with what became of them; statements — without answers, each once it has ended; live —
 * each thing as soon as the log has it.
 */
export type Manner = 'replay' | 'statements' | 'live'

interface Asked {
  readonly operation: PastOperation
  outcome?: PastOutcome
}

/** Operations that are kept until their answers come; beyond them, the oldest are shown without. */
const KEPT = 10_000

/** A transcript as what is shown when. The line that describes the session itself is not part of it. */
export async function* beats(lines: AsyncIterable<TranscriptLine>, manner: Manner): AsyncGenerator<Beat> {
  const stage = new Stage(manner)
  for await (const line of lines) yield* stage.see(line)
  yield* stage.end()
}

class Stage {
  readonly #manner: Manner
  #screen = new Screen()
  readonly #asked = new Map<number, Asked>()
  /** ms since the epoch: of the recording, else of the session. */
  #began = Number.NaN
  #at = 0
  #operation: number | undefined
  /** The operation whose heading was printed last. */
  #headed = 0

  constructor(manner: Manner) {
    this.#manner = manner
  }

  *see(line: TranscriptLine): Generator<Beat> {
    if ('session' in line) this.#began = Date.parse(line.session.openedAt)
    else if ('operation' in line) yield* this.#ask(line.operation)
    else if ('outcome' in line) yield* this.#outcome(line.outcome)
    else if ('segment' in line) yield* this.#segment(line.segment)
    else if ('told' in line) yield this.#note(line.told.at, toldWords(line.told))
    else if ('closed' in line) {
      yield* this.end()
      yield this.#note(line.closed.at, closedWords(line.closed))
    }
  }

  /** What has no outcome is shown without. */
  *end(): Generator<Beat> {
    // In a replay: what was answered by nothing that is recorded.
    if (this.#manner !== 'live') for (const asked of this.#asked.values()) yield this.#statement(asked)
    this.#asked.clear()
  }

  *#ask(operation: PastOperation): Generator<Beat> {
    this.#asked.set(operation.n, { operation })
    if (this.#manner === 'live') yield this.#statement({ operation })
    if (this.#asked.size <= KEPT) return
    for (const [oldest, asked] of this.#asked) {
      this.#asked.delete(oldest)
      if (this.#manner === 'statements') yield this.#statement(asked)
      return
    }
  }

  *#outcome(outcome: PastOutcome): Generator<Beat> {
    const asked = this.#asked.get(outcome.n)
    if (this.#manner === 'live') {
      this.#asked.delete(outcome.n)
      const style = asked && fateStyle(asked.operation, outcome)
      const text = `#${outcome.n} ${outcomeWords(outcome)}`
      yield { at: this.#since(outcome.at), operation: outcome.n, begins: false, lines: [{ text, indent: 10, ...(style && { style }) }] }
      return
    }
    if (asked === undefined) return
    asked.outcome = outcome
    if (this.#manner !== 'statements') return
    // In the order in which they were asked: one that takes its time holds up those behind it.
    for (const [n, next] of this.#asked) {
      if (next.outcome === undefined) return
      this.#asked.delete(n)
      yield this.#statement(next)
    }
  }

  *#segment({ segment, at, started, events, missing }: PastSegment): Generator<Beat> {
    if (missing) {
      // Whose answer comes next, and under which columns, stood there.
      this.#operation = undefined
      this.#screen = new Screen()
      const why = missing === 'gone' ? 'it was erased, or is older than is kept' : 'it was never written, and the log says so'
      yield this.#note(at, `segment ${segment} is missing: ${why}`, 'yellow')
      return
    }
    if (started !== undefined) this.#began = Date.parse(started)
    for (const event of events as unknown as readonly RecordedEvent[]) {
      this.#at = event[0]
      if (event[1] === 'op') yield* this.#turn(Number(event[2]))
      const lines = this.#screen.event(event)
      if (lines.length > 0)
        yield { at: event[0], begins: false, lines, ...(this.#operation !== undefined && { operation: this.#operation }) }
    }
  }

  /** What comes answers another operation. */
  *#turn(n: number): Generator<Beat> {
    this.#operation = n > 0 ? n : undefined
    if (n === 0) return
    const asked = this.#asked.get(n)
    const isHeaded = this.#headed === n
    this.#headed = n
    if (this.#manner === 'replay' && asked) {
      this.#asked.delete(n)
      yield this.#statement(asked, this.#at)
    } else if (this.#manner === 'live' && !isHeaded) {
      yield { at: this.#at, operation: n, begins: false, lines: [{ text: `answer to #${n}`, indent: 10, style: 'dim' }] }
    }
  }

  #statement({ operation, outcome }: Asked, at = Math.max(this.#at, this.#since(operation.at))): Beat {
    if (this.#manner === 'live') this.#headed = operation.n
    const style = fateStyle(operation, outcome)
    const head: ShownLine = {
      text: `${clock(at).padStart(9)} #${operation.n} ${operation.form}  ${fate(operation, outcome)}`,
      indent: 0,
      ...(style && { style }),
    }
    const text: ShownLine =
      operation.text === undefined ? { text: '(its text is gone)', indent: 10, style: 'dim' } : { text: operation.text, indent: 10 }
    return { at, operation: operation.n, begins: true, lines: [head, text] }
  }

  #note(at: string, text: string, style: ShownLine['style'] = 'cyan'): Beat {
    const since = this.#manner === 'replay' ? Math.max(this.#at, this.#since(at)) : this.#since(at)
    return { at: since, begins: false, lines: [{ text: `${clock(since).padStart(9)} ${text}`, indent: 0, ...(style && { style }) }] }
  }

  #since(at: string): number {
    const since = (Date.parse(at) - this.#began) / 1000
    return Number.isFinite(since) ? Math.max(0, since) : 0
  }
}
