import type { Socket } from 'node:net'
import { query } from '../../../src/protocols/postgres/wire/build.ts'

/** One message of either side, whole. */
export interface Message {
  readonly type: string
  readonly body: Buffer
  /** With its header. */
  readonly bytes: Buffer
}

/** Cuts a stream into messages. Test code: it copies. @returns to be told every chunk */
export function framed(tell: (message: Message) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0)
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    let at = 0
    while (held.length - at >= 5) {
      const end = at + 1 + held.readUInt32BE(at + 1)
      if (held.length < end) break
      tell({ type: String.fromCharCode(held[at]!), body: held.subarray(at + 5, end), bytes: held.subarray(at, end) })
      at = end
    }
    held = held.subarray(at)
  }
}

/** The server's side of a session: each text is answered up to ReadyForQuery before the next is sent. */
export class Conversation {
  readonly #socket: Socket
  #answer: Message[] = []
  #listener: ((message: Message) => void) | undefined
  #ready: { readonly resolve: (answer: readonly Message[]) => void; readonly reject: (error: Error) => void } | undefined
  #closed = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on(
      'data',
      framed((message) => this.#receive(message)),
    )
    socket.on('close', () => {
      this.#closed = true
      this.#ready?.reject(new Error('the server closed the connection'))
    })
  }

  /** Everything up to the next ReadyForQuery, which is the last of them. @param listener told of each as it comes */
  answer(listener?: (message: Message) => void): Promise<readonly Message[]> {
    if (this.#closed) return Promise.reject(new Error('the server closed the connection'))
    return new Promise((resolve, reject) => {
      this.#listener = listener
      this.#ready = { resolve, reject }
    })
  }

  /** Sends one text of our own. */
  ask(text: string): Promise<readonly Message[]> {
    const answer = this.answer()
    this.send(query(text))
    return answer
  }

  send(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket.write(bytes)
  }

  #receive(message: Message): void {
    this.#answer.push(message)
    this.#listener?.(message)
    if (message.type !== 'Z') return
    const answer = this.#answer
    const ready = this.#ready
    this.#answer = []
    this.#listener = undefined
    this.#ready = undefined
    ready?.resolve(answer)
  }
}

/** SQLSTATE of the first error among them. */
export function sqlState(messages: readonly Message[]): string | undefined {
  const error = messages.find(({ type }) => type === 'E')
  return error && /(?:^|\0)C([0-9A-Z]{5})\0/.exec(error.body.toString('latin1'))?.[1]
}

/** The first column of the first row, as text. */
export function firstValue(messages: readonly Message[]): string | undefined {
  const row = messages.find(({ type }) => type === 'D')
  if (!row || row.body.readInt32BE(2) < 0) return undefined
  return row.body.toString('utf8', 6, 6 + row.body.readInt32BE(2))
}

/** I, T or E. */
export function statusOf(messages: readonly Message[]): string {
  return messages.at(-1)!.body.toString('latin1')
}
