import type { RecordedCell, RecordedEvent } from '../../recording/index.ts'
import type { ShownLine } from './beat.ts'

/** Shows what a client saw, event by event, without knowing the next ones. */
export interface Screen {
  /** @returns nothing where there is nothing to see */
  event(event: RecordedEvent): readonly ShownLine[]
  /** In what comes next, detectors found something: these. */
  found?(detectors: ReadonlySet<string>): void
}

/** Under its statement. */
const INDENT = 10

export function line(text: string, style?: ShownLine['style']): ShownLine {
  return { text, indent: INDENT, ...(style && { style }) }
}

/** An event that is not known, or not what it should be. */
export function asItIs(event: RecordedEvent): readonly ShownLine[] {
  return [line(JSON.stringify(event.slice(1)), 'dim')]
}

export function cellText(cell: RecordedCell): string {
  if (cell === null) return 'NULL'
  return typeof cell === 'string' ? cell : `(base64) ${cell.base64}`
}
