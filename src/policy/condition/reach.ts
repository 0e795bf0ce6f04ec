import type { Facts } from '../../operations/index.ts'

/** The length of the longest list that conditions could go through. */
export function longestList({ effects, sql, k8s, http, model }: Facts): number {
  const requested = Math.max(
    effects.length,
    k8s?.command?.length ?? 0,
    http?.headers === undefined ? 0 : Object.keys(http.headers).length,
    model?.tools?.length ?? 0,
    model?.toolCalls?.length ?? 0,
  )
  if (sql === undefined) return requested
  const { reads, writes, functions, columns } = sql
  return Math.max(
    requested,
    reads?.length ?? 0,
    writes?.length ?? 0,
    functions?.length ?? 0,
    columns === undefined ? 0 : Math.max(columns.output.length, columns.predicate.length, columns.written.length),
  )
}
