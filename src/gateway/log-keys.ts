import type { LogKeys, LogOperator } from '../api/local/index.ts'
import type { Rooms } from './rooms.ts'

/** The log's keys and its check, for whoever operates the gateway. */
export function logOperator({ records, trail }: Pick<Rooms, 'records' | 'trail'>, viewer: string): LogOperator {
  const keys = (): LogKeys => ({ log: trail.name, keys: trail.logKeys() })
  return {
    logKeys: async () => keys(),
    async rotateLogKey(overlap) {
      await trail.rotateKey(Date.now() + overlap)
      return keys()
    },
    async checkLog(payloads, signal) {
      await records.logSearched(viewer, { check: payloads ? 'payloads' : 'log' }, {})
      return trail.check(payloads, signal)
    },
  }
}
