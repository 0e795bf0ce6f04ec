import type { StatementFacts } from '../sql/statement-facts.ts'

/** Settings by which the server reads constants, which it does when it parses; it reports each change of one (PostgreSQL protocol, "Asynchronous Operations"). */
const SETTINGS: ReadonlySet<string> = new Set(['DateStyle', 'IntervalStyle', 'TimeZone'])

/** How the server reads constants, as it said last: before the ReadyForQuery behind a change. */
export class Reading {
  readonly #values = new Map<string, string>()
  #now = ''

  /** @param parameters ParameterStatus of the log-in */
  constructor(parameters: Iterable<readonly [string, string]>) {
    for (const [name, value] of parameters) this.reported(name, value)
  }

  /** ParameterStatus. */
  reported(name: string, value: string): void {
    if (!SETTINGS.has(name)) return
    this.#values.set(name, value)
    this.#now = JSON.stringify([...SETTINGS].map((each) => this.#values.get(each)))
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
