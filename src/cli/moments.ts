/** RFC 3339 as people read it in a table: to the second, always UTC. Anything else is left as it is. */
export function when(rfc3339: string): string {
  return rfc3339.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2Z')
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/** `90s`, `12h`, `7d`: ms; undefined where it is none. */
export function durationOf(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * (UNITS[unit] as number)
}

/** `2h` (so long before now) or RFC 3339 as a time; undefined where it is neither. @param now ms since the epoch */
export function momentOf(text: string, now: number): Date | undefined {
  const before = durationOf(text)
  if (before !== undefined) return valid(new Date(now - before))
  return RFC3339.test(text) ? valid(new Date(text)) : undefined
}

/** A date that there is, in years of four digits. */
function valid(moment: Date): Date | undefined {
  return moment.getTime() >= 0 && moment.getTime() < 253_402_300_800_000 ? moment : undefined
}
