export { fileSystemOf } from './durability.ts'
export { examineMachine } from './examine.ts'
export type { Finding } from './finding.ts'
export { roleFinding, unreadRoleFinding, unverifiedFinding } from './role.ts'
