import type { Approved, Waiting } from '../../../guard/index.ts'
import { type Decided, type EffectiveOperation, Refusal } from '../../../operations/index.ts'
import { effectiveOperation, isStream, namedIn, type Wanted } from '../asking/effective.ts'
import type { Named, SessionState } from '../asking/fingerprint.ts'
import { buildNoticeResponse } from '../wire/error-response.ts'
import type { Batch } from './batch.ts'

/** Within a transaction others wait for its locks: so long, ms. */
const HOLD_IN_TRANSACTION_MS = 5_000

export interface AskingParts {
  /** The resource's configured name. */
  readonly resource: string
  /** Asks the guard. @throws Refusal */
  readonly ask: (decided: readonly Decided[], effective: EffectiveOperation) => Promise<Waiting>
  /** Asks the target what its session is; undefined where it does not say. */
  readonly state: (named: readonly Named[]) => Promise<SessionState | undefined>
  /** What has to be repeated where it is not run now: more than what is asked for holds locks while it waits. `group`: what came since the last Sync. */
  readonly undone: 'nothing' | 'group' | 'transaction'
  /** Whether all of it would do what was asked for: others may have changed what its names stand for. */
  readonly stillMeans: () => Promise<boolean>
  /** Tells the client something, while it waits. */
  readonly tell: (notice: Uint8Array) => void
}

/** Why nobody waits for an answer any more. */
export type Left = 'cancelled' | 'disconnected' | 'session-ended'

/** One request of a client, from before persons are asked to what they said. */
export class Asking {
  readonly batch: Batch
  readonly #parts: AskingParts
  readonly #wanted: readonly Wanted[]
  #why: Left | undefined
  readonly #left = Promise.withResolvers<Left>()
  readonly #ticket = Promise.withResolvers<'ticket'>()

  /** @param batch all that belongs together, not sent */
  constructor(batch: Batch, parts: AskingParts) {
    this.batch = batch
    this.#parts = parts
    // What is only prepared does nothing, and a driver may have prepared it before when it comes back.
    this.#wanted = batch.items.flatMap(({ operation, facts, statement }) => {
      const decided = batch.operations[operation]
      return decided && decided.operation.form !== 'prepare' ? [{ decided, statements: facts, types: statement?.types }] : []
    })
  }

  /** @returns what `admit` needs, or why nothing of it may go. Never rejects but with what is a fault of ours */
  async run(): Promise<Approved | Refusal> {
    const { undone, tell, stillMeans } = this.#parts
    if (isStream(this.#wanted) && !this.#wanted.every(({ decided }) => decided.decision.ask?.stream !== false)) return unseen()
    const effective = await this.#effective()
    if (effective instanceof Refusal) return effective
    if (this.#why) return new Refusal('GS_APPROVAL_WITHDRAWN')
    let waiting: Waiting
    try {
      waiting = await this.#parts.ask(
        this.#wanted.map(({ decided }) => decided),
        effective,
      )
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
    const given = await Promise.race([waiting.decided, this.#left.promise, undefined])
    if (given === undefined) tell(notice(waiting))
    const answer =
      given ?? (await this.#wait(waiting, undone === 'nothing' ? waiting.hold : Math.min(HOLD_IN_TRANSACTION_MS, waiting.hold)))
    if (answer instanceof Refusal) return answer
    if (answer === 'ticket') return repeating(undone, waiting.becomeTicket())
    if (typeof answer === 'string') return withdrawn(waiting, answer)
    const again = await this.#effective()
    const isSame = !(again instanceof Refusal) && (await stillMeans())
    // A cancel may come as late as this.
    if (this.#why) return withdrawn(waiting, this.#why)
    if (again instanceof Refusal || !isSame) {
      waiting.leave('changed')
      return new Refusal('GS_APPROVAL_VOID')
    }
    return { grant: answer, effective: again }
  }

  /** Nobody waits any more. Idempotent. */
  leave(why: Left): void {
    this.#why ??= why
    this.#left.resolve(why)
  }

  /** It stops waiting now, and goes on as a ticket. */
  becomeTicket(): void {
    this.#ticket.resolve('ticket')
  }

  async #wait({ decided }: Waiting, patience: number) {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<'ticket'>((resolve) => {
      timer = setTimeout(resolve, patience, 'ticket')
    })
    try {
      return await Promise.race([decided, this.#left.promise, this.#ticket.promise, over])
    } finally {
      clearTimeout(timer)
    }
  }

  async #effective(): Promise<EffectiveOperation | Refusal> {
    const state = await this.#parts.state(namedIn(this.#wanted))
    if (state) return effectiveOperation(this.#parts.resource, this.#wanted, state)
    return new Refusal(this.#why === undefined ? 'GS_APPROVAL_VOID' : 'GS_APPROVAL_WITHDRAWN')
  }
}

function withdrawn(waiting: Waiting, why: Left): Refusal {
  waiting.leave(why)
  return new Refusal('GS_APPROVAL_WITHDRAWN')
}

function notice({ id, link }: Waiting): Uint8Array {
  return buildNoticeResponse({
    severity: 'NOTICE',
    sqlstate: '00000',
    message: `Waiting for a person to approve this: ${link}`,
    detail: `Held for approval ${id}.`,
    hint: 'It runs as soon as it is approved. Cancel it to withdraw the request.',
  })
}

const REPEAT = {
  group: 'What was sent together with it is rolled back too.',
  transaction: 'Your transaction is rolled back. Once it is approved, repeat it from BEGIN, word for word.',
} as const

function repeating(undone: AskingParts['undone'], ticket: Refusal): Refusal {
  if (undone === 'nothing' || ticket.code !== 'GS_APPROVAL_PENDING') return ticket
  return new Refusal('GS_APPROVAL_PENDING', {
    rule: ticket.rule,
    ticket: ticket.ticket,
    reason: ticket.message,
    next: `${REPEAT[undone]} ${ticket.next}`,
  })
}

function unseen(): Refusal {
  return new Refusal('GS_APPROVAL_UNAVAILABLE', {
    reason: 'What would be copied is not known when persons are asked, and no rule lets them approve it unseen.',
    next: 'Insert the rows with a statement that holds them, or ask the owner of the rule for stream: true.',
  })
}
