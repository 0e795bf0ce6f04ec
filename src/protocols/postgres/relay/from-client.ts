import { type Decided, type Decision, type Facts, type Operation, Refusal } from '../../../operations/index.ts'
import { type SqlSession, transactionFacts, type Understood } from '../sql/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { frontend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import { Framer, type MessageVisitor } from '../wire/framer.ts'
import { readBind, readExecute, readNamed, readParse, readQuery, type WireName } from '../wire/read.ts'
import type { Answers } from './answers.ts'
import { Batch, type Item, type Replacement } from './batch.ts'
import { isPlainName, NOT_PLAIN } from './plain-name.ts'
import type { ReadStatement } from './read-statement.ts'
import { type StandIn, standIns, unknownPortal, unknownStatement } from './stand-ins.ts'

/** Everything but CopyData has to be read whole before it may go on. */
const ASSEMBLED = Object.values(frontend).filter((type) => type !== frontend.copyData)

const ALL_TAKEN: readonly Uint8Array[] = []
const NO_BYTES = new Uint8Array(0)
const NO_FACTS: readonly StatementFacts[] = []

/** What this needs of the guard. */
export interface Decides {
  readonly decide: (operation: Operation) => Decision
  readonly usesTransaction: boolean
}

/** Reads the client: frames its bytes, finds its operations and has each decided. */
export class FromClient implements MessageVisitor {
  readonly #framer: Framer
  readonly #answers: Answers
  readonly #decide: (operation: Operation) => Decision
  readonly #guard: { readonly usesTransaction: boolean }
  readonly #inTransaction = transactionFacts()
  readonly #sql: SqlSession
  readonly #limit: number
  #batch = new Batch()
  /** Something in the batch may give a text behind it another meaning. */
  #changing = false
  /** Something in the batch may begin or end a transaction. */
  #running = false
  /** Portals whose statement may do so when it is executed. */
  readonly #changingPortals = new Set<WireName>()
  /** Syncs framed so far: the group that a message belongs to. */
  #group = 0
  #terminated = false
  /** The message that has to wait: until the server said what a name means, or until its text is understood. */
  #unsure: Uint8Array | undefined
  #thinking: Promise<void> | undefined
  /** What the text of that message was understood to be, and in which epoch. */
  #thought: { readonly understood: Understood; readonly epoch: number } | undefined

  constructor(answers: Answers, guard: Decides, sql: SqlSession, limit: number) {
    this.#answers = answers
    this.#guard = guard
    this.#decide = guard.decide
    this.#sql = sql
    this.#limit = limit
    this.#framer = new Framer(this, { assembled: ASSEMBLED, limit })
  }

  /** Whether the client has sent Terminate. */
  get terminated(): boolean {
    return this.#terminated
  }

  /** Whether no message is half read. */
  get atBoundary(): boolean {
    return this.#framer.atBoundary
  }

  /** Resolves when the text that waits is understood; undefined where none is thought about. */
  get thinking(): Promise<void> | undefined {
    return this.#thinking
  }

  /**
   * Adds the messages in these bytes to the batch.
   * @returns nothing if all were taken; else the bytes, in order, to give again once `thinking` has resolved, or where it is absent, once
   * the server has answered something
   * @throws WireError
   */
  read(chunk: Uint8Array): readonly Uint8Array[] {
    const consumed = this.#framer.push(chunk)
    const unsure = this.#unsure
    if (!unsure) return ALL_TAKEN
    this.#unsure = undefined
    return consumed === chunk.length ? [unsure] : [unsure, chunk.subarray(consumed)]
  }

