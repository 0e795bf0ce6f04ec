// One load on a server of MCP, or on what is in front of it, said as JSON on the command line; prints what it did as JSON. A process of its own, so that its CPU
// can be told from everybody else's.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent } from 'node:https'
import { holdOpen, post, type TimedDone, timedDone, timeEvents } from '../parts/timed-load.ts'

/** What is to be done. */
export interface McpLoad {
  /** The endpoint. */
  readonly server: string
  readonly ca: string
  readonly token: string
  readonly work: 'call' | 'list' | 'stream' | 'open'
  /** `call`, `list`: connections, each with one request after the other; `stream`, `open`: streams at once. */
  readonly connections: number
  /** `call`, `list`: for how long; `open`: how long they stay open. */
  readonly seconds?: number
  /** `stream`: events of each, and how long before each, ms. */
  readonly events?: number
  readonly every?: number
}

const load = JSON.parse(process.argv[2] as string) as McpLoad
const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
let id = 0
console.log(JSON.stringify(await { call: requests, list: requests, stream: streams, open: opens }[load.work](load)))
process.exit(0)

function ask(method: string, params?: object): Promise<IncomingMessage> {
  const more = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' }
  return post(load.server, { ...load, agent }, { jsonrpc: '2.0', id: ++id, method, ...(params && { params }) }, more)
}

async function requests({ connections, seconds = 1, work }: McpLoad): Promise<TimedDone> {
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
  return timedDone(taken, performance.now() - began)
}

function streams({ connections, events = 1, every = 1 }: McpLoad): Promise<TimedDone> {
  return timeEvents(connections, events, () => ask('tools/call', { name: 'tell', arguments: { state: 'late', events, every } }))
}

function opens({ connections, seconds = 1 }: McpLoad): Promise<TimedDone> {
  return holdOpen(connections, seconds, () => ask('tools/call', { name: 'stay', arguments: { state: 'late' } }))
}
