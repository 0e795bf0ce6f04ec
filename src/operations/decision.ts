import type { AskTerms } from './approval.ts'
import type { Mask, MaskedUse } from './mask.ts'
import type { Operation } from './operation.ts'
import type { Refusal } from './refusal.ts'

/** What the rules say of one operation, in one piece. */
export interface Decision {
  readonly effect: 'allow' | 'ask' | 'deny'
  /** Names of the rules that spoke, in the order of the configuration; empty where nothing matched. */
  readonly rules: readonly string[]
  /** Digest of the policy that decided, `sha256:…`. */
  readonly policy: string
  /** The deciding rule's `say`, if it has one: the next step for the agent. */
  readonly say?: string
  /** What the rules that allow it grant at most; the smallest of each. */
  readonly limits?: OperationLimits
  /** Of the effect `ask`: whom to ask, and for how long. */
  readonly ask?: AskTerms
  /** Denied by no rule, but because it is larger than anything may be here. */
  readonly exceeds?: 'statementBytes'
  /** Masks that hold for who asks, in the order of the configuration; the same list for the same asker and policy. Absent: none. */
  readonly masks?: readonly Mask[]
  /** Denied by the masks that `rules` names as `mask:<name>`, for this use of what they cover. */
  readonly masked?: MaskedUse
  /** The opening of break-glass under which it is allowed although the rules say otherwise. */
  readonly breakGlass?: `bgl_${string}`
  /** What the rules said, where break-glass was held against it: that is what is recorded, whether it is allowed or not. */
  readonly overruled?: Decision
}

/** How much one operation may come to before it is cut off. */
export interface OperationLimits {
  /** Rows of its results, or rows copied. */
  readonly rows?: number
  /** Bytes of its results, or bytes copied in. */
  readonly bytes?: number
  /** From its admission to its end, ms. */
  readonly time?: number
}

export interface Decided {
  readonly operation: Operation
  readonly decision: Decision
  /** What the protocol itself cannot carry: refused with this whatever the rules say, and recorded like every refusal. */
  readonly refusal?: Refusal
}
