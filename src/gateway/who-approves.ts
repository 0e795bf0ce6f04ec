import { createHash } from 'node:crypto'
import type { Config } from '../config/index.ts'

/**
 * A digest of what decides, beside the rules, whose yes counts: how people sign in and which of them are whom, who is said to have started
 * a run, the roles, and what holds where that is not known. In the order of the configuration: to write it anew is to change it.
 */
export function whoApproves({ issuers, people, roles, approvals: { unlinkedLauncher } }: Config): string {
  const decides = { issuers, people, roles, unlinkedLauncher }
  return `sha256:${createHash('sha256').update(JSON.stringify(decides)).digest('base64url')}`
}
