import type { StoredConnector } from './store.ts'
import type { ConnectorsOptions } from './types.ts'

/** ms */
const LAPSE = 7 * 24 * 3_600_000

/**
 * Whether a connector that a workload identity enrolled was away for so long that it has to show one again: each start without a lasting
 * folder leaves a key behind, and each would open a door for as long as somebody keeps it. One that was revoked stays known as that.
 */
export function hasLapsed({ how, enrolledAt, lastSeenAt, revokedAt }: StoredConnector, isUp: boolean, now: number): boolean {
  return how.by === 'workload' && revokedAt === undefined && !isUp && now - Math.max(enrolledAt, lastSeenAt ?? 0) > LAPSE
}

/**
 * Whether what took it in still would, as far as the configuration goes: an enrolment token was somebody's word, which stays; a workload was
 * taken by a rule, and shows its token again where another one is in force. Its claims are not kept to be held against that one: they would be
 * readable, and older than the token that it has now.
 */
export function isTakenStill(
  { name, how }: Pick<StoredConnector, 'name' | 'how'>,
  workloadRule: ConnectorsOptions['workloadRule'],
): boolean {
  if (how.by === 'token') return true
  const rule = workloadRule(name)
  // Where there is none, nobody is taken: neither whom an earlier version took in, which kept none.
  return rule !== undefined && rule === how.rule
}
