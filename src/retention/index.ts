export { RetentionError, retentionErrors } from './errors.ts'
export type * from './hold.ts'
export { type ErasurePlan, type ErasureScope, type ErasureSources, planErasure } from './plan-erasure.ts'
export { type PruningPlan, type PruningSources, planPruning, type RetentionState, type RetentionStore } from './plan-pruning.ts'
