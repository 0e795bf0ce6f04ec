import type { EntryFields } from '../trail/index.ts'
import { rowsOf } from './about.ts'

export interface SaidOutcome {
  readonly status: string
  readonly rows: number
  readonly bytes: number
  /** What the target called it. */
  readonly code: string | undefined
}

/** How the operations of an `operation.outcome` ended. */
export function outcomesIn({ outcomes }: EntryFields): readonly SaidOutcome[] {
  return rowsOf(outcomes).flatMap(([, status, rows, bytes, , code]) =>
    typeof status === 'string'
      ? { status, rows: numberOf(rows), bytes: numberOf(bytes), code: typeof code === 'string' ? code : undefined }
      : [],
  )
}

const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0)
