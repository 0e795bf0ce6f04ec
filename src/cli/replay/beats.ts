import type { PastOperation, PastOutcome, PastSegment, TranscriptLine } from '../../api/local/index.ts'
import type { RecordedEvent } from '../../recording/index.ts'
import type { Beat, ShownLine } from './beat.ts'
import type { Screen } from './screen.ts'
import { ExchangeScreen } from './shown-exchange.ts'
import { PostgresScreen } from './shown-postgres.ts'
import { claimWords, clock, closedWords, fate, fateStyle, outcomeWords, toldWords } from './words.ts'

/**
 * replay — by time: each statement when it was admitted, with what became of it, and answers behind it; statements — without answers, each once
 * it has ended; live — each thing as soon as the log has it.
 */
export type Manner = 'replay' | 'statements' | 'live'

/** What an entry tells, until its place has come. */
interface Waiting {
  /** Of the entry, RFC 3339. */
  readonly at: string
  readonly asked?: Asked
  readonly beat: () => Beat
}

interface Asked {
  readonly operation: PastOperation
  outcome?: PastOutcome
}

/** What is kept at most; beyond that, the oldest is shown as it is known. */
const KEPT = 10_000
/** Under its statement. */
const INDENT = 10

/** A transcript as what is shown when. The line that describes the session itself is not part of it. */
export async function* beats(lines: AsyncIterable<TranscriptLine>, manner: Manner): AsyncGenerator<Beat> {
  const stage = new Stage(manner)
  for await (const line of lines) yield* stage.see(line)
  yield* stage.end()
}

class Stage {
  readonly #manner: Manner
  #protocol = ''
  #screen: Screen = new PostgresScreen()
  /** In the order of time. Segments are written later than what they are about. */
  #waiting: Waiting[] = []
  /** Operations that have not ended, as far as is known. */
  readonly #asked = new Map<number, Asked>()
  /** What detectors found in operations, by their number. */
  readonly #found = new Map<number, ReadonlySet<string>>()
  /** ms since the epoch: of the recording, else of the session. */
  #began = Number.NaN
  #operation: number | undefined
  /** Time of what was shown last, seconds. */
  #last = 0
  /** The operation whose statement, or answer, was shown last. */
  #headed = 0

  constructor(manner: Manner) {
    this.#manner = manner
  }

  *see(line: TranscriptLine): Generator<Beat> {
    if ('session' in line) {
      this.#began = Date.parse(line.session.openedAt)
      this.#protocol = line.session.protocol
      this.#screen = screenOf(this.#protocol)
    }
    if ('operation' in line) this.#ask(line.operation)
    else if ('outcome' in line) this.#outcome(line.outcome)
    else if ('told' in line) this.#tell(line.told.at, toldWords(line.told))
    else if ('closed' in line) this.#tell(line.closed.at, closedWords(line.closed))
    else if ('segment' in line) yield* this.#segment(line.segment)
    yield* this.#due()
  }

  *end(): Generator<Beat> {
    for (const { beat } of this.#waiting.splice(0)) yield beat()
  }

  #ask(operation: PastOperation): void {
    const asked: Asked = { operation }
    keep(this.#asked, operation.n, asked)
    this.#wait({ at: operation.at, asked, beat: () => this.#statement(asked) })
  }

  #outcome(outcome: PastOutcome): void {
    const asked = this.#asked.get(outcome.n)
    this.#asked.delete(outcome.n)
    if (asked) asked.outcome = outcome
    if (outcome.masked) keep(this.#found, outcome.n, new Set(outcome.masked.map(([, what]) => what)))
    // Its statement was shown before it had ended.
    if (this.#waiting.some((each) => each.asked === asked && asked !== undefined)) return
    const style = asked && fateStyle(asked.operation, outcome)
    this.#wait({
      at: outcome.at,
      beat: () => this.#beat(this.#since(outcome.at), false, [line(`#${outcome.n} ${outcomeWords(outcome)}`, style)], outcome.n),
    })
  }

