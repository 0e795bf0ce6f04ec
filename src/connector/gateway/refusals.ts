import type { ConnectorObserver } from './observer.ts'

type Refused = Parameters<ConnectorObserver['refused']>[0]

/** Told of again after that long, ms: one that is not let in tries every two seconds, for as long as it runs. */
const AGAIN_MS = 60_000
/** Anybody may be refused: few are remembered. */
const MOST = 10_000

/** Tells of the same refusal of the same address once a minute. */
export function sparingly(tell: (refused: Refused) => void): (refused: Refused) => void {
  const told = new Map<string, number>()
  return (refused) => {
    const key = `${refused.code} ${refused.address} ${refused.connector ?? ''}`
    const at = performance.now()
    if (at - (told.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return
    told.delete(key)
    if (told.size >= MOST) told.delete(told.keys().next().value!)
    told.set(key, at)
    tell(refused)
  }
}
