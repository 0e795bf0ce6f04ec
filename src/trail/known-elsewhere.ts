import type { Checkpoint } from '../tlog/index.ts'
import type { KeyStore } from './key-store.ts'

/** In the key store: a checkpoint that this log signed and that is none of the log as it stands here. */
const ELSEWHERE = 'elsewhere'

/** Kept across starts: the log is refused from then on, also where whoever showed it does not answer. Durable when it returns. */
export function rememberElsewhere(store: Pick<KeyStore, 'set'>, { size, root }: Pick<Checkpoint, 'size' | 'root'>): void {
  store.set(ELSEWHERE, JSON.stringify({ size, root: root.toString('base64') }))
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
