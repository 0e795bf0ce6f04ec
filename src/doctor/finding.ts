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
