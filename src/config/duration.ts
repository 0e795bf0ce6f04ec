const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** @param text `30s`, `15m`, `8h`, `90d`, `250ms`; already matched by the schema. @returns milliseconds */
export function milliseconds(text: string): number {
  const unit = text.replace(/^[0-9]+/, '') as keyof typeof units
  return Number.parseInt(text, 10) * units[unit]
}
