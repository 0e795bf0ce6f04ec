/** How long something is kept: so many days or calendar months. */
export interface Retention {
  readonly count: number
  readonly unit: 'd' | 'mo'
}

/** @param text `90d`, `13mo`; already matched by the schema */
export function readRetention(text: string): Retention {
  return { count: Number.parseInt(text, 10), unit: text.endsWith('mo') ? 'mo' : 'd' }
}

/**
 * What is older than this goes. A month is a calendar month, counted in UTC; where the day does not exist there, its last day.
 *
 * @param now ms since the epoch
 * @returns ms since the epoch
 */
export function keptSince({ count, unit }: Retention, now: number): number {
  if (unit === 'd') return now - count * 86_400_000
  const date = new Date(now)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() - count)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return date.getTime()
}
