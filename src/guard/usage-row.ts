import type { Usage } from '../operations/index.ts'
import type { UsageRow } from '../trail/index.ts'

/** @param n of the operation */
export function usageRow(n: number, { inputTokens, outputTokens, cachedTokens = 0, money }: Usage): UsageRow {
  return money === undefined
    ? [n, inputTokens, outputTokens, cachedTokens]
    : [n, inputTokens, outputTokens, cachedTokens, money.micros, money.currency]
}
