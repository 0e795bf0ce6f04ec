// One load on a provider of models, or on what is in front of it, said as JSON on the command line; prints what it did as JSON. A process of its own, so that
// its CPU can be told from everybody else's.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

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

/** What was done. */
export interface ModelDone {
  readonly count: number
  readonly seconds: number
  /** From when an event was sent, or a call made, to when its client had it, ms. */
  readonly p50: number
  readonly p99: number
}

const load = JSON.parse(process.argv[2] as string) as ModelLoad
const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
console.log(JSON.stringify(await { call: calls, stream: streams, open: opens }[load.work](load)))
process.exit(0)

function ask(body: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = {
      ...{ authorization: `Bearer ${load.token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      accept: 'application/json',
    }
    const sent = request(`${load.server}/chat/completions`, { agent, ca: load.ca, method: 'POST', headers }, (answer) => {
      if (answer.statusCode === 200) resolve(answer)
      else reject(new Error(`answered with ${answer.statusCode}`))
    })
    sent.once('error', reject)
    sent.end(text)
  })
}

function said(count: number): readonly object[] {
  const content = (n: number) => `${n}: ${'what is the state of the order '.repeat(12)}`
  return Array.from({ length: count }, (_, n) => ({ role: n % 2 === 0 ? 'user' : 'assistant', content: content(n) }))
}

async function calls({ connections, seconds = 1, messages = 0 }: ModelLoad): Promise<ModelDone> {
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
  return done(taken, performance.now() - began)
}

async function streams({ connections, events = 1, every = 1 }: ModelLoad): Promise<ModelDone> {
  const taken: number[] = []
  const began = performance.now()
  const metadata = { events: String(events), every: String(every) }
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const answer = await ask({ model: 'm', stream: true, metadata, messages: [{ role: 'user', content: 'Tell the time.' }] })
      answer.on('data', (piece: Buffer) => {
        const now = process.hrtime.bigint()
        for (const [, at] of piece.toString().matchAll(/at (\d{6,20}) it/g)) taken.push(Number(now - BigInt(at as string)) / 1e6)
      })
      await once(answer, 'end')
    }),
  )
  if (taken.length < connections * events) throw new Error(`${taken.length} of ${connections * events} events came`)
  return done(taken, performance.now() - began)
}

async function opens({ connections, seconds = 1 }: ModelLoad): Promise<ModelDone> {
  const began = performance.now()
  const open: IncomingMessage[] = []
  for (let made = 0; made < connections; made += 50) {
    const some = Array.from({ length: Math.min(50, connections - made) }, async () => {
      const answer = await ask({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Stay.' }] })
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
  return done([taken], taken)
}

function done(taken: readonly number[], ms: number): ModelDone {
  const sorted = [...taken].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { count: taken.length, seconds: ms / 1000, p50: at(0.5), p99: at(0.99) }
}
