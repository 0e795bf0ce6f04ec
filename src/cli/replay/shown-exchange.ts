import type { ExchangeEvent, RecordedCell, RecordedEvent } from '../../recording/index.ts'
import type { ShownLine } from './beat.ts'
import { asItIs, line, type Screen } from './screen.ts'

/** Characters of one line: a body may be one of a megabyte. */
const LINE = 2_000

/**
 * Shows what was said in HTTP and on streams, event by event. What the client sent is marked `»`, what a command wrote to its stderr `!`. Lines are
 * cut where pieces were: when they came says as much as what they are. Only on a terminal, where each key is a piece, lines are put together.
 */
export class ExchangeScreen implements Screen {
  #operation = 0
  /** Of a terminal: what was typed and shown, and has no line end yet; undefined: it is none. */
  #lines: { typed: string; shown: string } | undefined

  event(event: RecordedEvent): readonly ShownLine[] {
    try {
      const known = event as unknown as ExchangeEvent
      const begun = known[1] === 'stdin' || known[1] === 'stdout' ? [] : this.#begun()
      return [...begun, ...(this.#known(known) ?? asItIs(event))]
    } catch {
      return asItIs(event)
    }
  }

  #known(event: ExchangeEvent): readonly ShownLine[] | undefined {
    switch (event[1]) {
      case 'op':
        this.#operation = event[2]
        return []
      case 'request':
        // Of an operation it stands there already.
        return this.#operation > 0 ? [] : [line(`${event[2].method} ${event[2].target}`, 'bold')]
      case 'answer': {
        const { status, type, encoding } = event[2]
        const words = [`${status}`, type ?? '', encoding === undefined ? '' : `(${encoding})`].filter((word) => word !== '')
        return [line(words.join(' '), status >= 400 ? 'red' : 'bold')]
      }
      case 'body':
        return piece('', event[2])
      case 'stdout':
        return this.#lines ? this.#onTerminal(this.#lines, 'shown', event[2]) : piece('', event[2])
      case 'stdin':
        return this.#lines ? this.#onTerminal(this.#lines, 'typed', event[2]) : piece('» ', event[2])
      case 'stderr':
        return piece('! ', event[2], 'red')
      case 'body-end':
        return event[2].cut ? [line(`the answer broke off after ${event[2].bytes} bytes`, 'red')] : []
      case 'stream': {
        const { action, carrier, protocol, tty } = event[2]
        this.#lines = tty ? { typed: '', shown: '' } : undefined
        return [line([`${action} over ${carrier}`, protocol, tty ? 'on a terminal' : ''].filter((word) => word !== '').join(', '), 'dim')]
      }
      case 'resize':
        return [line(`the terminal has ${event[2][0]} columns and ${event[2][1]} rows`, 'dim')]
      case 'exit': {
        const { code, status, message } = event[2]
        if (status === 'success') return [line(`exit code ${code ?? 0}`, 'dim')]
        return [line(`${code === undefined ? 'failed' : `exit code ${code}`}${message === undefined ? '' : `: ${message}`}`, 'red')]
      }
      case 'forward':
        return [line(`connection ${event[2][0]} to port ${event[2][1]}`, 'cyan')]
      case 'sent':
        return piece(`» ${event[2]}: `, event[3])
      case 'received':
        return piece(`${event[2]}: `, event[3])
      case 'forward-error':
        return piece(`! ${event[2]}: `, event[3], 'red')
      case 'forward-end': {
        const [connection, { sent, received }] = event[2]
        return [line(`connection ${connection} is closed: ${sent} bytes sent, ${received} received`, 'cyan')]
      }
      case 'content-capped': {
        const { of, connection, bytes, sha256 } = event[2]
        const whose = connection === undefined ? of : `${of} of connection ${connection}`
        return [line(`… ${bytes} more bytes of ${whose} are not recorded: SHA-256 ${sha256}`, 'yellow')]
      }
      case 'tool-calls':
        return event[2].map(({ id, name, arguments: said }) => line(`calls ${name} (${id}): ${said}`, 'cyan'))
      case 'stream-end':
        return event[2].reason === undefined ? [] : [line(`the stream was ended: ${event[2].reason}`, 'red')]
      case 'gap':
        return [line(`something is not recorded here: ${event[2]}`, 'yellow')]
      default:
        return undefined
    }
  }

  #onTerminal(lines: { typed: string; shown: string }, which: 'typed' | 'shown', content: RecordedCell): readonly ShownLine[] {
    if (typeof content !== 'string') return [...this.#begun(), ...piece(MARKS[which], content)]
    const text = lines[which] + content
    // Enter is typed as CR, and shown as CR LF.
    const end = text.length > LINE ? text.length : Math.max(text.lastIndexOf('\n'), which === 'typed' ? text.lastIndexOf('\r') : -1) + 1
    lines[which] = text.slice(end)
    const whole = text.slice(0, end)
    return end === 0 ? [] : piece(MARKS[which], which === 'typed' ? whole.replace(/\r\n?/g, '\n') : whole)
  }

  /** Lines of a terminal that something else comes behind. */
  #begun(): readonly ShownLine[] {
    const lines = this.#lines
    if (!lines) return []
    const { typed, shown } = lines
    lines.typed = ''
    lines.shown = ''
    return [...(typed === '' ? [] : piece(MARKS.typed, typed)), ...(shown === '' ? [] : piece(MARKS.shown, shown))]
  }
}

const MARKS = { typed: '» ', shown: '' } as const

function piece(mark: string, content: RecordedCell, style?: ShownLine['style']): readonly ShownLine[] {
  if (content === null) return []
  if (typeof content !== 'string')
    return [line(`${mark}(${Buffer.byteLength(content.base64, 'base64')} bytes that are no text)`, style ?? 'dim')]
  return content
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((text) => line(`${mark}${text.length > LINE ? `${text.slice(0, LINE)}…` : text}`, style))
}
