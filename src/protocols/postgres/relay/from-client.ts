import { type Decided, type Facts, type Operation, Refusal } from '../../../operations/index.ts'
import type { SqlSession } from '../sql/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import * as build from '../wire/build.ts'
import { frontend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import { Framer, type MessageVisitor } from '../wire/framer.ts'
import { readBind, readExecute, readNamed, readParse, readQuery, type WireName } from '../wire/read.ts'
import { type Answers, COPY_FAULT } from './answers.ts'
import { Batch, type NewItem } from './batch.ts'
import { ClientCopy } from './client-copy.ts'
import { type Decides, Deciding } from './deciding.ts'
import { LostColumns } from './lost-columns.ts'
import { Meaning } from './meaning.ts'
import { isPlainName, NOT_PLAIN } from './plain-name.ts'
import { mayDiffer, Portal, sameFacts, sameLimits, sameMasks, sameResults } from './portal.ts'
import type { ReadStatement } from './read-statement.ts'
import { type StandIn, standIns, unknownPortal, unknownStatement } from './stand-ins.ts'

/** Everything but CopyData has to be read whole before it may go on. */
const ASSEMBLED = Object.values(frontend).filter((type) => type !== frontend.copyData)

/** Bytes of messages that are asked for together at most; what comes behind that is asked for by itself. */
const ASKED_TOGETHER = 1024 * 1024
/** Messages of them at most: some are of ten bytes, and each is remembered. */
const MESSAGES_TOGETHER = 4_096
const NO_BYTES = new Uint8Array(0)
const NO_FACTS: readonly StatementFacts[] = []

/** Behind these the client waits for answers: what it asks for together is complete. */
const ENDS_ASKING: ReadonlySet<number> = new Set([frontend.query, frontend.sync, frontend.flush])

/** These may do something to the session, or give a name to something else. */
const COMMANDS: ReadonlySet<number> = new Set([frontend.query, frontend.parse, frontend.bind, frontend.execute, frontend.close])

/** Reads the client: frames its bytes, finds its operations and has each decided. */
export class FromClient implements MessageVisitor {
  readonly #framer: Framer
  readonly #answers: Answers
  readonly #deciding: Deciding
  readonly #copy: ClientCopy
  readonly #sql: SqlSession
  readonly #meaning: Meaning
  readonly #limit: number
  #batch = new Batch()
  /** Syncs framed so far: the group that a message belongs to. */
  #group = 0
  /** Counts what was framed that may end a portal, or change what executing it does. */
  #moves = 0
  /** Counts what was framed that may do anything. */
  #commands = 0
  #terminated = false
  /** The message that has to wait: whole, or the beginning of a CopyData. */
  #held: Uint8Array | undefined
  /** What has to be asked for is read to the end of what belongs together. */
  #asked = false
  /** Whether the message that waits may be read now. */
  #ready = (): boolean => true

  /** @param limit bytes of a message that is read @param database as the target calls it; undefined: not known */
  constructor(answers: Answers, guard: Decides, sql: SqlSession, limit: number, database?: string) {
    this.#answers = answers
    this.#deciding = new Deciding(answers, guard, new LostColumns(() => sql.catalog, database))
    this.#copy = new ClientCopy(answers)
    this.#sql = sql
    this.#meaning = new Meaning(answers, sql)
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
    return this.#meaning.thinking
  }

  /** Bytes of the message that waits: until the server said what a name means, or until its text is understood. 0: none waits. */
  get held(): number {
    return this.#held?.length ?? 0
  }

  /** Whether what a message waits for is still not there. */
  get waits(): boolean {
    return this.#held !== undefined && (this.#meaning.thinking !== undefined || !(this.#ready() || this.#copy.open))
  }

  /** Reads the message that waits. To be called where `waits` is false. @throws WireError */
  resume(): void {
    const held = this.#held
    this.#held = undefined
    if (held) this.message(held[0]!, held, 0, held.length)
  }

  /**
   * Adds the messages in these bytes to the batch. To be called while no message waits.
   * @returns how many bytes were read: fewer than all where one has to wait
   * @throws WireError
   */
  read(chunk: Uint8Array): number {
    return this.#framer.push(chunk)
  }

  /** Whether what was read has to be asked for, and more of it may come. */
  get collecting(): boolean {
    return this.#batch.asks && !this.#asked && !this.#terminated && (this.#held === undefined || this.#meaning.thinking !== undefined)
  }

  /** What was read since the last call. */
  take(): Batch {
    const batch = this.#batch
    this.#asked = false
    this.#batch = new Batch()
    return batch
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    const goesOn = this.#message(type, bytes, start, end)
    if (!this.#batch.asks) return goesOn
    this.#asked ||= ENDS_ASKING.has(type) || this.#batch.bytes > ASKED_TOGETHER || this.#batch.items.length > MESSAGES_TOGETHER
    return goesOn && !this.#asked
  }

  #message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    switch (type) {
      case frontend.bind:
        return this.#bind(bytes, start, end)
      case frontend.execute:
        return this.#execute(bytes, start, end)
      case frontend.sync:
        this.#group += 1
        return this.#push({ type, bytes, start, end })
      case frontend.query:
        return this.#query(bytes, start, end)
      case frontend.parse:
        return this.#parse(bytes, start, end)
      case frontend.describe:
        return this.#describe(bytes, start, end)
      case frontend.close:
        return this.#close(bytes, start, end)
      case frontend.copyData:
        return this.#copyData(bytes, start, end)
      case frontend.copyDone:
      case frontend.copyFail:
        return this.#copyEnd(type, bytes, start, end)
      case frontend.flush:
        return this.#push({ type, bytes, start, end })
      case frontend.functionCall:
        return this.#refuse(frontend.query, standIns.query, 'The gateway does not carry FunctionCall messages.')
      case frontend.terminate:
        this.#terminated = true
        this.#push({ type, bytes, start, end })
        return false
      default:
        throw unexpected(type)
    }
  }

  /** CopyData that comes in parts. */
  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void {
    if (type !== frontend.copyData) throw unexpected(type)
    if (first) {
      this.#copyData(bytes, start, end)
      return
    }
    const item = this.#copy.continues(bytes, start, end)
    if (item) this.#push(item)
  }

  #copyData(bytes: Uint8Array, start: number, end: number): boolean {
    const to = this.#copy.to(this.#batch)
    if (to === 'unknown') return this.#waitForCopy(bytes, start, end)
    const item = this.#copy.begins(to, bytes, start, end, this.#batch.items.at(-1))
    return item ? this.#push(item) : true
  }

  #copyEnd(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    const to = this.#copy.to(this.#batch)
    if (to === 'unknown') return this.#waitForCopy(bytes, start, end)
    if (to === 'nobody') return true
    this.#copy.end()
    return this.#push({ type, bytes, start, end })
  }

  #waitForCopy(bytes: Uint8Array, start: number, end: number): false {
    return this.#wait(bytes, start, end, () => this.#copy.to(this.#batch) !== 'unknown')
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
    return this.#deny(
      { type, bytes: NO_BYTES, start: 0, end: 0, standIn },
      operation,
      new Refusal('GS_OPERATION_NOT_SUPPORTED', { reason }),
    )
  }

  /** Refuses whatever the rules say. */
  #deny(item: NewItem, operation: Operation, refusal: Refusal): true {
    return this.#operate(item, this.#deciding.denied(operation, refusal))
  }

  #query(bytes: Uint8Array, start: number, end: number): boolean {
    const text = readQuery(bytes, start, end)
    const understood = this.#meaning.of(text, this.#batch)
    if (!understood) return this.#waitForMeaning(bytes, start, end)
    if (this.#namesUnsure(understood.statements)) return this.#waitForNames(bytes, start, end)
    const statement = { text, understood, epoch: this.#meaning.epoch }
    const facts = understood.statements
    const decided = this.#decide('query', statement)
    if (this.#mustBeFirst(decided)) return this.#waitToBeFirst(bytes, start, end)
    const asked = this.#deciding.asRead(decided, facts)
    return this.#operate({ type: frontend.query, bytes, start, end, statement, facts, changes: this.#sql.changes(facts) }, asked)
  }

  #parse(bytes: Uint8Array, start: number, end: number): boolean {
    const { name, text, userTypes, types } = readParse(bytes, start, end)
    if (!isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    if (this.#meaning.uncertain(this.#batch)) return this.#waitForMeaning(bytes, start, end)
    // Copied: a prepared statement may outlive the chunk by hours.
    const kept = Uint8Array.prototype.slice.call(text)
    if (userTypes) this.#sql.typed(kept)
    const understood = this.#meaning.of(kept, this.#batch)
    if (!understood) return this.#waitForMeaning(bytes, start, end)
    const common = { text: kept, understood, epoch: this.#meaning.epoch, parsedAt: this.#deciding.place }
    const statement: ReadStatement = types.length === 0 ? common : { ...common, types: Uint8Array.prototype.slice.call(types) }
    const decided = this.#decide('prepare', statement)
    // Its Bind asks: sent ahead, it would hold locks while persons are waited for.
    if (this.#mustBeFirst(decided)) return this.#waitToBeFirst(bytes, start, end)
    this.#answers.statements.change(name, statement, this.#group)
    return this.#operate({ type: frontend.parse, bytes, start, end, name, statement }, decided)
  }

  #bind(bytes: Uint8Array, start: number, end: number): boolean {
    const { portal: name, statement: of, parameters } = readBind(bytes, start, end)
    if (!isPlainName(name) || !isPlainName(of)) return this.#refuseInstead(NOT_PLAIN)
    const { portals, statements } = this.#answers
    const statement = statements.resolve(of, this.#group)
    if (statement === 'unsure') return this.#wait(bytes, start, end, () => statements.resolve(of, this.#group) !== 'unsure')
    if (statement && !this.#upToDate(statement)) return this.#waitForMeaning(bytes, start, end)
    if (statement && this.#namesUnsure(statement.understood.statements)) return this.#waitForNames(bytes, start, end)
    if (!statement) {
      portals.change(name, undefined)
      const replacement = { by: standIns.bind, answer: unknownStatement(of) }
      return this.#push({ type: frontend.bind, bytes, start, end, name, replacement })
    }
    const decided = this.#decide('bind', statement, parameters)
    if (this.#mustBeFirst(decided)) return this.#waitToBeFirst(bytes, start, end)
    const asked = this.#deciding.asRead(decided, statement.understood.statements, statement)
    const portal = new Portal(statement)
    portals.change(name, portal)
    const facts = portal.statements
    this.#operate({ type: frontend.bind, bytes, start, end, name, portal, statement, facts, changes: portal.runsAtBind }, asked)
    portal.certainAt = this.#moves
    portal.asked = decided.decision.effect === 'ask'
    portal.boundAt = this.#commands
    portal.masks = asked.decision.masks
    portal.decision = asked.decision
    portal.boundIn = this.#deciding.place.stretch
    return true
  }

  #execute(bytes: Uint8Array, start: number, end: number): boolean {
    const type = frontend.execute
    const name = readExecute(bytes, start, end)
    if (!isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    const portal = this.#answers.portals.newest(name)
    // What was sent since its Bind may have ended it and given its name to a cursor of SQL.
    if (portal?.certainAt !== this.#moves && (this.#batch.answered || this.#answers.inFlight)) {
      return this.#wait(bytes, start, end, () => !this.#answers.inFlight)
    }
    if (!portal) return this.#push({ type, bytes, start, end, name, replacement: { by: standIns.parse, answer: unknownPortal(name) } })
    const isAside = portal.asked && !portal.begun && portal.boundAt !== this.#commands
    if (portal.lost || isAside) return this.#denyExecute(portal, portal.facts)
    if (!portal.begun && this.#namesUnsure(portal.statements)) return this.#waitForNames(bytes, start, end)
    const refused = this.#refusedAnew(portal)
    if (refused) return this.#operate({ type, bytes: NO_BYTES, start: 0, end: 0, portal, standIn: standIns.parse }, refused)
    // COPY and other commands look up their names when they are executed, and triggers are looked up then.
    if (!portal.begun && portal.epoch !== this.#meaning.epoch) {
      const understood = this.#meaning.of(portal.statement.text, this.#batch)
      if (!understood) return this.#waitForMeaning(bytes, start, end)
      const isSame = sameFacts(understood.facts, portal.facts) && (!portal.masks || sameResults(understood.statements, portal.statements))
      if (!isSame) return this.#denyExecute(portal, understood.facts)
      portal.epoch = this.#meaning.epoch
    }
    if (!portal.begun && mustBeDescribed(portal)) this.#describePortal(name, portal)
    portal.begun = true
    portal.certainAt = this.#moves
    return this.#push({ type, bytes, start, end, name, portal, changes: this.#sql.changes(portal.statements) })
  }

  /**
   * Decides anew about what was bound a while ago: portals stay open as long as their transactions do, and rules and masks come and go. What is under way
   * goes on as it was admitted, where it is masked as it was.
   * @returns what is refused; undefined: nothing is
   */
  #refusedAnew(portal: Portal): Decided | undefined {
    const before = portal.decision
    const isSame = before?.policy === this.#deciding.policy
    if (isSame && !portal.begun && portal.boundIn === this.#deciding.place.stretch) return undefined
    const decided = this.#decide('bind', portal.statement)
    const { effect, masks, limits } = decided.decision
    if (!sameMasks(portal.masks, masks)) return this.#deciding.denied(decided.operation, mayDiffer())
    if (portal.begun) return undefined
    if (effect === 'deny' || decided.refusal) return decided
    // Persons are asked about a Bind.
    const isGranted = isSame || (effect === 'allow' && sameLimits(limits, before?.limits))
    if (!isGranted) return this.#deciding.denied(decided.operation, mayDiffer())
    portal.decision = decided.decision
    return undefined
  }

  #describe(bytes: Uint8Array, start: number, end: number): true {
    const { kind, name } = readNamed(bytes, start, end)
    if (!isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    const newest = kind === 'portal' ? this.#answers.portals.newest(name) : undefined
    // What was sent since its Bind may have given its name to something else.
    const portal = newest?.certainAt === this.#moves && !newest.lost ? newest : undefined
    if (portal) portal.described = true
    return this.#push({ type: frontend.describe, bytes, start, end, portal })
  }

  /** Asks for the columns of what is about to be executed: by them it is known what of its rows the client is not to see. */
  #describePortal(name: WireName, portal: Portal): void {
    const bytes = build.describe('P', name)
    portal.described = true
    this.#push({ type: frontend.describe, bytes, start: 0, end: bytes.length, portal, own: true })
  }

  /** An Execute of what may not be what was decided about. */
  #denyExecute(portal: Portal, facts: Facts): true {
    const { statement } = portal
    const operation: Operation = { protocol: 'postgres', form: 'bind', statement, facts: this.#deciding.factsNow(facts, this.#batch) }
    const item = { type: frontend.execute, bytes: NO_BYTES, start: 0, end: 0, portal, standIn: standIns.parse }
    return this.#deny(item, operation, mayDiffer())
  }

  /** Whether the statement is understood as it would run now; it is brought up to date where that can be done at once. */
  #upToDate(statement: ReadStatement): boolean {
    if (this.#meaning.uncertain(this.#batch)) return false
    if (statement.epoch === this.#meaning.epoch) return true
    const understood = this.#meaning.of(statement.text, this.#batch)
    if (!understood) return false
    statement.understood = understood
    statement.epoch = this.#meaning.epoch
    return true
  }

  /** Whether one of these runs by its name what a message before it, not answered yet, prepares or closes. */
  #namesUnsure(statements: readonly StatementFacts[]): boolean {
    return this.#answers.statements.unsettled && statements.some(({ executes }) => executes !== undefined)
  }

  #waitForNames(bytes: Uint8Array, start: number, end: number): false {
    return this.#wait(bytes, start, end, () => !this.#answers.statements.unsettled)
  }

  #waitForMeaning(bytes: Uint8Array, start: number, end: number): false {
    return this.#wait(bytes, start, end, () => !this.#meaning.uncertain(this.#batch))
  }

  /** @param ready whether it need not wait any more; cheap, as it is asked whenever the server said something */
  #wait(bytes: Uint8Array, start: number, end: number, ready: () => boolean): false {
    // The server would wait for the data, and what is waited for here never comes.
    if (this.#copy.open) throw new WireError(COPY_FAULT)
    this.#held = bytes.subarray(start, end)
    this.#ready = ready
    return false
  }

  #close(bytes: Uint8Array, start: number, end: number): true {
    const { kind, name } = readNamed(bytes, start, end)
    if (!isPlainName(name)) return this.#refuseInstead(NOT_PLAIN)
    const { portals, statements } = this.#answers
    const type = frontend.close
    if (kind === 'statement') {
      statements.change(name, undefined, this.#group)
      return this.#push({ type, bytes, start, end, name, ofStatement: true })
    }
    // Where it is no portal it may be a cursor of SQL, and FETCH means something else then.
    const changes = portals.newest(name) === undefined
    portals.change(name, undefined)
    return this.#push({ type, bytes, start, end, name, changes })
  }

  #decide(form: Operation['form'], statement: ReadStatement, parameters?: Uint8Array): Decided {
    return this.#deciding.decide(form, statement, this.#batch, parameters)
  }

  #mustBeFirst(decided: Decided): boolean {
    return this.#deciding.mustBeFirst(decided, this.#batch)
  }

  #waitToBeFirst(bytes: Uint8Array, start: number, end: number): false {
    return this.#wait(bytes, start, end, () => !this.#answers.inFlight)
  }

  #operate(item: NewItem, decided: Decided): true {
    const { operations } = this.#batch
    const place = operations.length
    operations.push(decided)
    return this.#push({ ...item, operation: place, masks: decided.decision.masks })
  }

  #push(item: NewItem): true {
    const { type, portal, facts = NO_FACTS, changes = false } = item
    if (COMMANDS.has(type)) this.#commands += 1
    this.#deciding.framed(type, portal && type === frontend.execute ? portal.statements : facts)
    if (type === frontend.query || type === frontend.sync || changes || (type === frontend.execute && portal?.moves)) this.#moves += 1
    this.#batch.add(item)
    return true
  }
}

/** Whether rows may come of it of which nobody has said yet what they are. */
function mustBeDescribed({ masks, described, statements }: Portal): boolean {
  return masks !== undefined && !described && statements.some(({ outputs }) => outputs?.length !== 0)
}

function unexpected(type: number): WireError {
  return new WireError(`A message of type 0x${type.toString(16).padStart(2, '0')} is not expected here.`)
}
