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
