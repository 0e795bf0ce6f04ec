import type { Refusal } from '../../../operations/index.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { backend, frontend, transaction } from '../wire/codes.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { Charges } from './charges.ts'
import { CopiedRows } from './copied-rows.ts'
import { type Expected, type Sent, Unanswered } from './expected.ts'
import type { Flight } from './flight.ts'
import { mayDiffer } from './portal.ts'
import { Portals } from './portals.ts'
import { Reading } from './reading.ts'
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
/** How often it is looked whether the target has come to what has no time left; ms. */
const LOOK_MS = 50
/** After so long the target is told again to stop what it is still at: a cancel request may get lost; ms. */
const AGAIN_MS = 1_000
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
  /** The server is in copy-in mode for the head. */
  #copyingIn = false
  /** How many times it was. */
  #copies = 0
  /** Counted where the COPY is limited. */
  #copiedRows: CopiedRows | undefined
  /** Syncs that the server may have consumed as part of a failed COPY, or may yet answer. */
  #looseSyncs = 0
  readonly #charges = new Charges()
  #clientFault: WireError | undefined
  /** An operation was cut off too late for its error: the client is told ours, and nothing more up to the next ReadyForQuery. */
  #muted = false
  /** Something that was cut off is under way, as far as the chunk was read. */
  #stopWanted = false

  /** @param parameters ParameterStatus of the log-in */
  constructor(sql: SqlSession, target: TargetControl, parameters: Iterable<readonly [string, string]>) {
    this.#sql = sql
    this.reading = new Reading(parameters)
    this.#tookOver = new TookOver(sql, this.statements, this.portals)
    this.#target = target
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

  /** Whether the server takes copy data, and no end of it is on its way. */
  get copyOpen(): boolean {
    return this.#copyingIn && this.#expected.head?.copyEnds === 0
  }

  /** How many COPYs in the server has begun: tells one from the next. */
  get copies(): number {
    return this.#copies
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
    const { type, name, ofStatement, statement, portal, flight, replacement, changes } = sent
    this.#awaitsSync = type !== frontend.sync && type !== frontend.query
    const expected: Expected = {
      type,
      name,
      ofStatement,
      statement,
      portal,
      flight,
      replacement,
      changes,
      copyEnds: 0,
      completed: 0,
      stopped: false,
    }
    if (this.copyOpen && this.#expected.length === 1) {
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

  /** The end of the COPY that the server takes data for goes upstream. */
  copyEnded(): void {
    const { head } = this.#expected
    if (head) head.copyEnds += 1
  }

  /**
   * Copy data of the client is about to go upstream: a run of messages, or a part of one.
   * @param announced bytes of the messages that begin in it, to their ends
   * @returns whether it may: nothing may that comes to more than it may
   */
  copied(bytes: Uint8Array, start: number, end: number, announced: number): boolean {
    const flight = this.#headFlight()
    if (!flight) return true
    const before = this.#copiedRows?.rows ?? 0
    this.#copiedRows?.add(bytes, start, end)
    const refusal = flight.charge((this.#copiedRows?.rows ?? 0) - before, announced)
    if (refusal) flight.cutOff(refusal)
    return flight.cut === undefined
  }

  /**
   * A row or a piece of a result arrives.
   * @param rows 1 where it starts one
   * @returns whether it may be passed: nothing is that came behind a limit
   * @throws WireError where nothing was asked
   */
  result(rows: number, bytes: number): boolean {
    if (!this.#charges.flight) this.#charges.start(this.#receiver())
    const flight = this.#charges.flight
    if (!flight) return true
    // A portal that came to its end gives nothing more, so this is another one's.
    if (flight.settled && this.#expected.head?.type === frontend.execute) flight.cutOff(mayDiffer())
    if (flight.cut) {
      this.#stopWanted = true
      return false
    }
    this.#charges.add(rows, bytes)
    if (flight.limited) this.#charge()
    return flight.cut === undefined
  }

  /**
   * A chunk of the server is read to its end: charges what arrived, and stops what was cut off. Not before, as often the chunk holds its end
   * too, and a cancel request would hit what comes behind it.
   */
  chunkEnded(): void {
    this.#charge()
    if (!this.#stopWanted) return
    this.#stopWanted = false
    if (this.#muted ? this.#goesOn : this.#headFlight()?.cut) this.#stopHead()
  }

  /** Cuts it off when its time is over; ms from now. Where others are before it, the target is stopped once it has come to it. */
  watch(flight: Flight, time: number): void {
    const over = (): void => {
      flight.cutOff(flight.overtime())
      if (this.#headFlight() === flight) this.#stopHead()
      flight.alarm(LOOK_MS, over)
    }
    flight.alarm(time, over)
  }

  /** Whether the client is told nothing, because it was told an error of ours in this place. */
  get muted(): boolean {
    return this.#muted
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
      case backend.noData:
        this.#take(frontend.describe)
        return
      case backend.rowDescription:
        // Before the rows of a Query, or the answer to a Describe.
        if (this.#expected.head?.type !== frontend.query) this.#take(frontend.describe)
        return
      case backend.parameterDescription:
        if (this.#expected.head?.type !== frontend.describe) throw astray(type)
        return
      case backend.emptyQueryResponse:
        this.#completed()
        return
      case backend.copyOutResponse:
      case backend.copyDone:
        this.#receiver()
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
    // Of a COPY in the rows are known from its end only, since CopyData is cut where the client likes.
    const head = this.#expected.head
    const flight = this.#headFlight()
    if (this.#copyingIn) {
      const refusal = flight?.charge(rowsOf(tag()) - (this.#copiedRows?.rows ?? 0), 0)
      if (refusal) flight?.cutOff(refusal)
    }
    const of = head?.type === frontend.query ? flight?.statements[head.completed++] : flight?.statements[0]
    this.#completed()
    if (of && of.transitions.length > 0) this.#takeOver(of, tag())
    if (!flight?.cut) return undefined
    const fields = this.#cutLate(flight.cut)
    return { ...fields, message: `${fields.message} The target had completed it by then.` }
  }

  /** PortalSuspended. @returns what the client is told instead, if it was cut off within these rows */
  suspended(): ErrorFields | undefined {
    this.#charges.end()
    const { portal } = this.#take(frontend.execute)
    this.#takeOver(portal?.statements[0], '')
    const cut = portal?.flight?.cut
    return cut && this.#cutLate(cut)
  }

  /** The target has come to its end, and goes on with what is behind it, as if nothing were; its client is told of an error. */
  #cutLate(cut: Refusal): ErrorFields {
    this.#muted = true
    this.#stopWanted = true
    return refusalFields(cut)
  }

  /** Whether the target goes on with what its client believes to be skipped. */
  get #goesOn(): boolean {
    const { head } = this.#expected
    if (head?.type === frontend.query) return head.completed < (head.flight?.statements.length ?? 0)
    return head !== undefined && head.type !== frontend.sync
  }

  /** Charges what arrived so far. */
  #charge(): void {
    const { flight } = this.#charges
    const refusal = this.#charges.flush()
    if (!refusal || !flight) return
    flight.cutOff(refusal)
    this.#stopWanted = true
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
    const { flight = this.#headFlight() } = head
    this.#charges.end()
    this.#failure = sqlstate
    this.#sql.failed(head.type === frontend.query ? flight?.statements[head.completed] : flight?.statements[0])
    if (!this.#copyingIn) this.#looseSyncs = 0
    const replacement = head.replacement?.by.answers(fields) ? head.replacement : undefined
    // A COPY in that we ended within a message of its client fails by what we filled that up with.
    const cut = !this.#fatal && (sqlstate === QUERY_CANCELED || this.#copyingIn) ? flight?.cut : undefined
    const ended = cut ? QUERY_CANCELED : sqlstate
    if (head.type === frontend.query) {
      head.flight?.fail(ended, this.#fatal)
      this.#copyingIn = false
    } else if (head.type !== frontend.sync) this.#failExtended(head, ended, fields)
    return cut ? refusalFields(cut) : replacement?.answer
  }

  /** ReadyForQuery. @throws WireError where no Query or Sync was sent */
  ready(status: number): void {
    this.#charges.end()
    const head = this.#expected.head
    if (head?.type === frontend.query || head?.type === frontend.sync) {
      this.#shift()
      head.flight?.settle('completed')
    } else if (this.#looseSyncs > 0) {
      this.#looseSyncs -= 1
      // It stood behind the COPY that failed: the server reads on from here.
      this.#skipping = false
    } else throw astray(backend.readyForQuery)
    this.#copyingIn = false
    this.#muted = false
    this.#status = status
    this.#sql.ready(status)
    // Portals live as long as their transaction.
    if (status === transaction.idle) this.portals.end(this.#failure)
    this.#failure = undefined
    this.#statusPassed = false
  }

  /** One end is gone: nothing will be answered any more. */
  abandon(status: 'aborted' | 'cancelled'): void {
    this.#charges.end()
    for (let head = this.#shift(); head; head = this.#shift()) head.flight?.settle(status)
    this.portals.abandon(status)
  }

  #completed(): void {
    const head = this.#expected.head
    this.#charges.end()
    if (this.#copyingIn) this.#looseSyncs = 0
    this.#endCopy()
    if (head?.type === frontend.query) return
    const { portal } = this.#take(frontend.execute)
    portal?.flight?.settle('completed')
  }

  #failExtended(head: Expected, sqlstate: string, fields: ReadonlyMap<string, string>): void {
    const ended = head.replacement?.answer.sqlstate ?? sqlstate
    if (head.type === frontend.execute) head.portal?.flight?.fail(ended, this.#fatal)
    head.flight?.fail(sqlstate, this.#fatal)
    this.#statusPassed = true
    this.#copyingIn = false
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
    if (this.#muted && fields.get('M')?.includes(COPY_REFUSED)) {
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
  copyIn(binary: boolean): void {
    const flight = this.#receiver()
    this.#copyingIn = true
    this.#copies += 1
    this.#copiedRows = flight?.limited ? new CopiedRows(binary) : undefined
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
    if (this.#muted || flight?.cut) this.#target.stop()
  }

  /** The COPY that the head was in is over. */
  #endCopy(): void {
    const { head } = this.#expected
    if (this.#copyingIn && head && head.copyEnds > 0) head.copyEnds -= 1
    this.#copyingIn = false
  }

  #receiver(): Flight | undefined {
    const type = this.#expected.head?.type
    if (type !== frontend.query && type !== frontend.execute) throw new WireError('The server sent a result that nobody asked for.')
    return this.#headFlight()
  }

  #headFlight(): Flight | undefined {
    const head = this.#expected.head
    return head?.type === frontend.execute ? head.portal?.flight : head?.flight
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
    if (statement && statement.transitions.length > 0 && this.#tookOver.completed(statement, tag)) this.#statusPassed = true
  }

  /** Stops what the target is at. Until it did, nothing goes upstream that a second request could hit. */
  #stopHead(): void {
    const { head } = this.#expected
    if (!head || head.stopped) return
    head.stopped = true
    this.#target.stop()
    setTimeout(() => {
      if (this.#expected.head !== head) return
      head.stopped = false
      this.#stopHead()
    }, AGAIN_MS).unref()
  }
}

/** @param tag of a COPY: `COPY 12` */
function rowsOf(tag: string): number {
  return tag.startsWith('COPY ') ? Number.parseInt(tag.slice('COPY '.length), 10) || 0 : 0
}

function astray(type: number): WireError {
  return new WireError(`The server sent a message of type 0x${type.toString(16).padStart(2, '0')} that answers nothing.`)
}
