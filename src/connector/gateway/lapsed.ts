import type { StoredConnector } from './store.ts'

/** ms */
const LAPSE = 7 * 24 * 3_600_000

/**
 * Whether a connector that a workload identity enrolled was away for so long that it has to show one again: each start without a lasting
 * folder leaves a key behind, and each would open a door for as long as somebody keeps it. One that was revoked stays known as that.
 */
export function hasLapsed({ how, enrolledAt, lastSeenAt, revokedAt }: StoredConnector, isUp: boolean, now: number): boolean {
  return how.by === 'workload' && revokedAt === undefined && !isUp && now - Math.max(enrolledAt, lastSeenAt ?? 0) > LAPSE
}
