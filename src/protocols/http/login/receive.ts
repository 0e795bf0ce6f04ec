import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { pairsOf, valuesOf } from '../headers.ts'
import type { HeaderPairs, UpstreamAnswer, UpstreamRequest } from '../target.ts'
import { NotDialled, TargetError } from './errors.ts'

/** What a connection tells of one request, as an answer whose body can be read at the reader's pace. */
export class Receiving implements Dispatcher.DispatchHandler {
  readonly answer: Promise<UpstreamAnswer>
  readonly #answered = Promise.withResolvers<UpstreamAnswer>()
  readonly #signal: AbortSignal
  readonly #interim: UpstreamRequest['interim']
  #controller: Dispatcher.DispatchController | undefined
  #body: Body | undefined
  #trailers: HeaderPairs = []

  constructor(signal: AbortSignal, interim: UpstreamRequest['interim']) {
    this.#signal = signal
    this.#interim = interim
    this.answer = this.#answered.promise
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  /** Whether something of an answer has come: then the request may have taken effect. */
  get begun(): boolean {
    return this.#body !== undefined
  }

  readonly #abort = (): void => {
    const reason = this.#signal.reason as Error
    this.#answered.reject(reason)
    this.#body?.break(reason)
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) controller.abort(this.#signal.reason as Error)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const headers = decoded(controller.rawHeaders)
    if (status < 200) {
      this.#interim?.(status, headers)
      return
    }
    if (status > 599 || !isFramedOnce(headers)) throw new TargetError('GS_HTTP_TARGET_PROTOCOL')
    this.#body = new Body(controller)
    this.#answered.resolve({ status, headers, body: this.#body, trailers: () => this.#trailers })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#body?.push(chunk)) controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.leave()
    this.#trailers = decoded(controller.rawTrailers)
    this.#body?.finish()
  }

  onResponseError(_: unknown, error: Error): void {
    this.leave()
    const spoken = this.#signal.aborted ? (this.#signal.reason as Error) : targetError(error)
    this.#answered.reject(spoken)
    this.#body?.break(spoken)
  }

  /** The signal is none of its business any more. */
  leave(): void {
    this.#signal.removeEventListener('abort', this.#abort)
  }
}

/** The body of an answer. Whoever destroys it before its end ends the connection. */
class Body extends Readable {
  readonly #controller: Dispatcher.DispatchController
  #isOver = false

  constructor(controller: Dispatcher.DispatchController) {
    super({ highWaterMark: 65_536 })
    this.#controller = controller
    // Whoever destroys it has the reason; one that nobody reads any more must not end the process.
    this.on('error', () => undefined)
  }

  override _read(): void {
    if (this.#controller.paused) this.#controller.resume()
  }

  /** Complete. */
  finish(): void {
    this.#isOver = true
    this.push(null)
  }

  /** Incomplete. */
  break(why: Error): void {
    this.#isOver = true
    this.destroy(why)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#isOver) {
      this.#isOver = true
      this.#controller.abort(error ?? new TargetError('GS_HTTP_TARGET_CLOSED'))
    }
    callback(error)
  }
}

/** Bytes that are no ASCII stay what they are (RFC 9110 §5.5, obs-text). */
export function decoded(raw: Dispatcher.DispatchController['rawHeaders']): HeaderPairs {
  return Array.isArray(raw) ? pairsOf(raw.map((each) => (typeof each === 'string' ? each : each.toString('latin1')))) : []
}

/** RFC 9112 §6.3: where its length is said in two ways, nobody knows where it ends. */
function isFramedOnce(headers: HeaderPairs): boolean {
  const lengths = valuesOf(headers, 'content-length')
  const codings = valuesOf(headers, 'transfer-encoding')
  if (lengths.length + codings.length > 1) return false
  return lengths.every((length) => /^\d{1,15}$/.test(length)) && codings.every((coding) => coding.toLowerCase() === 'chunked')
}

/** What undici says, in our own words. */
export function targetError(error: unknown): Error {
  if (error instanceof TargetError || error instanceof NotDialled) return error
  const { name, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : { name: '', code: undefined }
  switch (code ?? name) {
    case 'HTTPParserError':
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return new TargetError('GS_HTTP_TARGET_PROTOCOL')
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
      return new TargetError('GS_HTTP_TARGET_REQUEST')
    default:
      return new TargetError('GS_HTTP_TARGET_CLOSED')
  }
}
