import type { Approved, SessionEnd } from '../../../guard/index.ts'
import { type Decided, type Operation, Refusal } from '../../../operations/index.ts'
import { FingerprintQuestion, type Named, type SessionState } from '../asking/fingerprint.ts'
import { transaction } from '../wire/codes.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { AnalysesAhead } from './analyses-ahead.ts'
import { Answers } from './answers.ts'
import { Asking, type Left } from './asking.ts'
import type { Batch } from './batch.ts'
import { Downstream } from './downstream.ts'
import { Ending } from './ending.ts'
import { type Answer, Forwarder } from './forwarder.ts'
import { FromClient } from './from-client.ts'
import { FromServer } from './from-server.ts'
import { greeting, newCancelKey } from './greeting.ts'
import { DRAINED, endedBy, GATEWAY_FAILED, protocolFault, TARGET_GONE } from './last-words.ts'
import { Lookout } from './lookout.ts'
import { Masking } from './masking.ts'
import type { RelayOptions } from './options.ts'
import { stillMeans } from './still-means.ts'

const INSPECTION_LIMIT = 16 * 1024 * 1024
/** Bytes of the client that may wait behind an admission before it is not read any more. */
const WAITING_LIMIT = 1024 * 1024
/** Messages that the server has yet to answer before the client is not read any more: some are of 5 bytes, and each is remembered. */
const UNANSWERED_LIMIT = 65_536

/** Why nobody waits for persons any more where a session ends. */
const LEFT: Readonly<Record<SessionEnd, Left>> = {
  'client-closed': 'disconnected',
  'client-lost': 'disconnected',
  'target-closed': 'session-ended',
  'target-unreachable': 'session-ended',
  ended: 'session-ended',
  'protocol-error': 'session-ended',
  drained: 'session-ended',
}

/** One session between two sockets. Client bytes wait here for admission, in order; server bytes pass through. */
export class SessionRelay {
  readonly #options: RelayOptions
  readonly #answers: Answers
  readonly #fromClient: FromClient
  readonly #fromServer: FromServer
  readonly #forwarder: Forwarder
  readonly #ending: Ending
  readonly #downstream: Downstream
  /** Of masks that ask an analyzer about results; undefined: there is none to ask. */
  readonly #ahead: AnalysesAhead | undefined
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Its operations are being made durable, or are held because a cancel is on its way to the target. */
  #admitting: Batch | undefined
  /** Number within the session of the first of them; 0: they have none. */
  #first = 0
  #held: readonly Answer[] | undefined
  /** Persons are asked for what comes next. */
  #asking: Asking | undefined
  /** Resolves once the last batch of an ended session is answered. */
  readonly #lastAdmitted = Promise.withResolvers<void>()
  #pumping = false
  /** The client is not read because of how much is unanswered. */
  #crowded = false
  #cancelling: Promise<void> | undefined
  /** A cancel came for what is not forwarded yet. */
  #withdrawn = false
  /** The target is gone, and what it said before waits for the analyzer. */
  #targetLeft = false

  constructor(options: RelayOptions) {
    this.#options = options
    const { client, target, guard, session, sql } = options
    const limit = options.inspectionLimit ?? INSPECTION_LIMIT
    this.#answers = new Answers(sql, { stop: () => this.#stopHead(), sync: () => this.#forwarder.sync() }, target.parameters)
    const decides = {
      decide: (operation: Operation) => guard.decide(session, operation),
      get usesTransaction() {
        return guard.usesTransaction
      },
      get asksPeople() {
        return guard.asksPeople
      },
      get policy() {
        return guard.policy
      },
    }
    this.#fromClient = new FromClient(this.#answers, decides, sql, limit, options.database)
    this.#ahead = options.analyzer && new AnalysesAhead(options.analyzer)
    const masking = new Masking({
      catalog: () => sql.catalog,
      database: options.database,
      key: options.maskKey,
      analyses: this.#ahead,
      reading: this.#answers.reading,
    })
    this.#downstream = new Downstream(client, session.recorder)
    const lookout = this.#ahead && new Lookout(this.#ahead, this.#answers, masking)
    this.#fromServer = new FromServer(this.#answers, this.#downstream.outgoing, sql, masking, limit, lookout)
    this.#forwarder = new Forwarder(this.#answers, this.#fromServer, this.#downstream, target.socket)
    this.#ending = new Ending(client, this.#downstream, target.socket, this.#fromServer)
  }

