import type { PostgresEvent, RecordedCell, RecordedColumn, RecordedEvent } from '../../recording/index.ts'
import type { ShownLine } from './beat.ts'
import { asItIs, cellText, line, type Screen } from './screen.ts'

/** Characters of one cell: a row stays a line that can be read. */
const CELL = 200

/**
 * Shows what a client of PostgreSQL was sent, event by event: rows as they came, without knowing how wide the next ones are. What only drivers
 * care about is left out. An event of another version, or one that is not what it should be, is shown as it is.
 */
export class PostgresScreen implements Screen {
  #columns: readonly RecordedColumn[] = []
  #masks: readonly (string | null)[] = []
  #found: ReadonlySet<string> = new Set()

  found(detectors: ReadonlySet<string>): void {
    this.#found = detectors
  }

  event(event: RecordedEvent): readonly ShownLine[] {
    try {
      return this.#known(event as unknown as PostgresEvent) ?? asItIs(event)
    } catch {
      return asItIs(event)
    }
  }

  #known(event: PostgresEvent): readonly ShownLine[] | undefined {
    switch (event[1]) {
      case 'columns':
        this.#columns = event[2]
        this.#masks = []
        return event[2].length === 0 ? [] : [line(event[2].map(({ name }) => cellText(name)).join(' │ '), 'bold')]
      case 'masks':
        this.#masks = event[2]
        return this.#masked()
      case 'row':
        return [line(event[2].map((cell, at) => this.#cell(cell, this.#masks[at])).join(' │ '))]
      case 'complete':
        return [line(event[2], 'dim')]
      case 'error':
      case 'notice':
        return message(event[1], event[2])
      case 'copy':
        return [line(this.#marked(cellText(event[2]).replace(/\n$/, '')))]
      case 'copy-sent':
        return sent(event[2])
      case 'copy-sent-fail':
        return [line(`${event[3] === 'gateway' ? 'the gateway' : 'the client'} ended the copy: ${cellText(event[2])}`, 'red')]
      case 'copy-sent-capped': {
        const { rows, bytes, sha256 } = event[2]
        return [line(`» … ${bytes} more bytes were sent and are not recorded, ${rows} messages begin in them: SHA-256 ${sha256}`, 'yellow')]
      }
      case 'copy-in':
        return [line('takes copy data', 'dim')]
      case 'copy-out':
        return [line('sends copy data', 'dim')]
      case 'suspended':
        return [line('(there are more rows)', 'dim')]
      case 'notification':
        return [line(`notification on ${cellText(event[3])}: ${cellText(event[4])}`, 'cyan')]
      case 'capped': {
        const { rows, bytes, sha256 } = event[2]
        return [line(`… ${rows} more were shown and are not recorded: ${bytes} bytes, SHA-256 ${sha256}`, 'yellow')]
      }
      case 'gap':
        return [line(`something is not recorded here: ${event[2]}`, 'yellow')]
      case 'message':
        return [line(`a message of type ${event[2]}, ${event[3]} bytes`, 'dim')]
      case 'op':
      case 'copy-done':
      case 'copy-sent-done':
      case 'parsed':
      case 'bound':
      case 'closed':
      case 'no-data':
      case 'empty':
      case 'parameters':
      case 'setting':
      case 'process':
      case 'ready':
        return []
      default:
        return undefined
    }
  }

  /** What went through a mask is marked: it is not what the database holds. */
  #cell(cell: RecordedCell, mask: string | null | undefined): string {
    const text = cellText(cell)
    const short = text.length > CELL ? `${text.slice(0, CELL)}…` : text
    return mask === undefined || mask === null ? this.#marked(short) : `‹${short}›`
  }

  /** What stands for a find has the detector's name, where a mask redacts it. */
  #marked(text: string): string {
    if (this.#found.size === 0) return text
    return text.replace(/\[([A-Za-z0-9_/-]{1,64})\]/g, (all, name: string) => (this.#found.has(name) ? `‹${all}›` : all))
  }

  #masked(): readonly ShownLine[] {
    const names = this.#columns.map(({ name }) => cellText(name))
    const by = this.#masks.flatMap((mask, at) => (mask === null ? [] : [`‹${names[at] ?? at + 1}› by ${mask}`]))
    return by.length === 0 ? [] : [line(`masked: ${by.join(', ')}`, 'yellow')]
  }
}

/** What the client sent is marked at each of its lines: everything else it was shown. */
function sent(content: RecordedCell): readonly ShownLine[] {
  return cellText(content)
    .replace(/\n$/, '')
    .split('\n')
    .map((text) => line(`» ${text}`))
}

/** PostgreSQL protocol, "Error and Notice Message Fields": severity V or S, code C, message M, detail D, hint H. */
function message(what: 'error' | 'notice', fields: { readonly [letter: string]: RecordedCell }): readonly ShownLine[] {
  const of = (letter: string) => (fields[letter] === undefined ? undefined : cellText(fields[letter] as RecordedCell))
  const style = what === 'error' ? 'red' : 'cyan'
  const more = [
    ['DETAIL', of('D')],
    ['HINT', of('H')],
  ].flatMap(([name, text]) => (text === undefined ? [] : [line(`${name}:  ${text}`, style)]))
  return [line(`${of('V') ?? of('S') ?? what.toUpperCase()} ${of('C') ?? ''}: ${of('M') ?? ''}`, style), ...more]
}
