import { once } from 'node:events'
import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Counted } from '../../test/connector/readers.ts'
import { startReaders } from '../../test/connector/start-readers.ts'
import type { Sides } from './sides.ts'

const STREAMS = 1_000
/** Windows of either kind in a round, and how long each is. */
const WINDOWS = 4
const WINDOW_MS = 1_500

export interface StalledShare {
  readonly streams: number
  /** What all but one read while it is stalled, of what they read while it reads as well. */
  readonly share: number
  /** MB/s. */
  readonly stalled: number
  readonly reading: number
}

/** As many streams as a run may have over one connector, each as fast as it can; one of them is stalled in every other window. */
export async function shareWhileStalled({ http, world }: Sides, rounds: number): Promise<StalledShare> {
  const { server: url, ca, token } = http.find(({ name }) => name === 'connector')!
  const readers = startReaders()
  try {
    await readers.tell({ do: 'open', count: 1, query: '?name=one', url, ca, token })
    // Filled from there to here, before there are others.
    await sleep(2_000)
    await readers.tell({ do: 'open', count: STREAMS - 1, query: '?held', url, ca, token })
    await letGo(url, ca, (await world.gateway.credential()).planes.http!.credential)
    await sleep(2_000)
    const bytes = { stalled: 0, reading: 0 }
    for (let window = 0; window < 2 * WINDOWS * rounds; window += 1) {
      const kind = window % 4 === 0 || window % 4 === 3 ? 'stalled' : 'reading'
      await readers.tell({ do: kind === 'stalled' ? 'stall' : 'read' })
      await sleep(500)
      const counted = await readers.tell<Counted>({ do: 'count', ms: WINDOW_MS })
      if (counted.ended > 0) throw new Error(`${counted.ended} streams ended`)
      bytes[kind] += counted.bytes
    }
    const rate = (sum: number) => Number((sum / 1e3 / (WINDOWS * WINDOW_MS * rounds)).toFixed(1))
    const share = Number((bytes.stalled / bytes.reading).toFixed(3))
    return { streams: STREAMS, share, stalled: rate(bytes.stalled), reading: rate(bytes.reading) }
  } finally {
    readers.stop()
  }
}

/** The streams that are held go on from here. @param token of another run: theirs has no connection left */
async function letGo(url: string, ca: string, token: string): Promise<void> {
  const sent = request(`${url}/go`, { ca, agent: false, headers: { authorization: `Bearer ${token}` } })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }]
  answer.resume()
  if (answer.statusCode !== 200) throw new Error(`answered with ${answer.statusCode}`)
}
