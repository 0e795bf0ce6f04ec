import type { StatementFacts } from './statement-facts.ts'

/** A text that is not understood: it may be anything, transactions and names included. */
export const UNPARSED: StatementFacts = {
  effects: [{ class: 'opaque', action: 'unparsed' }],
  sql: {},
  transitions: [{ kind: 'opaque' }],
}

/** What runs under a name that is not known. */
export const UNKNOWN_NAME: StatementFacts = {
  effects: [{ class: 'opaque', action: 'unknown name' }],
  sql: {},
  transitions: [{ kind: 'opaque' }],
}

/** What making a value of a user's type comes to. */
export const OF_USER_TYPE: StatementFacts = {
  effects: [{ class: 'opaque', action: 'user code' }],
  sql: {},
  transitions: [{ kind: 'opaque' }],
}
