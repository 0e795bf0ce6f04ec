import type { ApproverRequirement, AskTerms, Decided, Operation } from '../operations/index.ts'

/** Whether nothing happens by it: a text that is only prepared comes to nothing by itself, and is judged again when it is used. */
export function isPrepared({ form }: Operation): boolean {
  return form === 'prepare'
}

/** Under which terms all of these are asked for at once: what each of them needs, and as long as the shortest may wait. Undefined where none asks. */
export function termsOf(decided: readonly Decided[]): AskTerms | undefined {
  const asking = decided.flatMap(({ operation, decision: { ask } }) => (ask && !isPrepared(operation) ? [ask] : []))
  if (asking.length === 0) return undefined
  // Of one policy, so that the same rule wants the same of everybody.
  const requirements = new Map<string, ApproverRequirement>()
  for (const terms of asking) for (const each of terms.requirements) requirements.set(each.rule, each)
  return {
    requirements: [...requirements.values()],
    for: Math.min(...asking.map((terms) => terms.for)),
    stream: asking.every(({ stream }) => stream),
  }
}
