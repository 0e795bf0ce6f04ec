import type { Mask } from '../../../operations/index.ts'
import { findingsIn } from '../mask/index.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { backend, frontend, transaction } from '../wire/codes.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { CopyIn } from './copy-in.ts'
import { Cutting } from './cutting.ts'
import { type Expected, type Sent, Unanswered } from './expected.ts'
import { Portals } from './portals.ts'
import { changesReading, Reading } from './reading.ts'
import { COPY_REFUSED, refusalFields } from './stand-ins.ts'
import { Statements } from './statements.ts'
import { TookOver } from './took-over.ts'

/** What can be asked of the target besides what its client asks. */
export interface TargetControl {
  /** To stop what it is at: cancels it, or ends its COPY. */
  stop(): void
  /** To end the group of messages that it skips. */
  sync(): void
}

/** It is recorded in clear, so it is nothing else. */
const SQLSTATE = /^[0-9A-Z]{5}$/
/** SQLSTATE of what was cancelled. */
const QUERY_CANCELED = '57014'
/** What a client is told that sends something else while the server copies in. */
export const COPY_FAULT = 'Only copy data may be sent while the server copies in.'
const FAILED_COPY_FAULT = 'Behind a Sync that a failed COPY may have consumed, nothing may be sent before the server is ready.'

/**
 * Mirrors what was sent upstream, so that each message of the server is known to be the answer to something; settles
 * operations at the server's own end of them (PostgreSQL protocol, "Message Flow").
 */
