import type { StatementFacts } from '../sql/statement-facts.ts'

/** Settings by which the server reads constants, which it does when it parses; it reports each change of one (PostgreSQL protocol, "Asynchronous Operations"). */
const SETTINGS: ReadonlySet<string> = new Set(['DateStyle', 'IntervalStyle', 'TimeZone'])

/** How the server reads constants and writes texts, as it said last: before the ReadyForQuery behind a change. */
export class Reading {
  readonly #values = new Map<string, string>()
  #now = ''
  #encoding: string | undefined
  #changed = false

  /** @param parameters ParameterStatus of the log-in */
  constructor(parameters: Iterable<readonly [string, string]>) {
    for (const [name, value] of parameters) this.reported(name, value)
  }

  /** ParameterStatus. */
  reported(name: string, value: string): void {
    if (name === 'client_encoding') this.#encoding = value
    if (!SETTINGS.has(name)) return
    this.#values.set(name, value)
    this.#now = JSON.stringify([...SETTINGS].map((each) => this.#values.get(each)))
  }

  /** Something was done that may have changed it, of which the server has not said anything yet. */
  changed(): void {
    this.#changed = true
  }

  /** ReadyForQuery: whatever changed is said. */
  ready(): void {
    this.#changed = false
  }

  /** `client_encoding`; undefined: not certain. */
  get encoding(): string | undefined {
    return this.#changed ? undefined : this.#encoding
  }

  /** Equal where constants are read alike. */
  get now(): string {
    return this.#now
  }
}

/** Whether constants may be read otherwise behind one of these. */
export function changesReading(statements: readonly StatementFacts[]): boolean {
  return statements.some(({ transitions }) =>
    transitions.some((transition) => {
      switch (transition.kind) {
        case 'set':
        case 'reset':
        case 'discard':
        case 'opaque':
          return true
        case 'transaction':
          return transition.verb !== 'begin' && transition.verb !== 'savepoint' && transition.verb !== 'release'
        default:
          return false
      }
    }),
  )
}
