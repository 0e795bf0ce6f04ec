import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:https'

export interface Watching {
  /** Resolves with the moment (of performance.now) at which the first event of this object came. */
  event(name: string): Promise<number>
  /** Of the end of the answer, or of its breaking off. */
  readonly ended: Promise<number>
  stop(): void
}

interface Event {
  readonly type: string
  readonly object: { readonly metadata: { readonly name: string } }
}

/** Where a watch is asked for: the address of a cluster or of a gateway's resource, and how to get in. */
export interface WatchedServer {
  readonly server: string
  readonly ca: string
  readonly token: string
}

/** Watches ConfigMaps on a connection of its own. @returns once the answer has begun */
export function watch(at: WatchedServer, query = ''): Promise<Watching> {
  const url = new URL(`${at.server}/api/v1/namespaces/default/configmaps?watch=true${query}`)
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(
      url,
      { ca: at.ca, agent: false, headers: { authorization: `Bearer ${at.token}`, accept: 'application/json' } },
      (answer) => {
        if (answer.statusCode === 200) resolve(watching(sent, answer))
        else reject(new Error(`the watch was answered with ${answer.statusCode}`))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

function watching(sent: ClientRequest, answer: IncomingMessage): Watching {
  const seen = new Map<string, number>()
  const waiting = new Map<string, (moment: number) => void>()
  let rest = ''
  answer.on('data', (piece: Buffer) => {
    const moment = performance.now()
    const lines = (rest + piece.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { name } = (JSON.parse(line) as Event).object.metadata
      if (seen.has(name)) continue
      seen.set(name, moment)
      waiting.get(name)?.(moment)
    }
  })
  answer.on('error', () => undefined)
  sent.on('error', () => undefined)
  return {
    event(name) {
      const moment = seen.get(name)
      return moment === undefined ? new Promise((resolve) => waiting.set(name, resolve)) : Promise.resolve(moment)
    },
    ended: new Promise((resolve) => answer.once('close', () => resolve(performance.now()))),
    stop: () => sent.destroy(),
  }
}
