import type { Facts, SqlFacts } from '../../../../operations/index.ts'

type Status = NonNullable<SqlFacts['transaction']>

/** Facts with the state of their session's transaction: the same object for the same facts and state. */
export function transactionFacts(): (facts: Facts, status: Status) => Facts {
  const known = new WeakMap<Facts, Partial<Record<Status, Facts>>>()
  return (facts, status) => {
    if (!facts.sql) return facts
    let variants = known.get(facts)
    if (!variants) {
      variants = {}
      known.set(facts, variants)
    }
    variants[status] ??= { ...facts, sql: { ...facts.sql, transaction: status } }
    return variants[status]
  }
}