export class Answers {
  readonly statements = new Statements()
  readonly portals = new Portals()
  readonly reading: Reading
  readonly cutting: Cutting
  readonly copyIn: CopyIn
  readonly #sql: SqlSession
  readonly #tookOver: TookOver
  readonly #target: TargetControl
  readonly #expected = new Unanswered()
  #status: number = transaction.idle
  /** Something was executed since then that may have begun or ended a transaction. */
  #statusPassed = false
  /** After an error in the extended protocol the server skips what it reads, up to the next Sync. */
  #skipping = false
  /** Something was sent behind the last Sync or Query. */
  #awaitsSync = false
  /** SQLSTATE of the error in the Query that is being answered, or in the group of extended messages. */
  #failure: string | undefined
  #fatal = false
  #masks: readonly Mask[] | undefined
  /** Whether masks of one of its operations ask an analyzer. */
  #analyzed = false
  /** Syncs that the server may have consumed as part of a failed COPY, or may yet answer. */
  #looseSyncs = 0
  #clientFault: WireError | undefined
  /** @param parameters ParameterStatus of the log-in */
  constructor(sql: SqlSession, target: TargetControl, parameters: Iterable<readonly [string, string]>) {
    this.#sql = sql
    this.reading = new Reading(parameters)
    this.#tookOver = new TookOver(sql, this.statements, this.portals)
    this.#target = target
    this.copyIn = new CopyIn(this.#expected)
    this.cutting = new Cutting(this.#expected, () => target.stop())
  }

  /** Whether a text that is read now may mean something else once the server has answered. */
  get changing(): boolean {
    return this.#expected.changing
  }

  /** Of the session's transaction; undefined while something is in flight that may begin or end one, or did so and the server has not said. */
  get transaction(): 'idle' | 'open' | 'failed' | undefined {
    if (this.#expected.running || this.#statusPassed) return undefined
    return this.#status === transaction.idle ? 'idle' : this.#status === transaction.open ? 'open' : 'failed'
  }

  /** What the client is not to see, as the newest of its operations has it; undefined: nothing. */
  get masks(): readonly Mask[] | undefined {
    return this.#masks
  }

  /** Whether an analyzer may have to be asked about what the server says: masks of one operation at least did. */
  get analyzed(): boolean {
    return this.#analyzed
  }

  /** What the server is at. */
  get head(): Expected | undefined {
    return this.#expected.head
  }

  /** Number within the session of the operation that the server is at; 0: none. */
  get operation(): number {
    return this.#expected.head?.operation ?? 0
  }

  /** Whether the server has yet to answer something. */
  get inFlight(): boolean {
    return this.#expected.length > 0
  }

  /** How many messages the server has yet to answer. */
  get unanswered(): number {
    return this.#expected.length
  }

  /** Of the last ReadyForQuery: one of `transaction`. */
  get status(): number {
    return this.#status
  }

  /** Whether the server said that it ends the connection. */
  get fatal(): boolean {
    return this.#fatal
  }

  /** Set where the client sent something that cannot be carried: it shows when sent, or only by the server's answer. */
  get clientFault(): WireError | undefined {
    return this.#clientFault
  }

  /** Whether the server does nothing of what it reads, up to the next Sync. */
  get skipping(): boolean {
    return this.#skipping
  }

  /** Whether the server has done something that waits for its Sync. */
  get awaitsSync(): boolean {
    return this.#awaitsSync
  }

  /**
   * A question of the gateway's own is answered, which was asked while nothing was in flight.
   * @param status of its ReadyForQuery; absent: it was asked within a group
   * @param failure SQLSTATE, where the server refused it: within a group it skips the rest of that
   */
  ownAnswered(status: number | undefined, failure: string | undefined): void {
    if (failure !== undefined) this.#sql.failed()
    if (status !== undefined) {
      this.#status = status
      this.#sql.ready(status)
    } else if (failure !== undefined) {
      this.#failure = failure
      this.#skipping = true
    }
  }

  /** Whether nothing is in flight and no transaction is open, nor the implicit one that waits for its Sync. */
  get idle(): boolean {
    return this.#expected.length === 0 && this.#status === transaction.idle && !this.#skipping && !this.#awaitsSync
  }

  /** A message goes upstream. One that the server cannot take while it copies in is a fault of the client. */
  sent(sent: Sent): void {
    const { type, name, ofStatement, statement, portal, flight, operation = 0, replacement, changes, own } = sent
    if (flight && flight.masks !== this.#masks) {
      this.#masks = flight.masks
      this.#analyzed ||= flight.masks !== undefined && findingsIn(flight.masks)?.entities !== undefined
    }
    this.#awaitsSync = type !== frontend.sync && type !== frontend.query
    const expected: Expected = {
      type,
      name,
      ofStatement,
      statement,
      portal,
      flight,
      operation,
      replacement,
      changes,
      own,
      copyEnds: 0,
      completed: 0,
      stopped: false,
    }
    if (this.copyIn.open && this.#expected.length === 1) {
      // In copy-in mode the server ignores Flush and Sync (PostgreSQL protocol, "COPY Operations").
      if (expected.type === frontend.sync) {
        this.#looseSyncs += 1
        return
      }
      this.#clientFault = new WireError(COPY_FAULT)
    }
    if (this.#skipping) {
      if (expected.type === frontend.sync) this.#skipping = false
      else if (this.#looseSyncs === 0) {
        this.#skip(expected)
        return
      } else this.#clientFault = new WireError(FAILED_COPY_FAULT)
    }
    this.#expected.push(expected)
  }

  /** RowDescription. @returns what it answers @throws WireError where it answers nothing */
  described(): Expected {
    const { head } = this.#expected
    // Before the rows of a Query, or the answer to a Describe.
    return head?.type === frontend.query ? head : this.#take(frontend.describe)
  }

  /** NoData. @returns what it answers @throws WireError where it answers nothing */
  noData(): Expected {
    return this.#take(frontend.describe)
  }

  /** Any message without content that matters here. @throws WireError where it answers nothing */
  received(type: number): void {
    switch (type) {
      case backend.parseComplete: {
        const { name, statement, flight } = this.#take(frontend.parse)
        this.statements.answered(name, statement, true)
        if (statement?.parsedAt) statement.parsedAt.reading = this.reading.now
        if (statement && name !== '') this.#sql.prepared(name, statement.understood)
        flight?.settle('completed')
        return
      }
      case backend.bindComplete: {
        const { name, portal } = this.#take(frontend.bind)
        this.portals.answered(name)
        if (portal?.runsAtBind) this.reading.changed()
        if (portal) this.#tookOver.bound(name, portal)
        return
      }
      case backend.closeComplete: {
        const { name, ofStatement } = this.#take(frontend.close)
        if (!ofStatement) {
          this.portals.answered(name)
          this.#tookOver.closed(name)
        } else {
          this.statements.answered(name, undefined, true)
          if (name !== '') this.#sql.deallocated(name)
        }
        return
      }
      case backend.parameterDescription:
        if (this.#expected.head?.type !== frontend.describe) throw astray(type)
        return
      case backend.emptyQueryResponse:
        this.#completed()
        return
      case backend.copyOutResponse:
      case backend.copyDone:
        this.#expected.receiver()
        return
      default:
        throw astray(type)
    }
  }

  /**
   * CommandComplete.
   * @param tag read only where it is of use
   * @returns what the client is told instead, if it was cut off too late for the target to stop it
   */
  completed(tag: () => string): ErrorFields | undefined {
    const { head, flight } = this.#expected
    if (this.copyIn.running) this.copyIn.completed(tag())
    const of = head?.type === frontend.query ? flight?.statements[head.completed++] : flight?.statements[0]
    this.#completed()
    if (of && of.transitions.length > 0) this.#takeOver(of, tag())
    if (!flight?.cut) return undefined
    const fields = this.cutting.tooLate(flight.cut)
    return { ...fields, message: `${fields.message} The target had completed it by then.` }
  }

  /** PortalSuspended. @returns what the client is told instead, if it was cut off within these rows */
  suspended(): ErrorFields | undefined {
    this.cutting.resultEnded()
    const { portal } = this.#take(frontend.execute)
    this.#takeOver(portal?.statements[0], '')
    const cut = portal?.flight?.cut
    return cut && this.cutting.tooLate(cut)
  }

  /**
   * ErrorResponse.
   * @returns what the client is told instead, if the error answers a stand-in
   */
  failed(fields: ReadonlyMap<string, string>): ErrorFields | undefined {
    const said = fields.get('C') ?? ''
    const sqlstate = SQLSTATE.test(said) ? said : 'XX000'
    const severity = fields.get('V') ?? fields.get('S')
    if (severity === 'FATAL' || severity === 'PANIC') this.#fatal = true
    const head = this.#expected.head
    if (!head) return undefined
    const { flight = this.#expected.flight } = head
    this.cutting.resultEnded()
    this.#failure = sqlstate
    this.#sql.failed(head.type === frontend.query ? flight?.statements[head.completed] : flight?.statements[0])
    if (!this.copyIn.running) this.#looseSyncs = 0
    const replacement = head.replacement?.by.answers(fields) ? head.replacement : undefined
    // A COPY in that we ended within a message of its client fails by what we filled that up with.
    const cut = !this.#fatal && (sqlstate === QUERY_CANCELED || this.copyIn.running) ? flight?.cut : undefined
    const ended = cut ? QUERY_CANCELED : sqlstate
    if (head.type === frontend.query) {
      head.flight?.fail(ended, this.#fatal)
      this.copyIn.drop()
    } else if (head.type !== frontend.sync) this.#failExtended(head, ended, fields)
    return cut ? refusalFields(cut) : replacement?.answer
  }

  /** ReadyForQuery. @throws WireError where no Query or Sync was sent */
  ready(status: number): void {
    this.cutting.ready()
    const head = this.#expected.head
    if (head?.type === frontend.query || head?.type === frontend.sync) {
      this.#shift()
      head.flight?.settle('completed')
    } else if (this.#looseSyncs > 0) {
      this.#looseSyncs -= 1
      // It stood behind the COPY that failed: the server reads on from here.
      this.#skipping = false
    } else throw astray(backend.readyForQuery)
    this.copyIn.drop()
    this.#status = status
    this.#sql.ready(status)
    this.reading.ready()
    // Portals live as long as their transaction.
    if (status === transaction.idle) this.portals.end(this.#failure)
    this.#failure = undefined
    this.#statusPassed = false
  }

  /** One end is gone: nothing will be answered any more. */
  abandon(status: 'aborted' | 'cancelled'): void {
    this.cutting.resultEnded()
    for (let head = this.#shift(); head; head = this.#shift()) head.flight?.settle(status)
    this.portals.abandon(status)
  }

  #completed(): void {
    const head = this.#expected.head
    this.cutting.resultEnded()
    if (this.copyIn.running) this.#looseSyncs = 0
    this.copyIn.end()
    if (head?.type === frontend.query) {
      head.flight?.resultEnded()
      return
    }
    const { portal } = this.#take(frontend.execute)
    portal?.flight?.settle('completed')
  }

  #failExtended(head: Expected, sqlstate: string, fields: ReadonlyMap<string, string>): void {
    const ended = head.replacement?.answer.sqlstate ?? sqlstate
    if (head.type === frontend.execute) head.portal?.flight?.fail(ended, this.#fatal)
    head.flight?.fail(sqlstate, this.#fatal)
    this.#statusPassed = true
    this.copyIn.drop()
    this.#shift()
    this.#unanswered(head)
    // Whether the COPY consumed its Sync, nobody says: what stands behind may be skipped or may run, so it is not called skipped.
    if (this.#looseSyncs > 0 && this.#expected.head && this.#expected.head.type !== frontend.sync) {
      this.#clientFault = new WireError(FAILED_COPY_FAULT)
      return
    }
    while (this.#expected.head && this.#expected.head.type !== frontend.sync) this.#skip(this.#shift()!)
    this.#skipping = this.#expected.length === 0
    // Its client never knew of the COPY that we ended, and waits for its Sync, which the server took as a part of the COPY.
    if (this.cutting.muted && fields.get('M')?.includes(COPY_REFUSED)) {
      for (; this.#looseSyncs > 0; this.#looseSyncs -= 1) this.#target.sync()
    }
  }

  /** The server reads it and does nothing. */
  #skip(expected: Expected): void {
    expected.flight?.settle('skipped')
    this.#unanswered(expected)
  }

  #unanswered(expected: Expected): void {
    if (expected.type === frontend.parse) this.statements.answered(expected.name, undefined, false)
    else if (expected.type === frontend.close && expected.ofStatement) this.statements.answered(expected.name, undefined, false)
    else if (expected.type === frontend.bind || expected.type === frontend.close) this.portals.answered(expected.name)
  }

  /** CopyInResponse. @throws WireError where nothing was asked */
  copyBegan(binary: boolean): void {
    this.copyIn.begin(binary)
    // What was sent behind it before the server said that it copies: a Sync is consumed by the COPY, unless its end came first.
    const head = this.#expected.head!
    while (head.copyEnds === 0 && this.#expected.length > 1) {
      const next = this.#expected.at(1)!
      if (next.type !== frontend.sync) {
        this.#clientFault = new WireError(COPY_FAULT)
        return
      }
      this.#expected.dropSecond()
      this.#looseSyncs += 1
    }
    if (this.cutting.muted || this.#expected.flight?.cut) this.#target.stop()
  }

  #take(type: number): Expected {
    const head = this.#expected.head
    // A stand-in always fails: that it succeeded means that it was not understood as one.
    if (head?.type !== type || head.replacement) throw new WireError('The server answered something that was not sent.')
    // It answers in order: a Sync before this has been answered, or never will be.
    this.#looseSyncs = 0
    this.#shift()
    return head
  }

  #shift(): Expected | undefined {
    return this.#expected.shift()
  }

  /** What a statement did to the session counts from here. */
  #takeOver(statement: StatementFacts | undefined, tag: string): void {
    if (statement && changesReading([statement])) this.reading.changed()
    if (statement && statement.transitions.length > 0 && this.#tookOver.completed(statement, tag)) this.#statusPassed = true
  }
}

function astray(type: number): WireError {
  return new WireError(`The server sent a message of type 0x${type.toString(16).padStart(2, '0')} that answers nothing.`)
}
