import type { CodedError } from '../../../operations/index.ts'
import { type Exchange, type HttpPlane, type HttpSession, type Refusable, Repeated } from '../../http/index.ts'
import { carry } from './carry.ts'
import { Retries } from './retries.ts'
import { apiOf, resembles, speak } from './speak.ts'

export interface ModelPlaneOptions {
  /** What values are hashed by where a mask says so; undefined: none does. */
  readonly maskKey?: () => Promise<Uint8Array | undefined>
}

/** OpenAI, Anthropic, Azure OpenAI, and every server that speaks like one of them, through the guard. */
export function createModelPlane({ maskKey = async () => undefined }: ModelPlaneOptions = {}): HttpPlane {
  const retries = new Retries(() => performance.now())
  const sessions = new WeakMap<HttpSession, Repeated>()
  /** Resources whose servers refuse to be asked for usage, as they have said since this process began. */
  const refusesAsking = new Set<string>()
  const repeated = ({ session }: Exchange): Repeated => {
    const known = sessions.get(session) ?? new Repeated()
    sessions.set(session, known)
    return known
  }
  return {
    kind: 'model',
    resembles,
    ask: () => ({}),
    carry: (exchange: Exchange) => carry(exchange, { retries, repeated, maskKey, refusesAsking }),
    refuse: (refusable: Refusable, error: CodedError) => void speak(refusable, apiOf(refusable.request), error),
  }
}
