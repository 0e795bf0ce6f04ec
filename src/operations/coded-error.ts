/** What a code means and what its reader should do; docs/errors.md is generated from these. */
export interface ErrorText {
  /** One sentence for people: what happened. */
  readonly meaning: string
  /** One sentence that says what to do next, readable by a language model too. */
  readonly next: string
}

/** One room's codes. Every room with errors exports one from its `errors.ts`. */
export type ErrorCatalogue = Readonly<Record<`GS_${string}`, ErrorText>>

/**
 * The shape of every error that leaves a room: a stable code for machines, a sentence for people, a next step.
 * Each room extends it once. It and `Refusal` are the only values in this folder; everything else is types.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  /** Stable, `GS_…`; listed in docs/errors.md. */
  readonly code: Code
  /** What the reader should do now. */
  readonly next: string

  constructor(code: Code, message: string, next: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.next = next
  }
}
