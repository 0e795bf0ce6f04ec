// Readers of answers without end, in a process of their own: told by messages of its parent what to do. The first of them, `one`, can be stalled.
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'

export interface ReadersTold {
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly token: string
}

export type Command =
  /** Opens the first of them, or that many others. @property query of what they ask for */
  | ({ readonly do: 'open'; readonly count: number; readonly query: string } & ReadersTold)
  | { readonly do: 'stall' | 'read' }
  /** Adds up what the others read in so many ms. */
  | { readonly do: 'count'; readonly ms: number }

/** At most so many connections are being set up at a time. */
const AT_ONCE = 32

let one: IncomingMessage | undefined
const others: { bytes: number; ended: boolean }[] = []

function open({ url, ca, token }: ReadersTold, query: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A connection for each, as different clients have.
    const agent = new Agent({ keepAlive: false })
    const sent = request(`${url}/endless${query}`, { agent, ca, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer)
      let said = ''
      answer.on('data', (text) => {
        said += text
      })
      answer.on('end', () => reject(new Error(`answered with ${answer.statusCode}: ${said.slice(0, 500)}`)))
    })
    sent.once('error', reject)
    sent.end()
  })
}

async function openAll(count: number, query: string, told: ReadersTold): Promise<number> {
  if (one === undefined) {
    one = await open(told, query)
    return 1
  }
  let next = 0
  const opening = async () => {
    while (next < count) {
      next += 1
      const answer = await open(told, query)
      const counted = { bytes: 0, ended: false }
      answer.on('data', (piece: Buffer) => {
        counted.bytes += piece.length
      })
      answer.once('close', () => {
        counted.ended = true
      })
      others.push(counted)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, opening))
  return others.length
}

/** @returns bytes in all, the fewest of one reader, and how many of them have ended */
async function counted(ms: number) {
  for (const each of others) each.bytes = 0
  await new Promise((resolve) => setTimeout(resolve, ms))
  const each = others.map(({ bytes }) => bytes)
  return {
    bytes: each.reduce((sum, bytes) => sum + bytes, 0),
    nothing: each.filter((bytes) => bytes === 0).length,
    ended: others.filter(({ ended }) => ended).length,
  }
}

export type Counted = Awaited<ReturnType<typeof counted>>

process.on('message', async (command: Command) => {
  try {
    switch (command.do) {
      case 'open':
        return process.send!({ done: await openAll(command.count, command.query, command) })
      case 'stall':
        one?.removeAllListeners('data').pause()
        return process.send!({ done: 1 })
      case 'read':
        one?.on('data', () => undefined).resume()
        return process.send!({ done: 1 })
      case 'count':
        return process.send!({ done: await counted(command.ms) })
    }
  } catch (error) {
    process.send!({ error: String(error) })
  }
})
process.once('disconnect', () => process.exit(0))
