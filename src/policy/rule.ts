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
  /** `<protocol>.*`; classes and actions need facts that this version does not extract. */
  readonly do?: readonly string[]
  /** The next step that a refusal tells the agent. */
  readonly say?: string
  /** From this moment on the rule says nothing. Milliseconds since the epoch. */
  readonly until?: number
}
