/** The payload of a token whose signature was checked. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * Reads one claim: a top-level name, or a JSON Pointer (RFC 6901 §4) into nested objects. Own properties only, so that
 * `constructor` is absent rather than a function.
 */
export function claimAt(claims: Claims, path: string): unknown {
  if (!path.startsWith('/')) return own(claims, path)
  const tokens = path.slice(1).split('/')
  return tokens.reduce<unknown>((value, token) => own(value, token.replaceAll('~1', '/').replaceAll('~0', '~')), claims)
}

/** The text of a scalar claim: numbers beyond ±2^53 lost digits when they were parsed, so they have none. */
export function claimText(claims: Claims, path: string): string | undefined {
  const value = claimAt(claims, path)
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  return typeof value === 'boolean' ? String(value) : undefined
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
