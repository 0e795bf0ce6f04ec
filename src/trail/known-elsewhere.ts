import type { Checkpoint } from '../tlog/index.ts'
import type { KeyStore } from './key-store.ts'
import type { TrailLog } from './trail-log.ts'

/** In the key store: a checkpoint that this log signed and that is none of the log as it stands here. */
const ELSEWHERE = 'elsewhere'

/**
 * Kept across starts: the log is refused from then on, also where whoever showed it does not answer. Durable when it returns; where it cannot be
 * kept, the operator is told.
 */
export function rememberElsewhere(
  store: Pick<KeyStore, 'set'>,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  log: Pick<TrailLog, 'warn'>,
): void {
  try {
    store.set(ELSEWHERE, JSON.stringify({ size, root: root.toString('base64') }))
  } catch (error) {
    const { message: cause } = error as Error
    log.warn({ cause }, 'what somebody else showed of the log could not be kept: the next start must ask again')
  }
}

/** The newest log holds what was shown, or another log begins. */
export function forgetElsewhere(store: Pick<KeyStore, 'set'>): void {
  store.set(ELSEWHERE, undefined)
}

export function knownElsewhere(store: Pick<KeyStore, 'setting'>): Pick<Checkpoint, 'size' | 'root'> | undefined {
  const text = store.setting(ELSEWHERE)
  if (text === undefined) return undefined
  const { size, root } = JSON.parse(text) as { size: number; root: string }
  return { size, root: Buffer.from(root, 'base64') }
}