  /** What was read since the last call. */
  take(): Batch {
    const batch = this.#batch
    this.#batch = new Batch()
    this.#changing = false
    this.#running = false
    return batch
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    switch (type) {
      case frontend.bind:
        return this.#bind(bytes, start, end)
      case frontend.execute: {
        const portal = readExecute(bytes, start, end)
        if (!isPlainName(portal)) return this.#refuseInstead(NOT_PLAIN)
        const replacement = this.#answers.portalExpected(portal) ? undefined : { by: standIns.parse, answer: unknownPortal(portal) }
        const changes = this.#changingPortals.has(portal)
        this.#changing ||= changes
        return this.#push({ type, bytes, start, end, name: portal, replacement, changes })
      }
      case frontend.sync:
        this.#group += 1
        return this.#add(type, bytes, start, end)
      case frontend.query:
        return this.#query(bytes, start, end)
      case frontend.parse:
        return this.#parse(bytes, start, end)
      case frontend.describe:
        if (!isPlainName(readNamed(bytes, start, end).name)) return this.#refuseInstead(NOT_PLAIN)
        return this.#add(type, bytes, start, end)
      case frontend.close:
        return this.#close(bytes, start, end)
      case frontend.copyData:
        this.piece(type, bytes, start, end, true)
        return true
      case frontend.flush:
      case frontend.copyDone:
      case frontend.copyFail:
        return this.#add(type, bytes, start, end)
      case frontend.functionCall:
        return this.#refuse(frontend.query, standIns.query, 'The gateway does not carry FunctionCall messages.')
      case frontend.terminate:
        this.#terminated = true
        this.#add(type, bytes, start, end)
        return false
      default:
        throw unexpected(type)
    }
  }

  /** CopyData, whole or in part: it belongs to a COPY that was admitted. */
  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void {
    if (type !== frontend.copyData) throw unexpected(type)
    const last = this.#batch.items.at(-1)
    if (last?.type === type && last.bytes === bytes && last.end === start) last.end = end
    else this.#add(type, bytes, start, end, '', undefined, false, !first)
  }

  /** Too long to be recorded before it is forwarded, so it is not forwarded. */
  oversize(type: number): void {
    const reason = `A message of more than ${this.#limit} bytes cannot be inspected, so it is refused.`
    if (type === frontend.query) this.#refuse(type, standIns.query, reason)
    else if (type === frontend.parse || type === frontend.bind) this.#refuseInstead(reason)
    else throw new WireError(`A message of type 0x${type.toString(16)} is longer than the gateway reads.`)
  }

