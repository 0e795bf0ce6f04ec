import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { ClientLeft } from '../plane.ts'
import { HttpsDoorError } from './errors.ts'

/** A client whose next bytes do not come in this time, while they are waited for, is turned away; ms. */
const PATIENCE_MS = 60_000

/**
 * The body of a request, at the pace of whoever reads it. Destroying it leaves the connection as it is, so that there can be an answer; a client that
 * goes away within it breaks it with ClientLeft.
 */
export class RequestBody extends Readable {
  readonly #message: IncomingMessage
  readonly #begin: (() => void) | undefined
  readonly #patience: number
  #begun = false
  #timer: NodeJS.Timeout | undefined

  /** @param begin called before the first byte is read, where the client waits for that. @param patience ms */
  constructor(message: IncomingMessage, begin?: () => void, patience = PATIENCE_MS) {
    super({ highWaterMark: 65_536 })
    this.#message = message
    this.#begin = begin
    this.#patience = patience
    // Whoever reads is told; where nobody does, nobody has to be.
    this.on('error', () => undefined)
    // An error of the message is the end of its connection.
    message.on('error', () => undefined)
  }

  override _read(): void {
    if (!this.#begun) this.#start()
    this.#wait()
    this.#message.resume()
  }

  #start(): void {
    this.#begun = true
    this.#begin?.()
    const message = this.#message
    message.on('data', (chunk: Buffer) => {
      clearTimeout(this.#timer)
      if (this.destroyed) return
      if (this.push(chunk)) this.#wait()
      else message.pause()
    })
    message.once('end', () => {
      clearTimeout(this.#timer)
      if (!this.destroyed) this.push(null)
    })
    message.once('close', () => {
      if (!message.complete) this.destroy(new ClientLeft())
    })
    if (message.destroyed && !message.complete) this.destroy(new ClientLeft())
  }

  #wait(): void {
    clearTimeout(this.#timer)
    if (this.#message.complete) return
    this.#timer = setTimeout(() => this.destroy(new HttpsDoorError('GS_HTTPS_BODY_SLOW')), this.#patience)
    this.#timer.unref()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    callback(error)
  }
}
