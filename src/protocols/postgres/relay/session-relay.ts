import type { Admission, SessionEnd } from '../../../guard/index.ts'
import { Refusal } from '../../../operations/index.ts'
import { readyForQuery, terminate } from '../wire/build.ts'
import { frontend, transaction } from '../wire/codes.ts'
import { buildErrorResponse, type ErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { Answers } from './answers.ts'
import type { Batch, Item, Replacement } from './batch.ts'
import { CLOSING_MS, closed, DRAINED, endedBy, protocolFault, stopsTarget, TARGET_GONE } from './closing.ts'
import { Flight } from './flight.ts'
import { FromClient } from './from-client.ts'
import { FromServer } from './from-server.ts'
import { greeting, newCancelKey } from './greeting.ts'
import type { RelayOptions } from './options.ts'
import { Outgoing } from './outgoing.ts'
import { CANCELLED, refusalFields, type StandIn, standIns } from './stand-ins.ts'

type Answer = Admission | Refusal

const INSPECTION_LIMIT = 16 * 1024 * 1024
/** Bytes of the client that may wait behind an admission before it is not read any more. */
const WAITING_LIMIT = 1024 * 1024

/** One session between two sockets. Client bytes wait here for admission, in order; server bytes pass through. */
export class Relay {
  readonly #options: RelayOptions
  readonly #answers = new Answers()
  readonly #fromClient: FromClient
  readonly #fromServer: FromServer
  readonly #upstream = new Outgoing()
  readonly #downstream = new Outgoing()
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Its operations are being made durable. */
  #admitting: Batch | undefined
  /** Durable, but held because a cancel is on its way to the target. */
  #held: (() => void) | undefined
  /** The next message cannot be read before the server has answered. */
  #unsure = false
  #pumping = false
  #cancelling: Promise<void> | undefined
  /** A cancel arrived for what is not forwarded yet. */
  #cancelNext = false
  #end: SessionEnd | undefined
  #targetBroke = false
  /** Set while a session that ended waits for its last admission. */
  #allAnswered: (() => void) | undefined
  /** FATAL to say as soon as the client has whole messages only. */
  #lastWord: ErrorFields | undefined
  readonly #ended = Promise.withResolvers<SessionEnd>()

  constructor(options: RelayOptions) {
    this.#options = options
    const { guard, session } = options
    const limit = options.inspectionLimit ?? INSPECTION_LIMIT
    this.#fromClient = new FromClient(this.#answers, (operation) => guard.decide(session, operation), limit)
    this.#fromServer = new FromServer(this.#answers, this.#downstream)
  }

  run(): Promise<SessionEnd> {
    const { client, target, session, cancels, minor, rest } = this.#options
    const key = newCancelKey(minor)
    const unregister = cancels.register(target.processId, key, () => this.#cancelRequested())
    const stop = (): void => this.#finish('ended', endedBy(session.signal.reason))
    const drain = (): void => this.#drain()
    client.on('data', (chunk: Uint8Array) => this.#clientSent(chunk))
    client.on('drain', () => target.socket.resume())
    client.on('end', () => this.#clientGone())
    client.on('close', () => this.#clientGone())
    client.on('error', () => this.#clientGone())
    target.socket.on('data', (chunk: Uint8Array) => this.#serverSent(chunk))
    target.socket.on('drain', () => this.#readClient())
    target.socket.on('end', () => this.#targetGone())
    target.socket.on('close', () => this.#targetGone())
    target.socket.on('error', () => this.#targetGone())
    client.write(greeting(target, key))
    session.signal.addEventListener('abort', stop, { once: true })
    session.draining.addEventListener('abort', drain, { once: true })
    if (target.rest.length > 0) this.#serverSent(target.rest)
    if (rest.length > 0) this.#clientSent(rest)
    target.socket.resume()
    this.#readClient()
    if (session.signal.aborted) stop()
    else if (session.draining.aborted) drain()
    else if (client.destroyed) this.#clientGone()
    else if (target.socket.destroyed) this.#targetGone()
    return this.#ended.promise.finally(() => {
      unregister()
      session.signal.removeEventListener('abort', stop)
      session.draining.removeEventListener('abort', drain)
    })
  }

  // Client → target

  #clientSent(chunk: Uint8Array): void {
    if (this.#end || this.#fromClient.terminated) return
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    this.#pump()
    this.#readClient()
  }

  /** Frames what waits and has it admitted, until an admission, a cancel or the server has to be waited for. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#waiting.length > 0 && !this.#mustWait()) {
        const batch = this.#frame()
        if (batch.operations.length === 0) this.#forward(batch, [])
        else {
          this.#admitting = batch
          const { guard, session } = this.#options
          guard.admit(session, batch.operations, this.#admitted)
        }
      }
    } catch (error) {
      this.#clientFault(error)
    } finally {
      this.#pumping = false
    }
  }

  #mustWait(): boolean {
    return this.#admitting !== undefined || this.#cancelling !== undefined || this.#unsure || this.#end !== undefined
  }

  #frame(): Batch {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (let index = 0; index < waiting.length && !this.#fromClient.terminated; index += 1) {
      const again = this.#fromClient.read(waiting[index]!)
      if (again) {
        this.#unsure = true
        this.#waiting = [again, ...waiting.slice(index + 1)]
        for (const chunk of this.#waiting) this.#waitingBytes += chunk.length
        break
      }
    }
    return this.#fromClient.take()
  }

  readonly #admitted = (answers: readonly Answer[]): void => {
    const batch = this.#admitting
    if (!batch) return
    if (this.#cancelling && !this.#end) this.#held = () => this.#release(batch, answers)
    else this.#release(batch, answers)
  }

  #release(batch: Batch, answers: readonly Answer[]): void {
    this.#held = undefined
    this.#admitting = undefined
    if (this.#end) {
      for (const answer of answers) if (!(answer instanceof Refusal)) answer.settle({ status: 'aborted' })
      this.#allAnswered?.()
      return
    }
    this.#forward(batch, answers)
    this.#pump()
    this.#readClient()
  }

  /** One read, one write: what was admitted goes as it came, what was not goes as its stand-in. */
  #forward(batch: Batch, answers: readonly Answer[]): void {
    for (const item of batch.items) {
      const answer = item.operation < 0 ? undefined : answers[item.operation]!
      if (answer && this.#cancelNext) this.#withdraw(item, answer)
      else if (answer instanceof Refusal) this.#replace(item, { by: standInFor(item), answer: refusalFields(answer) })
      else if (item.replacement) this.#replace(item, item.replacement)
      else this.#pass(item, answer)
    }
    const fault = this.#answers.clientFault
    if (fault) {
      this.#upstream.drop()
      this.#clientFault(fault)
    } else this.#upstream.send(this.#options.target.socket)
  }

  #pass(item: Item, admission: Admission | undefined): void {
    const { type, bytes, start, end, name, ofStatement, statement } = item
    if (type === frontend.copyData) {
      // Outside a COPY the server ignores it; nothing was admitted that it could belong to.
      if (!this.#answers.inFlight) return
      this.#answers.copied(end - start)
    } else if (type !== frontend.flush && type !== frontend.terminate) {
      const flight = admission && new Flight(admission)
      this.#answers.sent({ type, name, ofStatement, statement, flight, replacement: undefined })
    }
    this.#upstream.add(bytes, start, end)
  }

  /** The client cancelled what was not forwarded yet: it never will be. */
  #withdraw(item: Item, answer: Answer): void {
    this.#cancelNext = false
    if (!(answer instanceof Refusal)) answer.settle({ status: 'cancelled', sqlstate: CANCELLED.sqlstate })
    this.#replace(item, { by: standInFor(item), answer: answer instanceof Refusal ? refusalFields(answer) : CANCELLED })
  }

  #replace(item: Item, replacement: Replacement): void {
    if (item.type === frontend.query && this.#answersLocally()) {
      const { client } = this.#options
      client.write(Buffer.concat([buildErrorResponse(replacement.answer), readyForQuery(transaction.idle)]))
      if (this.#options.session.draining.aborted) this.#drain()
      return
    }
    const { type, name, ofStatement, statement } = item
    this.#answers.sent({ type, name, ofStatement, statement, flight: undefined, replacement })
    const { upstream } = replacement.by
    this.#upstream.add(upstream, 0, upstream.length)
  }

  /** Whether nothing is on its way in either direction that an answer of ours could overtake. */
  #answersLocally(): boolean {
    return this.#answers.idle && this.#upstream.empty && this.#fromServer.atBoundary
  }

  /** Reads the client, unless enough of it waits already. */
  #readClient(): void {
    const { client, target } = this.#options
    if (this.#end || (this.#waitingBytes <= WAITING_LIMIT && !target.socket.writableNeedDrain)) client.resume()
    else client.pause()
  }

  // Target → client

  #serverSent(chunk: Uint8Array): void {
    const { client, target, session } = this.#options
    if (this.#targetBroke) return
    try {
      this.#fromServer.read(chunk)
    } catch (error) {
      this.#targetFault(error)
      return
    }
    if (this.#end && !this.#lastWord) {
      // Read for the sake of the outcomes only.
      this.#downstream.drop()
      return
    }
    this.#downstream.send(client)
    if (client.writableNeedDrain) target.socket.pause()
    if (this.#lastWord) this.#sayLastWord()
    const fault = this.#answers.clientFault
    if (fault) this.#clientFault(fault)
    if (this.#unsure) {
      this.#unsure = false
      this.#pump()
      this.#readClient()
    }
    if (session.draining.aborted) this.#drain()
  }

  // Cancel

  /** A CancelRequest with this session's pair. Forwarded only while there is something that it can mean. */
  #cancelRequested(): void {
    if (this.#end || this.#cancelling) return
    if (this.#answers.inFlight) void this.#cancelTarget()
    else if (this.#admitting) this.#cancelNext = true
  }

  /** Until the target closed the cancel connection nothing more goes upstream: a late cancel would hit the next statement. */
  #cancelTarget(): Promise<void> {
    this.#cancelling ??= this.#options.target.cancel().then(() => {
      this.#cancelling = undefined
      this.#held?.()
      this.#pump()
      this.#readClient()
    })
    return this.#cancelling
  }

  // The end

  #clientGone(): void {
    if (this.#end) return
    const { terminated } = this.#fromClient
    // After Terminate the server finishes what it has, as it would without us, and closes.
    if (terminated && (this.#answers.inFlight || this.#admitting)) this.#options.target.socket.resume()
    else this.#finish(terminated ? 'client-closed' : 'client-lost')
  }

  #targetGone(): void {
    if (this.#end) this.#sayLastWord()
    else if (this.#fromClient.terminated) this.#finish('client-closed')
    else this.#finish('target-closed', this.#answers.fatal ? undefined : TARGET_GONE)
  }

  #clientFault(error: unknown): void {
    if (!(error instanceof WireError)) throw error
    this.#finish('protocol-error', protocolFault(error.message))
  }

  #targetFault(error: unknown): void {
    if (!(error instanceof WireError)) throw error
    this.#targetBroke = true
    this.#downstream.drop()
    this.#options.log.warn({ session: this.#options.session.id, reason: error.message }, 'the target broke the protocol')
    this.#finish('protocol-error', protocolFault('The target broke the PostgreSQL protocol.'))
  }

  #drain(): void {
    const quiet = this.#answers.idle && !this.#admitting && this.#waiting.length === 0 && this.#fromClient.atBoundary
    if (quiet) this.#finish('drained', DRAINED)
  }

  #finish(end: SessionEnd, word?: ErrorFields): void {
    if (this.#end) return
    this.#end = end
    this.#waiting = []
    const { client, target } = this.#options
    const running = this.#answers.inFlight && stopsTarget(end) && !target.socket.destroyed
    const timer = setTimeout(() => {
      client.destroy()
      target.socket.destroy()
      this.#allAnswered?.()
    }, CLOSING_MS)
    const admitted = this.#admitting ? new Promise<void>((done) => (this.#allAnswered = done)) : undefined
    Promise.all([closed(client, target.socket), admitted]).then(() => {
      clearTimeout(timer)
      this.#answers.abandon('aborted')
      this.#ended.resolve(end)
    })
    this.#lastWord = word
    if (word) this.#sayLastWord()
    else client.end()
    // What the client still sends is read and dropped: unread bytes would turn our close into a reset that eats the last word.
    client.resume()
    if (running) void this.#cancelTarget().then(() => this.#leaveTarget())
    else this.#leaveTarget()
  }

  #leaveTarget(): void {
    const { socket } = this.#options.target
    if (socket.writable) {
      if (this.#fromClient.terminated) socket.end()
      else socket.end(terminate())
    }
    socket.resume()
  }

  /** At a message boundary, or never. */
  #sayLastWord(): void {
    const { client, target } = this.#options
    const word = this.#lastWord
    if (!word) return
    if (this.#fromServer.atBoundary) {
      this.#lastWord = undefined
      client.end(buildErrorResponse(word))
    } else if (target.socket.destroyed || this.#targetBroke) client.destroy()
  }
}

function standInFor(item: Item): StandIn {
  if (item.type === frontend.query) return standIns.query
  if (item.type === frontend.bind) return standIns.bind
  return item.name === '' ? standIns.parseUnnamed : standIns.parse
}
