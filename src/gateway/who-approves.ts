import { createHash } from 'node:crypto'
import type { Config } from '../config/index.ts'

/**
 * A digest of what decides, beside the rules, whose yes counts: how people sign in and which of them are whom, who is said to have started
 * a run, the roles, who is whom in Slack, and what holds where that is not known. In the order of the configuration: to write it anew is to change it.
 */
export function whoApproves({ issuers, people, roles, approvals: { unlinkedLauncher, channels } }: Config): string {
  // Where nobody answers by a channel, what is known of others is the same as before there were any.
  const users = channels.find((channel) => channel.kind === 'slack')?.users
  const decides = { issuers, people, roles, unlinkedLauncher, users }
  return `sha256:${createHash('sha256').update(JSON.stringify(decides)).digest('base64url')}`
}
