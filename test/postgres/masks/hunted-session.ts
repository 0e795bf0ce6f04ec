import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { buildStartup } from '../../../src/protocols/postgres/wire/startup.ts'
import type { Attempt } from './attempt.ts'

export interface HuntedAt {
  readonly port: number
  /** TLS is asked for first. */
  readonly ca?: string
  readonly settings: readonly (readonly [string, string])[]
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
/** ms: a server that says nothing for so long has nothing more to say. */
const PATIENCE = 20_000

/** A session of which every byte that comes is kept. */
export class HuntedSession {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #rest: Buffer = Buffer.alloc(0)
  #readies = 0
  #closed = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#came(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  static async open({ port, ca, settings }: HuntedAt): Promise<HuntedSession> {
    let socket = connectTcp(port, '127.0.0.1')
    await once(socket, 'connect')
    if (ca !== undefined) {
      socket.write(SSL_REQUEST)
      await once(socket, 'data')
      socket = connectTls({ socket, ca, servername: 'localhost', ALPNProtocols: ['postgresql'] })
      await once(socket, 'secureConnect')
    }
    const session = new HuntedSession(socket)
    socket.write(buildStartup(0, settings))
    await session.#until(1)
    if (session.closed) throw new Error(`no log-in: ${session.take().toString('latin1')}`)
    session.take()
    return session
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @returns everything that came for it */
  async run({ steps }: Attempt): Promise<Buffer> {
    this.take()
    for (const { bytes, readies } of steps) {
      if (this.#closed) break
      this.#readies = 0
      this.#socket.write(bytes)
      await this.#until(readies)
    }
    return this.take()
  }

  close(): void {
    this.#socket.destroy()
  }

  take(): Buffer {
    const all = Buffer.concat(this.#chunks)
    this.#chunks = []
    return all
  }

  #came(chunk: Buffer): void {
    this.#chunks.push(chunk)
    let bytes = Buffer.concat([this.#rest, chunk])
    while (bytes.length >= 5 && bytes.length >= 1 + bytes.readUInt32BE(1)) {
      if (bytes[0] === 0x5a) this.#readies += 1
      bytes = bytes.subarray(1 + bytes.readUInt32BE(1))
    }
    this.#rest = bytes
    this.#wake()
  }

  async #until(readies: number): Promise<void> {
    const giveUp = performance.now() + PATIENCE
    while (this.#readies < readies && !this.#closed) {
      if (performance.now() > giveUp) throw new Error(`nothing more came behind ${Buffer.concat(this.#chunks).toString('latin1')}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
