import type { Socket } from 'node:net'

/** What those may take who have not said who they are. */
export interface StrangerLimits {
  /** For saying so, from the first byte of TCP; ms. Default 10,000. */
  readonly loginMs: number
  /** Of them, at once. Default 200. */
  readonly unauthenticated: number
  /** Of these, how many one peer may hold. Default 50: a matrix of jobs behind one address must fit. */
  readonly unauthenticatedPerPeer: number
}

export const STRANGER_LIMITS: StrangerLimits = { loginMs: 10_000, unauthenticated: 200, unauthenticatedPerPeer: 50 }

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>

/** The connections of a door that have not said who they are: one machine that connects and never speaks must not keep everybody else out. */
export class Strangers {
  readonly #limits: StrangerLimits
  /** By its ends, which a connection within TLS has from the one below. By both: to each address of ours a client may come from the same port. */
  readonly #all = new Map<string, { readonly socket: Socket; readonly peer: string; readonly timer: NodeJS.Timeout }>()

  constructor(limits: StrangerLimits) {
    this.#limits = limits
  }

  /**
   * It is cut where it has not become known in time.
   * @param peer whom it is counted for
   * @returns false where there is no room: what becomes of it then is the door's to say
   */
  enter(socket: Socket, peer: string): boolean {
    if (this.#isFull(peer)) return false
    const key = keyOf(socket)
    this.#all.set(key, { socket, peer, timer: setTimeout(() => socket.destroy(), this.#limits.loginMs) })
    socket.once('close', () => {
      // Those that were gone before anybody asked have no ends any more, and so the same key.
      if (this.#all.get(key)?.socket === socket) this.#leave(key)
    })
    return true
  }

  /** It has said who it is. @param connection the one that entered, or the one within its TLS */
  becomesKnown(connection: Ends): void {
    this.#leave(keyOf(connection))
  }

  /** Cuts all of them. */
  cut(): void {
    for (const { socket } of [...this.#all.values()]) socket.destroy()
  }

  #isFull(peer: string): boolean {
    if (this.#all.size >= this.#limits.unauthenticated) return true
    let own = 0
    for (const other of this.#all.values()) if (other.peer === peer) own += 1
    return own >= this.#limits.unauthenticatedPerPeer
  }

  #leave(key: string): void {
    clearTimeout(this.#all.get(key)?.timer)
    this.#all.delete(key)
  }
}

const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Ends): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
