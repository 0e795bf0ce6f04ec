export { type Connected, createGuard, type GuardParts } from './create-guard.ts'
export type * from './guard.ts'
export type { GuardMeter, HoldEnd, SessionMeter } from './meter.ts'
