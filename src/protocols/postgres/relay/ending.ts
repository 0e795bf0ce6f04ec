import type { Duplex } from 'node:stream'
import type { SessionEnd } from '../../../guard/index.ts'
import { terminate } from '../wire/build.ts'
import { buildErrorResponse, type ErrorFields } from '../wire/error-response.ts'
import type { Downstream } from './downstream.ts'
import type { FromServer } from './from-server.ts'

/** How long the two ends have, in ms, from the decision to end until their sockets are destroyed. */
const CLOSING_MS = 800

/** The end of a session: the last word to the client, leave of the target, and a bound on both. */
export class Ending {
  readonly #client: Duplex
  readonly #downstream: Downstream
  readonly #target: Duplex
  readonly #fromServer: FromServer
  readonly #closed = Promise.withResolvers<SessionEnd>()
  #reason: SessionEnd | undefined
  /** FATAL to say as soon as the client has whole messages only. */
  #word: ErrorFields | undefined
  #expire: (() => void) | undefined

  constructor(client: Duplex, downstream: Downstream, target: Duplex, fromServer: FromServer) {
    this.#downstream = downstream
    this.#client = client
    this.#target = target
    this.#fromServer = fromServer
  }

  /** Why it ends; undefined while it does not. */
  get reason(): SessionEnd | undefined {
    return this.#reason
  }

  /** Whether the client still has to be brought to the end of a message before it is told. */
  get hasWord(): boolean {
    return this.#word !== undefined
  }

  /** Resolves when both sockets are closed and what was waited for is there, or the time is over. */
  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  /**
   * Starts to close.
   * @param word said to the client at a message boundary
   * @param before what should be over before `closed` resolves
   */
  begin(reason: SessionEnd, word: ErrorFields | undefined, before: Promise<void> | undefined): void {
    this.#reason = reason
    this.#word = word
    const expired = new Promise<void>((done) => {
      this.#expire = done
    })
    const timer = setTimeout(() => {
      this.#client.destroy()
      this.#target.destroy()
      this.#expire?.()
    }, CLOSING_MS)
    Promise.all([closing(this.#client), closing(this.#target), Promise.race([before, expired])]).then(() => {
      clearTimeout(timer)
      this.#closed.resolve(reason)
    })
    if (word) this.sayWord()
    else this.#downstream.end()
    // What the client still sends is read and dropped: unread bytes would turn our close into a reset that eats the last word.
    this.#client.resume()
  }

  /** Says Terminate, unless the client did. */
  leaveTarget(terminated: boolean): void {
    if (this.#target.writable) {
      if (terminated) this.#target.end()
      else this.#target.end(terminate())
    }
    this.#target.resume()
  }

  /** Says the last word at a message boundary, or never: in the middle of a row it would be read as a part of it. */
  sayWord(): void {
    const word = this.#word
    if (!word) return
    if (this.#fromServer.atBoundary) {
      this.#word = undefined
      this.#downstream.end(buildErrorResponse(word))
    } else if (this.#target.destroyed || this.#fromServer.broken) this.#client.destroy()
  }
}

function closing(stream: Duplex): Promise<void> {
  return new Promise((done) => (stream.closed ? done() : stream.once('close', () => done())))
}
