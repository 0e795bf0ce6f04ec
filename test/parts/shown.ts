import type { PostgresEvent, RecordedCell } from '../../src/recording/index.ts'

/** What one message of a server says, as plainly as it can be read: its type's letter, and what its content says. */
export type Shown = readonly [type: string, ...content: unknown[]]

/** A server's messages from behind its AuthenticationOk, read by nothing of ours (PostgreSQL protocol, "Message Formats"). */
export function shownBy(bytes: Buffer): Shown[] {
  const shown: Shown[] = []
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    const type = bytes.toString('latin1', at, at + 1)
    const body = bytes.subarray(at + 5, at + 1 + bytes.readUInt32BE(at + 1))
    if (type !== 'R') shown.push([type, ...contentOf(type, body)])
  }
  return shown
}

/** The same of a recording. What the client sent is no part of it. Of what it leaves out on purpose nothing is compared: the key that cancels. */
export function shownOf(events: readonly PostgresEvent[]): Shown[] {
  return events.flatMap((event): Shown[] => {
    const [, code, ...said] = event as unknown as [number, string, ...unknown[]]
    switch (code) {
      case 'op':
      case 'copy-sent':
      case 'copy-sent-done':
      case 'copy-sent-fail':
      case 'copy-sent-capped':
        return []
      case 'row':
        return [['D', ...(said[0] as RecordedCell[]).map(hex)]]
      case 'columns':
        return [
          [
            'T',
            ...(said[0] as { name: RecordedCell; type: number; binary?: true }[]).map((of) => [hex(of.name), of.type, of.binary ? 1 : 0]),
          ],
        ]
      case 'complete':
        return [['C', hex(said[0] as RecordedCell)]]
      case 'ready':
        return [['Z', { idle: 'I', open: 'T', failed: 'E' }[said[0] as 'idle']]]
      case 'error':
      case 'notice':
        return [
          [
            code === 'error' ? 'E' : 'N',
            ...Object.entries(said[0] as Record<string, RecordedCell>).map(([letter, text]) => letter + hex(text)),
          ],
        ]
      case 'setting':
        return [['S', hex(said[0] as RecordedCell), hex(said[1] as RecordedCell)]]
      case 'process':
        return [['K', said[0]]]
      case 'copy':
        return [['d', hex(said[0] as RecordedCell)]]
      case 'copy-in':
      case 'copy-out':
        return [[code === 'copy-in' ? 'G' : 'H', said[0] ? 1 : 0, said[1]]]
      case 'parameters':
        return [['t', ...(said[0] as number[])]]
      case 'notification':
        return [['A', said[0], hex(said[1] as RecordedCell), hex(said[2] as RecordedCell)]]
      default:
        return [[{ parsed: '1', bound: '2', closed: '3', 'no-data': 'n', suspended: 's', empty: 'I', 'copy-done': 'c' }[code] ?? code]]
    }
  })
}

function contentOf(type: string, body: Buffer): unknown[] {
  switch (type) {
    case 'D': {
      const cells: unknown[] = []
      for (let at = 2; at < body.length; ) {
        const length = body.readInt32BE(at)
        cells.push(length < 0 ? null : body.toString('hex', at + 4, at + 4 + length))
        at += 4 + Math.max(0, length)
      }
      return cells
    }
    case 'T': {
      const columns: unknown[] = []
      for (let at = 2; at < body.length; ) {
        const nul = body.indexOf(0, at)
        columns.push([body.toString('hex', at, nul), body.readUInt32BE(nul + 7), body.readUInt16BE(nul + 17)])
        at = nul + 19
      }
      return columns
    }
    case 'C':
      return [body.toString('hex', 0, body.length - 1)]
    case 'Z':
      return [body.toString('latin1')]
    case 'E':
    case 'N':
      return strings(body.subarray(0, body.length - 1)).map(
        (text) => text.slice(0, 2) && String.fromCharCode(Number.parseInt(text.slice(0, 2), 16)) + text.slice(2),
      )
    case 'S':
      return strings(body)
    case 'K':
      return [body.readUInt32BE(0)]
    case 'd':
      return [body.toString('hex')]
    case 'G':
    case 'H':
      return [body[0], body.readUInt16BE(1)]
    case 't':
      return Array.from({ length: body.readUInt16BE(0) }, (_, at) => body.readUInt32BE(2 + 4 * at))
    case 'A':
      return [body.readUInt32BE(0), ...strings(body.subarray(4))]
    default:
      return body.length === 0 ? [] : [body.toString('hex')]
  }
}

/** In hexadecimal, each ended by a NUL. */
function strings(body: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at < body.length; ) {
    const nul = body.indexOf(0, at)
    found.push(body.toString('hex', at, nul))
    at = nul + 1
  }
  return found
}

function hex(cell: RecordedCell): string | null {
  if (cell === null) return null
  return (typeof cell === 'string' ? Buffer.from(cell) : Buffer.from(cell.base64, 'base64')).toString('hex')
}
