import { createHash } from 'node:crypto'
import type { MaskRule } from './mask-rule.ts'
import type { GlobalLimits } from './policy.ts'
import type { Rule } from './rule.ts'

/** `sha256:…` over rules and masks as RFC 8785 JSON: the same ones have the same digest however their fields were ordered. */
export function digestOf(rules: readonly Rule[], limits: GlobalLimits, masks: readonly MaskRule[]): string {
  const limited = Object.values(limits).some((limit) => limit !== undefined)
  const what = limited || masks.length > 0 ? { ...(limited && { limits }), ...(masks.length > 0 && { masks }), rules } : rules
  return `sha256:${createHash('sha256').update(canonical(what)).digest('hex')}`
}

/** RFC 8785. Rules and masks hold strings, lists, truth values and whole numbers only, for which JSON.stringify already gives the canonical form (§3.2.2). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  // §3.2.3: by UTF-16 code units, which is how sort() compares.
  const sorted = fields.map(([name]) => name).sort()
  return `{${sorted.map((name) => `${JSON.stringify(name)}:${canonical((value as Readonly<Record<string, unknown>>)[name])}`).join(',')}}`
}
