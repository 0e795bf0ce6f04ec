import type { Duplex } from 'node:stream'
import type { Admission } from '../../../guard/index.ts'
import { Refusal } from '../../../operations/index.ts'
import { copyFail, flush, readyForQuery } from '../wire/build.ts'
import { frontend, transaction } from '../wire/codes.ts'
import { buildErrorResponse } from '../wire/error-response.ts'
import type { WireError } from '../wire/errors.ts'
import type { Answers } from './answers.ts'
import type { Batch, Item, Replacement } from './batch.ts'
import { Flight } from './flight.ts'
import type { FromServer } from './from-server.ts'
import { Outgoing } from './outgoing.ts'
import { CANCELLED, refusalFields, standInFor } from './stand-ins.ts'

export type Answer = Admission | Refusal

const FLUSH = flush()
const COPY_FAIL = copyFail('gatescribe refused')

/** Sends upstream what was admitted, as it came, and a stand-in for what was not. */
export class Forwarder {
  readonly #answers: Answers
  readonly #fromServer: FromServer
  readonly #client: Duplex
  readonly #target: Duplex
  readonly #upstream = new Outgoing()
  /** Whether the copy data that came last was passed. */
  #copyPasses = false
  #forwarding = false
  /** A COPY was cut off, and the client may not know it yet: what it still sends of it goes nowhere. */
  #copyCut = false
  /** The server may keep its answers to itself until it is told to send them. */
  #unflushed = false

  constructor(answers: Answers, fromServer: FromServer, client: Duplex, target: Duplex) {
    this.#answers = answers
    this.#fromServer = fromServer
    this.#client = client
    this.#target = target
  }

  /**
   * One read, one write.
   * @param withdrawn the client has cancelled the first operation
   * @returns what the client did wrong, if that shows now; nothing is sent then
   */
  forward(batch: Batch, answers: readonly Answer[], withdrawn: boolean): WireError | undefined {
    let cancelled = withdrawn
    this.#forwarding = true
    for (const item of batch.items) {
      const answer = item.operation < 0 ? undefined : answers[item.operation]!
      if (answer instanceof Refusal) this.#replace(item, { by: item.standIn ?? standInFor(item), answer: refusalFields(answer) })
      else if (answer && cancelled) {
        cancelled = false
        answer.settle({ status: 'cancelled', sqlstate: CANCELLED.sqlstate })
        this.#replace(item, { by: standInFor(item), answer: CANCELLED })
      } else if (item.replacement) this.#replace(item, item.replacement)
      else this.#pass(item, answer)
    }
    this.#forwarding = false
    const fault = this.#answers.clientFault
    if (fault) this.#upstream.drop()
    else this.#upstream.send(this.#target)
    return fault
  }

  /** Makes the server send what it has answered; this has no answer of its own. */
  flush(): void {
    if (!this.#unflushed) return
    this.#unflushed = false
    this.#target.write(FLUSH)
  }

  #pass(item: Item, admission: Admission | undefined): void {
    const { type, bytes, start, end, name, ofStatement, statement, portal, continues, changes } = item
    if (type === frontend.copyData) {
      // Outside a COPY the server ignores it, and nothing was admitted that it could belong to. A message goes whole or not at all:
      // of one that is cut off, the server would take what we send next, whatever that is, for the rest.
      if (!continues) this.#copyPasses = this.#answers.inFlight && !this.#cutsCopy()
      if (!this.#copyPasses) return
      this.#answers.copied(end - start)
    } else if (type === frontend.copyDone || type === frontend.copyFail) {
      if (this.#cutsCopy()) return
      this.#answers.copyEnded()
    } else if (type === frontend.flush) this.#unflushed = false
    else if (type !== frontend.terminate) {
      const flight = admission && new Flight(admission, item.facts)
      if (flight?.time !== undefined) this.#answers.watch(flight, flight.time)
      this.#unflushed = type !== frontend.sync && type !== frontend.query
      this.#copyCut = false
      if (portal && flight) portal.flight = flight
      this.#answers.sent({ type, name, ofStatement, statement, portal, flight, replacement: undefined, changes })
    }
    this.#upstream.add(bytes, start, end)
  }

  #replace({ type, name, ofStatement, statement, portal }: Item, replacement: Replacement): void {
    if (type === frontend.query && this.#nothingUnderWay()) {
      this.#client.write(Buffer.concat([buildErrorResponse(replacement.answer), readyForQuery(transaction.idle)]))
      return
    }
    this.#unflushed = type !== frontend.query
    this.#copyCut = false
    this.#answers.sent({ type, name, ofStatement, statement, portal, flight: undefined, replacement, changes: false })
    const { upstream } = replacement.by
    this.#upstream.add(upstream, 0, upstream.length)
  }

  /** Ends a COPY in that was cut off, now; to be called between two messages of its client. */
  endCopy(): void {
    // Within `forward` what comes next in the batch ends it, behind what is on its way.
    if (!this.#forwarding && this.#cutsCopy()) this.#upstream.send(this.#target)
  }

  /** A COPY that came to more than it may is ended as its client could end it; what of it is still on its way goes nowhere. */
  #cutsCopy(): boolean {
    if (!this.#copyCut && this.#answers.copyCut) {
      this.#copyCut = true
      this.#answers.copyEnded()
      this.#upstream.add(COPY_FAIL, 0, COPY_FAIL.length)
    }
    return this.#copyCut
  }

  /** Whether an answer of our own would overtake nothing, in either direction, and would not pile up before a client that does not read. */
  #nothingUnderWay(): boolean {
    return this.#answers.idle && this.#upstream.empty && this.#fromServer.atBoundary && !this.#client.writableNeedDrain
  }
}
