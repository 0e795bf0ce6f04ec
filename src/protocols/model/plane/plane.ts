import type { TextAnalyzer } from '../../../masking/index.ts'
import type { CodedError } from '../../../operations/index.ts'
import { type Exchange, type HttpPlane, type HttpSession, type Refusable, Repeated } from '../../http/index.ts'
import { AnalyzerMemory } from '../mask/index.ts'
import { BodyRoom } from './body-room.ts'
import { carry } from './carry.ts'
import { KEEP_ALIVE_TIMES, type KeepAliveTimes } from './keep-alive.ts'
import { Retries } from './retries.ts'
import { apiOf, resembles, speak } from './speak.ts'

export interface ModelPlaneOptions {
  /** What values are hashed by where a mask says so; undefined: none does. */
  readonly maskKey?: () => Promise<Uint8Array | undefined>
  /** Whom masks ask about prompts, as it is configured now; undefined: nobody. */
  readonly analyzer?: () => TextAnalyzer | undefined
  /** When a client that waits for a stream is told that somebody is there, while a person is asked. */
  readonly keepAlive?: KeepAliveTimes
}

/** OpenAI, Anthropic, Azure OpenAI, and every server that speaks like one of them, through the guard. */
export function createModelPlane({
  maskKey = async () => undefined,
  analyzer,
  keepAlive = KEEP_ALIVE_TIMES,
}: ModelPlaneOptions = {}): HttpPlane {
  const memory = new AnalyzerMemory()
  const asked = () => {
    const ask = analyzer?.()
    return ask && { ask, memory }
  }
  const room = new BodyRoom()
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
    carry: (exchange: Exchange) => carry(exchange, { retries, repeated, maskKey, analyzer: asked, refusesAsking, keepAlive, room }),
    refuse: (refusable: Refusable, error: CodedError) => void speak(refusable, apiOf(refusable.request), error),
  }
}
