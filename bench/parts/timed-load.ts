import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a load whose single answers are timed did. */
export interface TimedDone {
  readonly count: number
  readonly seconds: number
  /** Of one, ms. */
  readonly p50: number
  readonly p99: number
}

/** @param taken by each, ms */
export function timedDone(taken: readonly number[], ms: number): TimedDone {
  const sorted = [...taken].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { count: taken.length, seconds: ms / 1000, p50: at(0.5), p99: at(0.99) }
}

/** Posts JSON. @throws where the answer is not 200 */
export function post(
  url: string,
  at: { readonly agent: Agent; readonly ca: string; readonly token: string },
  body: object,
  more: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const { agent, ca, token } = at
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = {
      ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      ...more,
    }
    const sent = request(url, { agent, ca, method: 'POST', headers }, (answer) => {
      if (answer.statusCode === 200) resolve(answer)
      else reject(new Error(`answered with ${answer.statusCode}`))
    })
    sent.once('error', reject)
    sent.end(text)
  })
}

/** Streams whose events say `at <ns> it` of the clock that all processes share: each is timed, from when it was sent to when it is here. @throws where some did not come */
export async function timeEvents(streams: number, events: number, ask: () => Promise<IncomingMessage>): Promise<TimedDone> {
  const taken: number[] = []
  const began = performance.now()
  await Promise.all(
    Array.from({ length: streams }, async () => {
      const answer = await ask()
      answer.on('data', (piece: Buffer) => {
        const now = process.hrtime.bigint()
        for (const [, at] of piece.toString().matchAll(/at (\d{6,20}) it/g)) taken.push(Number(now - BigInt(at as string)) / 1e6)
      })
      await once(answer, 'end')
    }),
  )
  if (taken.length < streams * events) throw new Error(`${taken.length} of ${streams * events} events came`)
  return timedDone(taken, performance.now() - began)
}

/** Opens streams, fifty at a time, says `open` on standard error once each has brought something, and lets go of them after a while. */
export async function holdOpen(streams: number, seconds: number, ask: () => Promise<IncomingMessage>): Promise<TimedDone> {
  const began = performance.now()
  const open: IncomingMessage[] = []
  for (let made = 0; made < streams; made += 50) {
    const some = Array.from({ length: Math.min(50, streams - made) }, async () => {
      const answer = await ask()
      await once(answer, 'data')
      answer.resume()
      return answer
    })
    open.push(...(await Promise.all(some)))
  }
  const taken = performance.now() - began
  console.error('open')
  await sleep(seconds * 1000)
  for (const each of open) each.destroy()
  return timedDone([taken], taken)
}