  /** Refuses a message of the extended protocol as if it were a Describe: whatever name it carried keeps its meaning. */
  #refuseInstead(reason: string): true {
    return this.#refuse(frontend.describe, standIns.parse, reason)
  }

  /** What is not carried is an operation all the same: asked for, refused, and recorded. */
  #refuse(type: number, standIn: StandIn, reason: string): true {
    const operation: Operation = { protocol: 'postgres', form: 'unsupported', statement: { text: Buffer.from(reason) } }
    const decision: Decision = { effect: 'deny', rules: [], policy: this.#decide(operation).policy }
    const place = this.#batch.operations.length
    this.#batch.operations.push({ operation, decision, refusal: new Refusal('GS_OPERATION_NOT_SUPPORTED', { reason }) })
    return this.#push({ type, bytes: NO_BYTES, start: 0, end: 0, operation: place, standIn })
  }

  #query(bytes: Uint8Array, start: number, end: number): boolean {
    const text = readQuery(bytes, start, end)
    const understood = this.#understand(text)
    if (!understood) return this.#wait(bytes, start, end)
    const statement = { text, understood, epoch: this.#sql.epoch }
    const changes = this.#sql.changes(understood.statements)
    this.#changing ||= changes
    return this.#operate({ type: frontend.query, bytes, start, end, statement, facts: understood.statements, changes }, 'query', statement)
  }

  #parse(bytes: Uint8Array, start: number, end: number): boolean {
    const { name, text } = readParse(bytes, start, end)
    if (!isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    // Copied: a prepared statement may outlive the chunk by hours.
    const kept = Uint8Array.prototype.slice.call(text)
    const understood = this.#understand(kept)
    if (!understood) return this.#wait(bytes, start, end)
    const statement: ReadStatement = { text: kept, understood, epoch: this.#sql.epoch }
    this.#answers.statements.change(name, statement, this.#group)
    return this.#operate({ type: frontend.parse, bytes, start, end, name, statement }, 'prepare', statement)
  }

  #bind(bytes: Uint8Array, start: number, end: number): boolean {
    const { portal, statement: name, parameters } = readBind(bytes, start, end)
    if (!isPlainName(portal) || !isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    const statement = this.#answers.statements.resolve(name, this.#group)
    if (statement === 'unsure' || (statement && !this.#upToDate(statement))) return this.#wait(bytes, start, end)
    this.#answers.portalChanges(portal)
    if (!statement) return this.#add(frontend.bind, bytes, start, end, portal, { by: standIns.bind, answer: unknownStatement(name) })
    const facts = statement.understood.statements
    if (this.#sql.changes(facts)) this.#changingPortals.add(portal)
    else if (this.#changingPortals.size > 0) this.#changingPortals.delete(portal)
    return this.#operate({ type: frontend.bind, bytes, start, end, name: portal, statement, facts }, 'bind', statement, parameters)
  }

  /** What is done to the session before this text is not known to the end, so neither is what the text means. */
  get #uncertain(): boolean {
    if (this.#changing || this.#answers.changing) return true
    // What an implicit transaction did may yet be undone where it fails to commit.
    return this.#answers.inFlight && this.#sql.changes(NO_FACTS)
  }

  /** @returns undefined where it has to be waited for */
  #understand(text: Uint8Array): Understood | undefined {
    if (this.#uncertain) return undefined
    const thought = this.#thought
    this.#thought = undefined
    if (thought?.epoch === this.#sql.epoch) return thought.understood
    const answer = this.#sql.understand(text)
    if (!(answer instanceof Promise)) return answer
    this.#thinking = answer.then((understood) => {
      this.#thinking = undefined
      this.#thought = { understood, epoch: this.#sql.epoch }
    })
    return undefined
  }

  /** Whether the statement is understood as it would run now; it is brought up to date where that can be done at once. */
  #upToDate(statement: ReadStatement): boolean {
    if (this.#uncertain) return false
    if (statement.epoch === this.#sql.epoch) return true
    const understood = this.#understand(statement.text)
    if (!understood) return false
    statement.understood = understood
    statement.epoch = this.#sql.epoch
    return true
  }

  #wait(bytes: Uint8Array, start: number, end: number): false {
    this.#unsure = bytes.subarray(start, end)
    return false
  }

  #close(bytes: Uint8Array, start: number, end: number): true {
    const { kind, name } = readNamed(bytes, start, end)
    if (!isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    if (kind === 'statement') this.#answers.statements.change(name, undefined, this.#group)
    return this.#add(frontend.close, bytes, start, end, name, undefined, kind === 'statement')
  }

  #operate(item: NewItem, form: Operation['form'], statement: ReadStatement, parameters?: Uint8Array): true {
    const { refusal } = statement.understood
    const facts = this.#factsNow(statement.understood.facts)
    const operation: Operation = parameters
      ? { protocol: 'postgres', form, statement, parameters, facts }
      : { protocol: 'postgres', form, statement, facts }
    const decision = this.#decide(operation)
    const { operations } = this.#batch
    const place = operations.length
    operations.push(refusal === undefined ? { operation, decision } : notUnderstood(operation, decision, refusal))
    return this.#push({ ...item, operation: place })
  }

  /** Where a rule asks for it, with the state of the transaction. */
  #factsNow(facts: Facts): Facts {
    if (!this.#guard.usesTransaction || this.#running) return facts
    const status = this.#answers.transaction
    return status === undefined ? facts : this.#inTransaction(facts, status)
  }

  #add(
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    name: WireName = '',
    replacement?: Replacement,
    ofStatement = false,
    continues = false,
  ): true {
    return this.#push({ type, bytes, start, end, name, ofStatement, replacement, continues })
  }

  #push(item: NewItem): true {
    const {
      type,
      bytes,
      start,
      end,
      name = '',
      ofStatement = false,
      statement,
      facts = NO_FACTS,
      changes = false,
      operation = -1,
      replacement,
      standIn,
      continues = false,
    } = item
    if (type === frontend.query || type === frontend.execute || type === frontend.sync) this.#running = true
    this.#batch.items.push({
      type,
      bytes,
      start,
      end,
      name,
      ofStatement,
      statement,
      facts,
      changes,
      operation,
      replacement,
      standIn,
      continues,
    })
    return true
  }
}

type NewItem = Pick<Item, 'type' | 'bytes' | 'start' | 'end'> & Partial<Item>

/** Refused whatever the rules say, and recorded like every refusal. */
function notUnderstood(operation: Operation, { policy }: Decision, reason: string): Decided {
  return {
    operation,
    decision: { effect: 'deny', rules: [], policy },
    refusal: new Refusal('GS_OPERATION_NOT_UNDERSTOOD', { reason }),
  }
}

function unexpected(type: number): WireError {
  return new WireError(`A message of type 0x${type.toString(16).padStart(2, '0')} is not expected here.`)
}
