/** One rule, as the configuration states it. An absent selector matches everything. */
export interface Rule {
  /** Unique; stands in refusals and in the trail. */
  readonly name: string
  readonly effect: 'allow' | 'ask' | 'deny'
  readonly who?: {
    /** Any of these, exactly; always `issuer/name`. */
    readonly groups?: readonly string[]
    readonly kind?: 'job' | 'person'
  }
  readonly on?: {
    /** Any of these names. */
    readonly resources?: readonly string[]
    /** Any of these tags. */
    readonly tags?: readonly string[]
  }
  /** `<protocol>.*`, `<protocol>.<class>` or `<protocol>.<action>`; absent is `<protocol>.*`. */
  readonly do?: readonly string[]
  /** CEL over the facts of the operation; absent is true. */
  readonly when?: string
  /** What it grants at most; of allow and ask rules only. */
  readonly limits?: RuleLimits
  /** Who must say yes; of ask rules only. Absent: one person who holds the role approver. */
  readonly approvers?: {
    /** Any of these groups of people, as `issuer/name`; absent: whoever holds the role approver. */
    readonly groups?: readonly string[]
    /** How many different persons; default 1. */
    readonly count?: number
  }
  /** How long a request waits for its answer, and then how long what was approved may be used, ms; of ask rules only. Default 15 minutes. */
  readonly for?: number
  /** Whether content that comes later is approved unseen; of ask rules only. */
  readonly stream?: boolean
  /** The next step that a refusal tells the agent. */
  readonly say?: string
  /** From this moment on the rule says nothing. Milliseconds since the epoch. */
  readonly until?: number
}

export interface RuleLimits {
  /** Rows of results, or rows copied, per operation. */
  readonly rows?: number
  /** Bytes of results, or bytes copied in, per operation. */
  readonly bytes?: number
  /** From admission to its end, ms. */
  readonly time?: number
  /** Bytes of the statement's text: for a longer one the rule does not allow. */
  readonly statementBytes?: number
}
