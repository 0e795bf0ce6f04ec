// One load on a provider of models, or on what is in front of it, said as JSON on the command line; prints what it did as JSON. A process of its own, so that
// its CPU can be told from everybody else's.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent } from 'node:https'
import { holdOpen, post, type TimedDone, timedDone, timeEvents } from '../parts/timed-load.ts'

/** What is to be done. */
export interface ModelLoad {
  /** Its base URL, to which a client puts `/chat/completions`. */
  readonly server: string
  readonly ca: string
  readonly token: string
  readonly work: 'call' | 'stream' | 'open'
  /** `call`: connections, each with one call after the other; `stream`, `open`: streams at once. */
  readonly connections: number
  /** `call`: for how long; `open`: how long they stay open. */
  readonly seconds?: number
  /** `call`: messages of each request before the last one. */
  readonly messages?: number
  /** `stream`: events of each, and how long before each, ms. */
  readonly events?: number
  readonly every?: number
}

const load = JSON.parse(process.argv[2] as string) as ModelLoad
const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
console.log(JSON.stringify(await { call: calls, stream: streams, open: opens }[load.work](load)))
process.exit(0)

function ask(body: object): Promise<IncomingMessage> {
  return post(`${load.server}/chat/completions`, { ...load, agent }, body, { accept: 'application/json' })
}

function said(count: number): readonly object[] {
  const content = (n: number) => `${n}: ${'what is the state of the order '.repeat(12)}`
  return Array.from({ length: count }, (_, n) => ({ role: n % 2 === 0 ? 'user' : 'assistant', content: content(n) }))
}

async function calls({ connections, seconds = 1, messages = 0 }: ModelLoad): Promise<TimedDone> {
  const before = said(messages)
  const taken: number[] = []
  const began = performance.now()
  const until = began + seconds * 1000
  let number = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        const asked = performance.now()
        number += 1
        const answer = await ask({ model: 'm', messages: [...before, { role: 'user', content: `How many orders are late? (${number})` }] })
        answer.resume()
        await once(answer, 'end')
        taken.push(performance.now() - asked)
      }
    }),
  )
  return timedDone(taken, performance.now() - began)
}

function streams({ connections, events = 1, every = 1 }: ModelLoad): Promise<TimedDone> {
  const metadata = { events: String(events), every: String(every) }
  return timeEvents(connections, events, () =>
    ask({ model: 'm', stream: true, metadata, messages: [{ role: 'user', content: 'Tell the time.' }] }),
  )
}

function opens({ connections, seconds = 1 }: ModelLoad): Promise<TimedDone> {
  return holdOpen(connections, seconds, () => ask({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Stay.' }] }))
}
