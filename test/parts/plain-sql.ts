import type { SqlSession, Understood } from '../../src/protocols/postgres/sql/sql-session.ts'
import type { StatementFacts } from '../../src/protocols/postgres/sql/statement-facts.ts'

/** What a test lets a text be; everything else of it stays as it is. */
export type Reads = (text: string) => Understood | Promise<Understood> | undefined

const NOTHING: Understood = { facts: { effects: [] }, statements: [] }

/** A session's SQL that understands nothing but what a test says: for tests of the wire alone. `told` is what the relay told it, in order. */
export function plainSql(reads: Reads = () => undefined): SqlSession & { readonly told: string[]; epoch: number } {
  const told: string[] = []
  return {
    told,
    epoch: 0,
    applicationSettings: [],
    catalog: undefined,
    typed: () => void told.push('typed'),
    understand: (text) => reads(Buffer.from(text).toString()) ?? NOTHING,
    changes: (statements) => statements.some(({ transitions }) => transitions.length > 0),
    reported: (name, value) => void told.push(`reported ${name}=${value}`),
    completed: (statement, tag) => void told.push(`completed ${statement.transitions.map(({ kind }) => kind)} ${tag}`),
    failed: () => void told.push('failed'),
    ready: (status) => void told.push(`ready ${String.fromCharCode(status)}`),
    prepared: (name) => void told.push(`prepared ${name}`),
    deallocated: (name) => void told.push(`deallocated ${name}`),
    close: () => void told.push('closed'),
  }
}

/** A statement that changes the session. */
export function changing(...transitions: StatementFacts['transitions']): StatementFacts {
  return { effects: [], sql: {}, transitions }
}
