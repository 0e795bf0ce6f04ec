import type { Duplex } from 'node:stream'
import type { DoorAnswer, HeaderPairs } from '../../http/index.ts'
import { KEEP_ALIVE, writeEvent } from '../message/index.ts'

/** Of a stream of events that begins here: nothing between here and the client may hold it back. */
export const EVENT_STREAM: HeaderPairs = [
  ['content-type', 'text/event-stream'],
  ['cache-control', 'no-store'],
  ['x-accel-buffering', 'no'],
]

/** A sign of life while a person is asked, ms: below what proxies and clients take for silence. */
const PULSE_MS = 5_000

/**
 * An answer that may begin before there is one: while a person is asked, its client gets signs of life on a stream of events, and whatever comes of it
 * comes as the last event.
 */
export class Reply implements DoorAnswer {
  readonly #answer: DoorAnswer
  #held = false
  #timer: NodeJS.Timeout | undefined

  constructor(answer: DoorAnswer) {
    this.#answer = answer
  }

  /** Whether something but signs of life has been said. */
  get begun(): boolean {
    return this.#answer.begun && !this.#held
  }

  /** Whether what comes has to come as an event. */
  get held(): boolean {
    return this.#held
  }

  /** Begins to hold. @param progress what is said beside signs of life; undefined: nothing can be */
  hold(progress: (() => Buffer) | undefined): void {
    if (this.#answer.begun) return
    this.#held = true
    this.#answer.begin(200, EVENT_STREAM)
    const pulse = () =>
      void this.#answer.write(progress ? Buffer.concat([KEEP_ALIVE, writeEvent({ event: 'message', data: progress() })]) : KEEP_ALIVE)
    pulse()
    this.#timer = setInterval(pulse, PULSE_MS)
  }

  /** No more signs of life. */
  stopHolding(): void {
    clearInterval(this.#timer)
  }

  inform(status: number, headers: HeaderPairs): void {
    this.#answer.inform(status, headers)
  }

  begin(status: number, headers: HeaderPairs): void {
    this.stopHolding()
    if (this.#held) this.#held = false
    else this.#answer.begin(status, headers)
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    return this.#answer.write(chunk)
  }

  end(trailers?: HeaderPairs): void {
    this.stopHolding()
    this.#answer.end(trailers)
  }

  cut(): void {
    this.stopHolding()
    this.#answer.cut()
  }

  upgrade(headers: HeaderPairs): { readonly socket: Duplex; readonly head: Uint8Array } {
    return this.#answer.upgrade(headers)
  }
}