  async run(): Promise<SessionEnd> {
    const { client, target, session, cancels, minor, rest } = this.#options
    const { socket } = target
    const key = newCancelKey(minor)
    const unregister = cancels.register(target.processId, key, () => this.#cancelRequested())
    const stop = (): void => this.#finish('ended', endedBy(session.signal.reason))
    const drain = (): void => this.#drain()
    const clientGone = (): void => this.#clientGone()
    const targetGone = (): void => this.#targetGone()
    client.on('data', (chunk: Uint8Array) => this.#clientSent(chunk))
    this.#downstream.onRoom(() => this.#readTarget())
    this.#downstream.onRecorded(() => this.#readClient())
    this.#downstream.onLost(() => this.#failed(new Error('what is to be shown cannot be recorded')))
    socket.on('data', (chunk: Uint8Array) => this.#serverSent(chunk))
    socket.on('drain', () => this.#readClient())
    for (const event of ['end', 'close', 'error']) client.on(event, clientGone)
    for (const event of ['end', 'close', 'error']) socket.on(event, targetGone)
    session.signal.addEventListener('abort', stop, { once: true })
    session.draining.addEventListener('abort', drain, { once: true })
    this.#downstream.say(greeting(target, key))
    if (target.rest.length > 0) this.#serverSent(target.rest)
    if (rest.length > 0) this.#clientSent(rest)
    socket.resume()
    this.#readClient()
    // What happened before anybody listened.
    if (session.signal.aborted) stop()
    else if (session.draining.aborted) drain()
    if (client.destroyed || client.readableEnded) clientGone()
    else if (socket.destroyed || socket.readableEnded) targetGone()
    const end = await this.#ending.closed
    this.#answers.abandon('aborted')
    this.#options.sql.close()
    unregister()
    session.signal.removeEventListener('abort', stop)
    session.draining.removeEventListener('abort', drain)
    return end
  }

  // Client → target

  #clientSent(chunk: Uint8Array): void {
    if (this.#ending.reason || this.#fromClient.terminated) return
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
      while ((this.#waiting.length > 0 || this.#fromClient.held > 0) && !this.#mustWait()) {
        const batch = this.#frame()
        if (!batch) break
        if (batch.mustAsk) this.#ask(batch)
        else if (batch.operations.length === 0) this.#forward(batch, [])
        else this.#admit(batch, batch.operations)
      }
    } catch (error) {
      this.#clientFault(error)
    } finally {
      this.#pumping = false
    }
  }

  #admit(batch: Batch, operations: Batch['operations'], approved?: Approved): void {
    this.#admitting = batch
    const { guard, session } = this.#options
    guard.admit(session, operations, this.#admitted, approved)
  }

  #mustWait(): boolean {
    if (this.#asking) return true
    return this.#admitting !== undefined || this.#cancelling !== undefined || this.#fromClient.waits || this.#ending.reason !== undefined
  }

  /** Reads on, up to a message that has to wait. @returns undefined where more of what is asked for together may come */
  #frame(): Batch | undefined {
    const client = this.#fromClient
    if (client.held > 0) client.resume()
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    let index = 0
    let stopped = false
    while (index < waiting.length && client.held === 0 && !client.terminated && !stopped) {
      const chunk = waiting[index]!
      const read = client.read(chunk)
      stopped = read < chunk.length
      if (stopped) waiting[index] = chunk.subarray(read)
      else index += 1
    }
    if (!client.terminated) this.#waiting = waiting.slice(index)
    for (const chunk of this.#waiting) this.#waitingBytes += chunk.length
    void client.thinking?.then(this.#goOn)
    return client.collecting ? undefined : client.take()
  }

  /** What was waited for may be there. */
  readonly #goOn = (): void => {
    this.#pump()
    this.#readClient()
  }

  /** Nothing is under way, and nothing more is read into operations until persons have answered, or nobody waits for it. */
  #ask(batch: Batch): void {
    const { guard, session, sql } = this.#options
    const asking = new Asking(batch, {
      resource: session.resource.name,
      ask: (decided, effective) => guard.ask(session, decided, effective),
      state: (named) => this.#stateOf(named),
      undone: this.#answers.status !== transaction.idle ? 'transaction' : this.#answers.awaitsSync ? 'group' : 'nothing',
      stillMeans: () => stillMeans(batch, sql),
      tell: (notice) => {
        if (!this.#ending.reason && this.#fromServer.atBoundary) this.#downstream.say(notice)
      },
    })
    this.#asking = asking
    if (this.#withdrawn) asking.leave('cancelled')
    this.#withdrawn = false
    asking.run().then(
      (answer) => this.#asked(batch, answer),
      (error: unknown) => this.#failed(error),
    )
    if (session.draining.aborted) asking.becomeTicket()
  }

  /** What the session is, by the target's own word. */
  async #stateOf(named: readonly Named[]): Promise<SessionState | undefined> {
    const settings = this.#options.sql.applicationSettings
    if (!settings) return undefined
    const question = new FingerprintQuestion(this.#answers.awaitsSync, named, settings)
    const answered = this.#fromServer.expect(question)
    this.#options.target.socket.write(question.bytes)
    return answered
  }

  #asked(batch: Batch, answer: Approved | Refusal): void {
    this.#asking = undefined
    if (this.#ending.reason) return
    if (answer instanceof Refusal) {
      const refused = batch.operations.map((each) => (runsIfApproved(each) ? { ...each, refusal: answer } : each))
      this.#admit(batch, refused)
    } else this.#admit(batch, batch.operations, answer)
  }

  readonly #admitted = (answers: readonly Answer[], first = 0): void => {
    this.#first = first
    if (this.#cancelling && !this.#ending.reason) this.#held = answers
    else this.#release(answers)
  }

  #release(answers: readonly Answer[]): void {
    const batch = this.#admitting
    this.#admitting = undefined
    this.#held = undefined
    if (!batch) return
    if (this.#ending.reason) {
      for (const answer of answers) if (!(answer instanceof Refusal)) answer.withdraw({ status: 'aborted' })
      this.#lastAdmitted.resolve()
      return
    }
    // Called from the trail, which must not suffer from what goes wrong here.
    try {
      this.#forward(batch, answers)
    } catch (error) {
      this.#clientFault(error)
    }
    this.#pump()
    this.#readClient()
  }

  #forward(batch: Batch, answers: readonly Answer[]): void {
    const fault = this.#forwarder.forward(batch, answers, this.#first, this.#withdrawn)
    this.#withdrawn = false
    if (fault) this.#clientFault(fault)
    // What a message waits for may lie at the server until somebody asks for it.
    else if (this.#fromClient.held > 0 && this.#answers.inFlight) this.#forwarder.flush()
    // A refusal that was answered here leaves nothing to wait for.
    else if (this.#options.session.draining.aborted) this.#drain()
  }

  /** Reads the client, unless enough of it waits already. */
  #readClient(): void {
    const { client, target } = this.#options
    this.#crowded = this.#answers.unanswered > UNANSWERED_LIMIT
    const waiting = this.#waitingBytes + this.#fromClient.held
    // Not read any more, it would not be seen to go away.
    if (waiting > WAITING_LIMIT) this.#asking?.becomeTicket()
    const isUnrecorded = this.#downstream.crowded && this.#answers.copyIn.open
    const mayRead = waiting <= WAITING_LIMIT && !this.#crowded && !isUnrecorded && !target.socket.writableNeedDrain
    if (this.#ending.reason || mayRead) client.resume()
    else client.pause()
  }

  // Target → client

  #serverSent(chunk: Uint8Array): void {
    if (this.#fromServer.broken) return
    const { analyzing } = this.#fromServer
    try {
      this.#fromServer.read(chunk)
    } catch (error) {
      this.#targetFault(error)
      return
    }
    if (!analyzing) this.#serverRead()
  }

  /** An analyzer has answered, or nobody waits for it any more: what waited for it is read. */
  readonly #analyzed = (): void => {
    try {
      this.#fromServer.goOn()
    } catch (error) {
      this.#targetFault(error)
      return
    }
    this.#serverRead()
    if (this.#fromServer.analyzing) return
    if (this.#targetLeft) this.#targetGone()
    else this.#readTarget()
  }

  /** Passes what was read. */
  #serverRead(): void {
    const { target, session } = this.#options
    const { analyzing } = this.#fromServer
    if (analyzing) {
      target.socket.pause()
      void analyzing.then(this.#analyzed)
    }
    if (this.#ending.reason && !this.#ending.hasWord) {
      // Read for the sake of the outcomes only.
      this.#downstream.drop()
      return
    }
    this.#downstream.send()
    if (this.#downstream.full) target.socket.pause()
    this.#ending.sayWord()
    const fault = this.#answers.clientFault
    if (fault) this.#clientFault(fault)
    if (this.#fromClient.held > 0 && !this.#fromClient.waits) this.#goOn()
    else if (this.#crowded) this.#readClient()
    if (session.draining.aborted) this.#drain()
  }

  /** Reads the target, unless an analyzer is asked about what it said. */
  #readTarget(): void {
    if (!this.#fromServer.analyzing && !this.#downstream.full) this.#options.target.socket.resume()
  }

  // Cancel

  /** What the target is at came to more than it may. A COPY in reads its client and no cancel request. */
  #stopHead(): void {
    if (this.#answers.copyIn.open) this.#forwarder.endCopy()
    else void this.#cancelTarget()
  }

  /** A CancelRequest with this session's pair. Forwarded only while there is something that it can mean. */
  #cancelRequested(): void {
    if (this.#ending.reason) return
    if (this.#answers.inFlight) this.#ahead?.cancel()
    if (this.#cancelling) return
    if (this.#asking) {
      this.#asking.leave('cancelled')
      // Its client would wait for a target that does not answer us.
      if (this.#fromServer.isAsked) void this.#cancelTarget()
    } else if (this.#answers.inFlight) void this.#cancelTarget()
    else if (this.#admitting || this.#fromClient.thinking) this.#withdrawn = true
  }

  /** Until the target closed the cancel connection nothing more goes upstream: a late cancel would hit the next statement. */
  #cancelTarget(): Promise<void> {
    this.#cancelling ??= this.#options.target.cancel().then(() => {
      this.#cancelling = undefined
      if (this.#held) this.#release(this.#held)
      this.#pump()
      this.#readClient()
    })
    return this.#cancelling
  }

  // The end

  #clientGone(): void {
    if (this.#ending.reason) return
    const { terminated } = this.#fromClient
    // After Terminate the server finishes what it has, as it would without us, and closes.
    if (terminated && (this.#answers.inFlight || this.#admitting)) {
      if (!this.#fromServer.analyzing) this.#options.target.socket.resume()
    } else this.#finish(terminated ? 'client-closed' : 'client-lost')
  }

  #targetGone(): void {
    if (this.#ending.reason) this.#ending.sayWord()
    else if (this.#fromServer.analyzing) this.#targetLeft = true
    else if (this.#fromClient.terminated) this.#finish('client-closed')
    else this.#finish('target-closed', this.#answers.fatal ? undefined : TARGET_GONE)
  }

  #clientFault(error: unknown): void {
    if (error instanceof WireError) this.#finish('protocol-error', protocolFault(error.message))
    else this.#failed(error)
  }

  #targetFault(error: unknown): void {
    this.#downstream.drop()
    if (error instanceof WireError) {
      this.#options.log.warn({ session: this.#options.session.id, reason: error.message }, 'The target broke the protocol')
      this.#finish('protocol-error', protocolFault('The target broke the PostgreSQL protocol.'))
    } else this.#failed(error)
  }

  /** A fault of ours ends this session and no other. */
  #failed(error: unknown): void {
    this.#options.log.warn({ session: this.#options.session.id, err: error }, 'The relay failed on a session')
    this.#finish('ended', GATEWAY_FAILED)
  }

  #drain(): void {
    const { atBoundary, held } = this.#fromClient
    // Whoever waits for a person comes back for the answer, to another gateway or this one started again.
    this.#asking?.becomeTicket()
    const isRead = this.#waiting.length === 0 && held === 0 && atBoundary && !this.#fromServer.analyzing
    const quiet = this.#answers.idle && !this.#asking && !this.#admitting && isRead
    if (quiet) this.#finish('drained', DRAINED)
  }

  #finish(end: SessionEnd, word?: ErrorFields): void {
    if (this.#ending.reason) return
    this.#waiting = []
    const { terminated } = this.#fromClient
    this.#asking?.leave(LEFT[end])
    this.#ahead?.abandon()
    const running = this.#answers.inFlight && end !== 'target-closed' && end !== 'client-closed'
    this.#ending.begin(end, word, this.#admitting && this.#lastAdmitted.promise)
    if (this.#held) this.#release(this.#held)
    if (running) void this.#cancelTarget().then(() => this.#ending.leaveTarget(terminated))
    else this.#ending.leaveTarget(terminated)
  }
}

/** What is only prepared is, whatever persons say. */
function runsIfApproved({ refusal, decision, operation }: Decided): boolean {
  return refusal === undefined && decision.effect === 'ask' && operation.form !== 'prepare'
}
