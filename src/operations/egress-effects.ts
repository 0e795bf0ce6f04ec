/** What is done through the forward proxy. Closed: nothing has a class that is not here. */
export const EGRESS_CLASSES = ['session', 'connect'] as const

export type EgressClass = (typeof EGRESS_CLASSES)[number]

/** None: `egress.*` is all of them. */
export const EGRESS_NAMED_ONLY: ReadonlySet<EgressClass> = new Set()

/** One action at the proxy: the class that it belongs to, and when a request has it. */
export interface EgressAction {
  readonly class: EgressClass
  /** One sentence. */
  readonly meaning: string
}

/** Every action by its name. Closed, and one that is called like a class is all that the class has. */
export const EGRESS_ACTIONS: ReadonlyMap<string, EgressAction> = new Map([
  ['connect', { class: 'connect', meaning: 'Opens a connection to a host and port, whose bytes nobody reads (CONNECT).' }],
])
