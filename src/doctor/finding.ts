/** One thing that was looked at, and what to do about it. */
export interface Finding {
  /** Such as `resource orders-db`. */
  readonly subject: string
  readonly level: 'ok' | 'warn' | 'fail'
  /** One sentence; never a secret. */
  readonly found: string
  readonly next?: string
}

export const ok = (subject: string, found: string): Finding => ({ subject, level: 'ok', found })
export const warn = (subject: string, found: string, next: string): Finding => ({ subject, level: 'warn', found, next })
export const fail = (subject: string, found: string, next: string): Finding => ({ subject, level: 'fail', found, next })

/** What an error may say in a finding: its own sentence where it is one of ours, else only its code. */
export function failed(subject: string, error: unknown, next: string): Finding {
  const { code, message, next: known } = (error ?? {}) as { code?: unknown; message?: unknown; next?: unknown }
  if (typeof code === 'string' && code.startsWith('GS_'))
    return fail(subject, `${code}: ${String(message)}`, typeof known === 'string' ? known : next)
  return fail(subject, `It failed${typeof code === 'string' ? ` (${code})` : ''}.`, next)
}
