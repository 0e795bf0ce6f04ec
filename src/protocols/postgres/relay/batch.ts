import type { Decided, Mask } from '../../../operations/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { frontend } from '../wire/codes.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import type { WireName } from '../wire/read.ts'
import type { Portal } from './portal.ts'
import type { ReadStatement } from './read-statement.ts'
import type { StandIn } from './stand-ins.ts'

/** A stand-in, and the error that the client sees instead of the one that the server answers it with. */
export interface Replacement {
  readonly by: StandIn
  readonly answer: ErrorFields
}

/** One message of the client, or a run of its bytes that need no answer. */
export interface Item {
  /** Its type: one of `frontend`. */
  readonly type: number
  readonly bytes: Uint8Array
  readonly start: number
  end: number
  /** The statement that a Parse or Close is about, or the portal of a Bind, Execute or Close. */
  readonly name: WireName
  /** Close: of a statement, not a portal. */
  readonly ofStatement: boolean
  /** Parse: what the name will mean. */
  readonly statement: ReadStatement | undefined
  /** Bind, Execute: what is made, or run. Describe: what it is certain to be about. */
  readonly portal: Portal | undefined
  /** Query, Bind: what the server completes one after the other. */
  readonly facts: readonly StatementFacts[]
  /** A text behind it may mean something else once it is answered. */
  readonly changes: boolean
  /** Its place among the batch's operations; -1 if it is none. */
  readonly operation: number
  /** Describe: it is the gateway's own question, whose answer the client does not see. */
  readonly own: boolean
  /** Query, Parse, Bind: what the client is not to see of it; undefined: nothing. */
  readonly masks: readonly Mask[] | undefined
  /** What stands in for it upstream where that does not follow from its type. */
  readonly standIn: StandIn | undefined
  /** Set where it fails without asking anybody: nothing of it could ever run. */
  readonly replacement: Replacement | undefined
  /** CopyData: it begins with the rest of a message whose beginning stands in an item before. */
  readonly continues: boolean
  /** CopyData: bytes of the messages that begin in it, to their ends. */
  announced: number
  /** CopyData: bytes of its last message that are still to come. */
  left: number
}

/** What is said of one when it is read. */
export type NewItem = Pick<Item, 'type' | 'bytes' | 'start' | 'end'> & Partial<Item>

const NO_FACTS: readonly StatementFacts[] = []

/** Everything framed from one read: decided, admitted and forwarded together. */
export class Batch {
  readonly items: Item[] = []
  readonly operations: Decided[] = []
  #changing = false
  #running = false
  #answered = false

  /** Whether persons may have to be asked before anything of it goes: then it is all that belongs together, and begins with nothing under way. */
  asks = false
  #bytes = 0

  /** Bytes of its messages. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether something in it may give a text behind it another meaning. */
  get changing(): boolean {
    return this.#changing
  }

  /** Whether something in it may begin or end a transaction. */
  get running(): boolean {
    return this.#running
  }

  /** Whether the server will have to answer something of it. */
  get answered(): boolean {
    return this.#answered
  }

  /** Whether something of it runs that persons have to be asked for; what is only prepared does nothing yet. */
  get mustAsk(): boolean {
    return this.asks && this.operations.some(({ operation, decision }) => operation.form !== 'prepare' && decision.effect === 'ask')
  }

  /** Adds it, with nothing said of it where nothing was. */
  add(item: NewItem): void {
    // One shape for all of them: they are read where time counts.
    const {
      type,
      bytes,
      start,
      end,
      name = '',
      ofStatement = false,
      statement,
      portal,
      facts = NO_FACTS,
      changes = false,
      operation = -1,
      own = false,
      masks,
      replacement,
      standIn,
      continues = false,
      announced = 0,
      left = 0,
    } = item
    this.#push({
      type,
      bytes,
      start,
      end,
      name,
      ofStatement,
      statement,
      portal,
      facts,
      changes,
      operation,
      own,
      masks,
      replacement,
      standIn,
      continues,
      announced,
      left,
    })
  }

  #push(item: Item): void {
    if (item.changes) this.#changing = true
    this.#bytes += item.end - item.start
    switch (item.type) {
      case frontend.copyData:
      case frontend.copyDone:
      case frontend.copyFail:
      case frontend.flush:
      case frontend.terminate:
        break
      case frontend.query:
      case frontend.execute:
      case frontend.sync:
        this.#running = true
        this.#answered = true
        break
      default:
        this.#answered = true
    }
    this.items.push(item)
  }
}
