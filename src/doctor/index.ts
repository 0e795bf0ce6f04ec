export { examineMachine, examineSurroundings } from './examine.ts'
export type { Finding } from './finding.ts'
export type { Standing, Visit } from './resources.ts'
