import type { TranscriptLine, TranscriptSession } from '../../api/local/index.ts'
import type { ExchangeEvent, RecordedCell } from '../../recording/index.ts'
import { CliError } from '../errors.ts'

/** Where no size is told before something is written. */
const [COLUMNS, ROWS] = [80, 24]

/**
 * A terminal as asciicast v3 (docs.asciinema.org/manual/asciicast/v3): a header, then `[seconds since the last event, code, text]`. What was typed is
 * there as input; what is not recorded is a marker.
 * @throws CliError GS_CLI_NO_ASCIICAST where nothing in the session is a terminal
 */
export async function* asAsciicast(lines: AsyncIterable<TranscriptLine>): AsyncGenerator<unknown> {
  const cast = new Cast()
  for await (const line of lines) {
    if ('session' in line) cast.session(line.session)
    else if ('segment' in line) {
      const { segment, started, events, missing } = line.segment
      if (started !== undefined) cast.began(started)
      if (missing) cast.missing(segment)
      for (const event of events) yield* cast.see(event as unknown as ExchangeEvent)
    }
  }
  yield* cast.end()
}

class Cast {
  #session: TranscriptSession | undefined
  /** ms since the epoch. */
  #began = Number.NaN
  #command = ''
  /** Seconds since the recording began, of the stream and of the event that was said last; undefined: it is not a terminal, or none yet. */
  #since: number | undefined
  #last = 0
  #size: readonly [columns: number, rows: number] | undefined
  #isHeaded = false
  #isCast = false
  /** What was typed before a size was told, which clients do a moment after they connect. */
  #typed: (readonly [at: number, text: string])[] = []
  /** What stands before the next event. */
  #markers: string[] = []

  session(session: TranscriptSession): void {
    // Whatever it is, its recording has no terminals.
    if (session.protocol === 'postgres')
      throw new CliError('GS_CLI_NO_ASCIICAST', `The session is no terminal: it speaks ${session.protocol}.`)
    this.#session = session
  }

  began(started: string): void {
    this.#began = Date.parse(started)
  }

  missing(segment: number): void {
    if (this.#since !== undefined) this.#markers.push(`segment ${segment} is missing`)
  }

  *see(event: ExchangeEvent): Generator<unknown> {
    const [at, code] = event
    if (code === 'request') this.#command = commandIn(event[2].target)
    if (code === 'stream') {
      this.#since = event[2].tty ? at : undefined
      this.#last = at
      this.#isCast ||= event[2].tty
    }
    if (this.#since === undefined) return
    switch (code) {
      case 'resize':
        if (event[2].includes(0)) return
        if (this.#isHeaded) yield* this.#say(at, 'r', `${event[2][0]}x${event[2][1]}`)
        else this.#size = event[2]
        return
      case 'stdout':
      case 'stderr':
        yield* this.#say(at, 'o', textOf(event[2]))
        return
      case 'stdin':
        if (this.#isHeaded || this.#size !== undefined) yield* this.#say(at, 'i', textOf(event[2]))
        else this.#typed.push([at, textOf(event[2])])
        return
      case 'exit':
        if (event[2].code !== undefined) yield* this.#say(at, 'x', `${event[2].code}`)
        return
      case 'content-capped':
        this.#markers.push(`${event[2].bytes} bytes of ${event[2].of} are not recorded, SHA-256 ${event[2].sha256}`)
        return
      case 'gap':
        this.#markers.push(`something is not recorded here: ${event[2]}`)
        return
      case 'stream-end':
        if (event[2].reason !== undefined) this.#markers.push(`the stream was ended: ${event[2].reason}`)
        yield* this.#flush(at)
        this.#since = undefined
    }
  }

  *end(): Generator<unknown> {
    if (!this.#isCast) throw new CliError('GS_CLI_NO_ASCIICAST', 'Nothing in the session is a terminal.')
    yield* this.#flush(this.#last)
  }

  *#say(at: number, code: string, text: string): Generator<unknown> {
    yield* this.#flush(at)
    yield this.#event(at, code, text)
  }

  *#flush(at: number): Generator<unknown> {
    if (!this.#isHeaded) yield this.#header()
    for (const [typed, text] of this.#typed.splice(0)) yield this.#event(typed, 'i', text)
    for (const marker of this.#markers.splice(0)) yield this.#event(at, 'm', marker)
  }

  #event(at: number, code: string, text: string): unknown {
    const seconds = Number(Math.max(0, at - this.#last).toFixed(3))
    this.#last = Math.max(this.#last, at)
    return [seconds, code, text]
  }

  #header(): unknown {
    this.#isHeaded = true
    const [cols, rows] = this.#size ?? [COLUMNS, ROWS]
    const began = Math.floor((this.#began + (this.#since ?? 0) * 1000) / 1000)
    const { id, resource } = this.#session ?? {}
    return {
      version: 3,
      term: { cols: cols || COLUMNS, rows: rows || ROWS },
      ...(Number.isFinite(began) && { timestamp: began }),
      ...(this.#command !== '' && { command: this.#command }),
      ...(id !== undefined && { title: `${id} at ${resource}` }),
    }
  }
}

/** The arguments in the query of an exec. */
function commandIn(target: string): string {
  return new URLSearchParams(target.split('?', 2)[1] ?? '').getAll('command').join(' ')
}

/** A player shows text; what is none is shown as what a terminal makes of it. */
function textOf(cell: RecordedCell): string {
  if (cell === null) return ''
  return typeof cell === 'string' ? cell : Buffer.from(cell.base64, 'base64').toString('utf8')
}
