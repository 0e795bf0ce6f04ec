/**
 * Parts of a request that its run says again and again: the messages of a conversation, its tool definitions. They stand one behind the other
 * without a gap, so that what separates two of them, such as a comma, belongs to the one behind it. The trail says each of them once per run.
 * Offsets are those of what is recorded: of `Statement.recorded`, or of `Statement.text` where there is none.
 */
export interface History {
  /** Where the first of them begins, bytes. */
  readonly from: number
  /** Where each of them ends, bytes, in order; none is empty. */
  readonly ends: readonly number[]
}
