import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Upgraded, UpstreamAnswer, UpstreamRequest } from '../target.ts'
import { decoded, Receiving } from './receive.ts'

const NOTHING = new Uint8Array(0)

/** The same for a request that wants to go on in another protocol. */
export class Upgrading implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Upgraded | UpstreamAnswer>
  readonly #upgraded = Promise.withResolvers<Upgraded>()
  readonly #plain: Receiving

  constructor(signal: AbortSignal, interim: UpstreamRequest['interim']) {
    this.#plain = new Receiving(signal, interim)
    this.answer = Promise.race([this.#plain.answer, this.#upgraded.promise])
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, _status: number, _headers: unknown, socket: Duplex): void {
    // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
    socket.on('error', () => undefined)
    socket.pause()
    // Bytes behind the head were put back, and are read first.
    this.#upgraded.resolve({ status: 101, headers: decoded(controller.rawHeaders), socket, head: NOTHING })
    this.#plain.leave()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#plain.onRequestStart(controller)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    this.#plain.onResponseStart(controller, status)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#plain.onResponseData(controller, chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#plain.onResponseEnd(controller)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#plain.onResponseError(controller, error)
  }
}
