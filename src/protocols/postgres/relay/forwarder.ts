import type { Duplex } from 'node:stream'
import type { Admission } from '../../../guard/index.ts'
import { Refusal } from '../../../operations/index.ts'
import { copyFail, flush, readyForQuery, sync } from '../wire/build.ts'
import { frontend, transaction } from '../wire/codes.ts'
import { buildErrorResponse } from '../wire/error-response.ts'
import type { WireError } from '../wire/errors.ts'
import type { Answers } from './answers.ts'
import type { Batch, Item, Replacement } from './batch.ts'
import type { Downstream } from './downstream.ts'
import { Flight } from './flight.ts'
import type { FromServer } from './from-server.ts'
import { Outgoing } from './outgoing.ts'
import { SentCopies } from './sent-copies.ts'
import { CANCELLED, COPY_REFUSED, refusalFields, standInFor } from './stand-ins.ts'

export type Answer = Admission | Refusal

const FLUSH = flush()
const SYNC = sync()
const COPY_FAIL = copyFail(COPY_REFUSED)
/** No COPY takes it as data: text holds no NUL, and no tuple is empty in the binary format but of a table without columns. */
const FILLING = new Uint8Array(65_536)

/** Sends upstream what was admitted, as it came, and a stand-in for what was not. */
export class Forwarder {
  readonly #answers: Answers
  readonly #fromServer: FromServer
  readonly #downstream: Downstream
  readonly #target: Duplex
  readonly #upstream = new Outgoing()
  readonly #copies: SentCopies
  /** Whether the copy data that came last was passed. */
  #copyPasses = false
  /** Bytes that the server still expects of the CopyData that was passed last. */
  #copyLeft = 0
  /** The server may keep its answers to itself until it is told to send them. */
  #unflushed = false

  constructor(answers: Answers, fromServer: FromServer, downstream: Downstream, target: Duplex) {
    this.#answers = answers
    this.#fromServer = fromServer
    this.#downstream = downstream
    this.#copies = new SentCopies(downstream.copies)
    this.#target = target
  }

  /**
   * One read, one write.
   * @param first number within the session of the first of the batch's operations; 0: they have none
   * @param withdrawn the client has cancelled the first operation
   * @returns what the client did wrong, if that shows now; nothing is sent then
   */
  forward(batch: Batch, answers: readonly Answer[], first: number, withdrawn: boolean): WireError | undefined {
    let cancelled = withdrawn
    for (const item of batch.items) {
      const answer = item.operation < 0 ? undefined : answers[item.operation]!
      const operation = item.operation < 0 || first === 0 ? (item.portal?.operation ?? 0) : first + item.operation
      if (answer instanceof Refusal) this.#replace(item, { by: item.standIn ?? standInFor(item), answer: refusalFields(answer) }, operation)
      else if (answer && cancelled) {
        cancelled = false
        answer.withdraw({ status: 'cancelled', code: CANCELLED.sqlstate })
        this.#replace(item, { by: standInFor(item), answer: CANCELLED }, operation)
      } else if (item.replacement) this.#replace(item, item.replacement, operation)
      else this.#pass(item, answer, operation)
    }
    const fault = this.#answers.clientFault
    if (fault) {
      this.#upstream.drop()
      this.#copies.drop()
    } else this.#send()
    return fault
  }

  /** Makes the server send what it has answered; this has no answer of its own. */
  flush(): void {
    if (!this.#unflushed) return
    this.#unflushed = false
    this.#target.write(FLUSH)
  }

  #pass(item: Item, admission: Admission | undefined, operation: number): void {
    const { type, bytes, start, end, name, ofStatement, statement, portal, changes, own } = item
    if (type === frontend.copyData) {
      this.#passCopyData(item)
      return
    }
    if (type === frontend.copyDone || type === frontend.copyFail) {
      // The COPY that it was read for may be over by now.
      if (!this.#answers.copyIn.open) return
      this.#answers.copyIn.endSent()
      this.#copies.ended(item)
      this.#unflushed = true
    } else if (type === frontend.flush) this.#unflushed = false
    else if (type !== frontend.terminate) {
      const flight = admission && new Flight(admission, item.facts, item.masks)
      if (flight?.time !== undefined) this.#answers.cutting.watch(flight, flight.time)
      this.#unflushed = type !== frontend.sync && type !== frontend.query
      if (portal && flight) {
        portal.flight = flight
        portal.operation = operation
      }
      this.#answers.sent({ type, name, ofStatement, statement, portal, flight, operation, replacement: undefined, changes, own })
    }
    this.#upstream.add(bytes, start, end)
  }

  #replace({ type, name, ofStatement, statement, portal }: Item, replacement: Replacement, operation: number): void {
    if (type === frontend.query && this.#nothingUnderWay()) {
      this.#downstream.say(Buffer.concat([buildErrorResponse(replacement.answer), readyForQuery(transaction.idle)]), operation)
      return
    }
    this.#unflushed = type !== frontend.query
    this.#answers.sent({
      type,
      name,
      ofStatement,
      statement,
      portal,
      flight: undefined,
      operation,
      replacement,
      changes: false,
      own: false,
    })
    const { upstream } = replacement.by
    this.#upstream.add(upstream, 0, upstream.length)
  }

  /** A message goes whole or not at all: the server would take what we send next, whatever that is, for the rest of one that is cut off. */
  #passCopyData(item: Item): void {
    const { bytes, start, end, continues, announced, left } = item
    // The COPY that it was read for may be over by now.
    if (!continues) this.#copyPasses = this.#answers.copyIn.open
    if (!this.#copyPasses) return
    if (this.#answers.copyIn.copied(bytes, start, end, announced)) {
      this.#upstream.add(bytes, start, end)
      this.#copies.data(item)
      this.#copyLeft = left
    } else this.#failCopy()
  }

  /** Ends a COPY in as its client could end it, now. */
  endCopy(): void {
    this.#failCopy()
    this.#send()
  }

  #send(): void {
    this.#upstream.send(this.#target)
    this.#copies.tell()
  }

  #failCopy(): void {
    for (; this.#copyLeft > 0; this.#copyLeft -= FILLING.length) {
      this.#upstream.add(FILLING, 0, Math.min(FILLING.length, this.#copyLeft))
    }
    this.#copyLeft = 0
    this.#copyPasses = false
    if (!this.#answers.copyIn.open) return
    this.#answers.copyIn.endSent()
    this.#upstream.add(COPY_FAIL, 0, COPY_FAIL.length)
    this.#copies.refused()
  }

  /** Ends the group of messages that the server skips. */
  sync(): void {
    this.#answers.sent({
      type: frontend.sync,
      name: '',
      ofStatement: false,
      statement: undefined,
      portal: undefined,
      flight: undefined,
      operation: 0,
      replacement: undefined,
      changes: false,
      own: false,
    })
    this.#target.write(SYNC)
  }

  /** Whether an answer of our own would overtake nothing, in either direction, and would not pile up before a client that does not read. */
  #nothingUnderWay(): boolean {
    return this.#answers.idle && this.#upstream.empty && this.#fromServer.atBoundary && !this.#downstream.full
  }
}