  #tell(at: string, text: string): void {
    this.#wait({
      at,
      beat: () => {
        const since = this.#since(at)
        return this.#beat(since, false, [{ text: `${clock(since).padStart(9)} ${text}`, indent: 0, style: 'cyan' }])
      },
    })
  }

  #wait(waiting: Waiting): void {
    const place = this.#waiting.findLastIndex(({ at }) => at <= waiting.at)
    this.#waiting.splice(place + 1, 0, waiting)
  }

  /** What need not wait any longer. */
  *#due(): Generator<Beat> {
    while (this.#waiting.length > 0) {
      const [next] = this.#waiting as [Waiting]
      const isDue =
        this.#manner === 'live' ||
        this.#waiting.length > KEPT ||
        (this.#manner === 'statements' && (next.asked === undefined || next.asked.outcome !== undefined))
      if (!isDue) return
      yield this.#shift()
    }
  }

  #shift(): Beat {
    return (this.#waiting.shift() as Waiting).beat()
  }

  *#segment({ segment, started, events, missing }: PastSegment): Generator<Beat> {
    if (missing) {
      // Whose answer comes next, and under which columns, stood there.
      this.#operation = undefined
      this.#screen = screenOf(this.#protocol)
      const why = missing === 'gone' ? 'it was erased, or is older than is kept' : 'it was never written, and the log says so'
      const text = `${clock(this.#last).padStart(9)} segment ${segment} is missing: ${why}`
      yield this.#beat(this.#last, false, [{ text, indent: 0, style: 'yellow' }])
      return
    }
    if (started !== undefined) this.#began = Date.parse(started)
    for (const event of events as unknown as readonly RecordedEvent[]) {
      yield* this.#before(event)
      if (event[1] === 'op') {
        this.#operation = Number(event[2]) > 0 ? Number(event[2]) : undefined
        this.#screen.found?.(this.#found.get(Number(event[2])) ?? NOTHING_FOUND)
      }
      const lines = this.#screen.event(event)
      if (lines.length === 0) continue
      // Answers to several statements that were sent at once say which they answer.
      const other = this.#operation !== undefined && this.#operation !== this.#headed
      if (other) this.#headed = this.#operation as number
      yield this.#beat(event[0], false, other ? [line(`answer to #${this.#operation}`, 'dim'), ...lines] : lines, this.#operation)
    }
  }

  /** What happened before it, and the statement that it answers. */
  *#before([seconds, code, operation]: RecordedEvent): Generator<Beat> {
    const answers = code === 'op' ? this.#waiting.findIndex(({ asked }) => asked?.operation.n === operation) : -1
    for (let at = 0; at <= answers; at++) yield this.#shift()
    while (this.#waiting[0] && this.#since(this.#waiting[0].at) <= seconds) yield this.#shift()
  }

  #statement({ operation, outcome }: Asked): Beat {
    this.#headed = operation.n
    const at = this.#since(operation.at)
    const style = fateStyle(operation, outcome)
    const head: ShownLine = {
      text: `${clock(at).padStart(9)} #${operation.n} ${operation.form}  ${fate(operation, outcome)}`,
      indent: 0,
      ...(style && { style }),
    }
    const text = operation.text === undefined ? line('(its text is gone)', 'dim') : line(operation.text.trimEnd())
    const gone = operation.gone ? [line(`(what ${operation.gone.join(', ')} said of it before is gone)`, 'dim')] : []
    const claims = operation.claims ? [line(`claimed: ${claimWords(operation.claims)}`, 'dim')] : []
    return this.#beat(at, true, [head, ...claims, text, ...gone], operation.n)
  }

  /** Clocks of entries and of what was shown differ a little, and some outcomes are written late: time never goes back. */
  #beat(time: number, begins: boolean, lines: readonly ShownLine[], operation?: number): Beat {
    const at = Math.max(this.#last, time)
    this.#last = at
    return { at, begins, lines, ...(operation !== undefined && { operation }) }
  }

  #since(at: string): number {
    const since = (Date.parse(at) - this.#began) / 1000
    return Number.isFinite(since) ? Math.max(0, since) : 0
  }
}

const NOTHING_FOUND: ReadonlySet<string> = new Set()

function screenOf(protocol: string): Screen {
  return protocol === 'postgres' ? new PostgresScreen() : new ExchangeScreen()
}

function line(text: string, style?: ShownLine['style']): ShownLine {
  return { text, indent: INDENT, ...(style && { style }) }
}

/** Forgets what came longest ago. */
function keep<T>(known: Map<number, T>, number: number, value: T): void {
  known.set(number, value)
  if (known.size <= KEPT) return
  for (const oldest of known.keys()) {
    known.delete(oldest)
    return
  }
}
