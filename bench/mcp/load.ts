// One load on a server of MCP, or on what is in front of it, said as JSON on the command line; prints what it did as JSON. A process of its own, so that its CPU
// can be told from everybody else's.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is to be done. */
export interface McpLoad {
  /** The endpoint. */
  readonly server: string
  readonly ca: string
  readonly token: string
  readonly work: 'call' | 'list' | 'open'
  /** `call`, `list`: connections, each with one request after the other; `open`: streams at once. */
  readonly connections: number
  /** `call`, `list`: for how long; `open`: how long they stay open. */
  readonly seconds: number
}

/** What was done. */
export interface McpDone {
  readonly count: number
  readonly seconds: number
  /** Of one request, ms. */
  readonly p50: number
  readonly p99: number
}

const load = JSON.parse(process.argv[2] as string) as McpLoad
const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
let id = 0
console.log(JSON.stringify(await (load.work === 'open' ? opens() : requests())))
process.exit(0)

function ask(method: string, params?: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, ...(params && { params }) })
    const headers = {
      ...{ authorization: `Bearer ${load.token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      ...{ accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
    }
    const sent = request(load.server, { agent, ca: load.ca, method: 'POST', headers }, (answer) => {
      if (answer.statusCode === 200) resolve(answer)
      else reject(new Error(`answered with ${answer.statusCode}`))
    })
    sent.once('error', reject)
    sent.end(text)
  })
}

async function requests(): Promise<McpDone> {
  const { connections, seconds, work } = load
  const taken: number[] = []
  const began = performance.now()
  const until = began + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let n = 0; performance.now() < until; n += 1) {
        const asked = performance.now()
        // Every call says something else, as agents do.
        const answer = await (work === 'list'
          ? ask('tools/list')
          : ask('tools/call', { name: 'find_orders', arguments: { state: 'late', limit: connection * 1_000_000 + n + 1 } }))
        let said = ''
        answer.setEncoding('utf8').on('data', (piece: string) => {
          said += piece
        })
        await once(answer, 'end')
        if (/"isError":true|"error"/.test(said)) throw new Error(said)
        taken.push(performance.now() - asked)
      }
    }),
  )
  return done(taken, performance.now() - began)
}

async function opens(): Promise<McpDone> {
  const { connections, seconds } = load
  const began = performance.now()
  const open: IncomingMessage[] = []
  for (let made = 0; made < connections; made += 50) {
    const some = Array.from({ length: Math.min(50, connections - made) }, async () => {
      const answer = await ask('tools/call', { name: 'stay', arguments: { state: 'late' } })
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

function done(taken: readonly number[], ms: number): McpDone {
  const sorted = [...taken].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { count: taken.length, seconds: ms / 1000, p50: at(0.5), p99: at(0.99) }
}
