export { fileSystemOf } from './durability.ts'
export { examineMachine } from './examine.ts'
export type { Finding } from './finding.ts'
export { type Permitted, type RoleToJudge, roleFindings, unreadRoleFinding, unverifiedFinding } from './role.ts'
