import type { LocalClient } from '../../src/api/local/index.ts'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import type { DecisionRow, OperationRow, OutcomeRow } from '../../src/trail/index.ts'

/** An operation as the trail tells it, put together from the entries of its session. */
export interface RecordedOperation {
  readonly session: string
  /** Counts a session's operations from 1. */
  readonly number: number
  readonly form: string
  readonly statement: string
  readonly effect: string
  readonly rules: readonly string[]
  /** Undefined while it is open. */
  status: string | undefined
}

/** The whole trail as far as it stands, payloads opened. */
export async function readTrail(operator: LocalClient): Promise<EntryAnswer[]> {
  const entries: EntryAnswer[] = []
  const query = { from: 0, follow: false, opened: true, filter: {} }
  for await (const entry of operator.trail(query, new AbortController().signal)) entries.push(entry)
  return entries
}

/** Every operation of these entries, in order. They must begin with the first entry of each session they speak of. */
export function operationsOf(entries: readonly EntryAnswer[]): RecordedOperation[] {
  const operations: RecordedOperation[] = []
  const byNumber = new Map<string, RecordedOperation>()
  const statements = new Map<string, string>()
  const decisions = new Map<string, DecisionRow>()
  for (const { kind, fields, payloads } of entries) {
    const session = String(fields.session)
    if (kind === 'operation.intent') {
      const { ops, decisions: said = [] } = fields as unknown as { ops: OperationRow[]; decisions?: DecisionRow[] }
      for (const row of said) decisions.set(`${session} ${row[0]}`, row)
      for (const { name, content } of payloads ?? []) if (name.startsWith('statement.')) statements.set(`${session} ${name}`, content)
      for (const [number, statement, decision, form = 'bind'] of ops) {
        const [, effect = 'never said', rules = []] = decisions.get(`${session} ${decision}`) ?? []
        const text = statements.get(`${session} statement.${statement}`) ?? ''
        const operation: RecordedOperation = { session, number, form, statement: text, effect, rules, status: undefined }
        operations.push(operation)
        byNumber.set(`${session} ${number}`, operation)
      }
    } else if (kind === 'operation.outcome') {
      for (const [number, status] of (fields as unknown as { outcomes: OutcomeRow[] }).outcomes) {
        const operation = byNumber.get(`${session} ${number}`)
        if (operation) operation.status = status
      }
    }
  }
  return operations
}
