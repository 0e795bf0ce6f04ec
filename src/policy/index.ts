export { createPolicy, type ExplainingPolicy } from './create-policy.ts'
export type { Explanation, RuleExplanation, Selector } from './explain.ts'
export type * from './policy.ts'
export type * from './rule.ts'
