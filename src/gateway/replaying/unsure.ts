/** Why it cannot be told what a policy would have decided: one sentence each. Nothing of this is ever guessed. */
export const unsureReasons = {
  session: 'Where its session was opened is not in this log: it is pruned, or stands in the log before.',
  run: 'Where its run started is not in this log: it is pruned, or stands in the log before.',
  principal: 'Who asked has been erased or pruned, or is written in a way that this version does not read.',
  redacted: 'What was recorded of who asked looked like a secret, and was taken out.',
  decision: 'The entry that says what was decided is not in this log.',
  'no-facts': 'It was recorded by a version that recorded no facts.',
  'facts-gone': 'Its facts have been erased or pruned.',
  'facts-unreadable': 'Its facts are written in a way that this version does not read.',
  needed: 'The rules ask for what was not recorded.',
  'refused-besides': 'It was refused without a rule, perhaps by a budget, and the rules of then are not there to tell.',
  differs: 'What was decided is not what its own rules come to by what was recorded.',
} as const satisfies Record<string, string>

export type UnsureReason = keyof typeof unsureReasons

export interface Unsure {
  readonly unsure: UnsureReason
  /** What was not recorded and is asked for, as conditions name it. */
  readonly needs?: readonly string[]
}

export const unsure = (reason: UnsureReason, needs?: readonly string[]): Unsure => ({ unsure: reason, ...(needs && { needs }) })
