import type { BudgetStore, StoredSlot } from '../../runs/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { transaction } from './transaction.ts'

const SCHEMA = `
CREATE TABLE budget_count (
  budget TEXT NOT NULL,
  subject TEXT NOT NULL,
  ends INTEGER NOT NULL,
  operations INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  refusals INTEGER NOT NULL,
  gone_at INTEGER NOT NULL,
  PRIMARY KEY (budget, subject, ends)
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_count_by_end ON budget_count (gone_at);
`

const APPROVALS = 'ALTER TABLE budget_count ADD COLUMN approvals_asked INTEGER NOT NULL DEFAULT 0'

const MODELS = `
ALTER TABLE budget_count ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budget_count ADD COLUMN money INTEGER NOT NULL DEFAULT 0;
`

/** What budgets have counted, in the embedded database. Subjects are ids, names of resources and pseudonyms. */
export function embeddedBudgetStore(database: EmbeddedDatabase): BudgetStore {
  database.migrate('budget-1', SCHEMA)
  database.migrate('budget-2', APPROVALS)
  database.migrate('budget-3', MODELS)
  const { connection } = database
  const read = connection.prepare(
    `SELECT ends, operations, rows, bytes, tokens, money, refusals, approvals_asked AS approvalsAsked
     FROM budget_count WHERE budget = ? AND subject = ? ORDER BY ends`,
  )
  const write =
    connection.prepare(`INSERT OR REPLACE INTO budget_count (budget, subject, ends, operations, rows, bytes, tokens, money, refusals, approvals_asked, gone_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const prune = connection.prepare('DELETE FROM budget_count WHERE gone_at <= ?')
  return {
    // The schema is STRICT and rows are written below only: their shape is known.
    read: (budget, subject) => read.all(budget, subject).map((row) => ({ ...row }) as unknown as StoredSlot),
    write(counts) {
      if (counts.length === 0) return
      transaction(connection, () => {
        for (const { budget, subject, ends, operations, rows, bytes, tokens, money, refusals, approvalsAsked, goneAt } of counts) {
          const counted = [operations, rows, bytes, tokens, money, refusals, approvalsAsked]
          write.run(budget, subject, ends, ...counted, Math.min(goneAt, Number.MAX_SAFE_INTEGER))
        }
      })
    },
    prune: (now) => void prune.run(now),
  }
}
