import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Strangers } from './strangers.ts'

/** Port 0: any free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What every door of a protocol lets its owner do. */
export interface Door {
  /** Once. @returns the port in use @throws the system's error where the address cannot be had */
  listen(address: ListenAddress): Promise<number>
  /** Accepts nothing new and cuts who has not said who they are. What is under way goes on: it ends by the signals of its sessions. */
  closeToNew(): Promise<void>
  /** The same, and cuts what is left. Resolves once every connection is gone. */
  close(): Promise<void>
  /** Connections at this moment, known or not. */
  readonly connections: number
}

/** A server's sockets, from the first to the last. */
export class Listening implements Door {
  readonly #server: Server
  readonly #strangers: Strangers
  readonly #all = new Set<Socket>()
  #closed: Promise<void> | undefined

  /** @param server that does not listen yet; its owner still says what becomes of a connection */
  constructor(server: Server, strangers: Strangers) {
    this.#server = server
    this.#strangers = strangers
    server.prependListener('connection', (socket) => {
      // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
      socket.on('error', () => undefined)
      this.#all.add(socket)
      socket.once('close', () => this.#all.delete(socket))
    })
  }

  get connections(): number {
    return this.#all.size
  }

  /** Whether nothing new is accepted any more: what was on its way then may still come. */
  get closedToNew(): boolean {
    return this.#closed !== undefined
  }

  async listen({ host, port }: ListenAddress): Promise<number> {
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async closeToNew(): Promise<void> {
    void this.#stop()
  }

  async close(): Promise<void> {
    const stopped = this.#stop()
    const gone = [...this.#all].map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy()))
    await Promise.all([stopped, ...gone])
  }

  #stop(): Promise<void> {
    // Resolves once the last connection is gone; an error says that it never listened.
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()))
    this.#strangers.cut()
    return this.#closed
  }
}
