import type { Admission, Approved, Waiting } from '../../../guard/index.ts'
import { type Decided, type Decision, type EffectiveOperation, joinClaims, type Operation, Refusal } from '../../../operations/index.ts'
import { ClientLeft, type DoorRequest, type HttpGuard, type HttpSession } from '../plane.ts'

/** One operation, as its plane read it. */
export interface Governed {
  readonly operation: Operation
  /** What the plane itself does not carry: refused with this whatever the rules say, and recorded. */
  readonly refusal?: Refusal | undefined
  /** What a person approves; made anew once they have. Only called where somebody is asked. @throws Refusal where nobody can be asked about it */
  effective(): EffectiveOperation | Promise<EffectiveOperation>
  /** What the agent says of it. */
  readonly claimed?: { readonly message?: string } | undefined
  /** Called where the answer does not come at once: the client may be told, where its protocol can. */
  waiting?(waiting: Waiting): void
  /** How long this client can be held at most, ms, where that is shorter than what is configured. */
  readonly patience?: number | undefined
}

/** The right to forward it. */
export interface Admitted {
  readonly admission: Admission
  /** Its number within the session. */
  readonly number: number
  readonly decision: Decision
}

/** It goes nowhere, and that is recorded where `number` is not 0. */
export interface Refused {
  readonly refusal: Refusal
  readonly number: number
  readonly decision: Decision
}

export const isAdmitted = (answer: Admitted | Refused): answer is Admitted => 'admission' in answer

/**
 * The way of one operation up to where it may be forwarded: decided, asked about where a rule wants that, admitted with its intent durable. Whoever
 * gets an admission settles or withdraws it.
 *
 * @param signal of the exchange: where it aborts while a person is asked, the request for approval is withdrawn
 */
export async function govern(
  exchange: { readonly guard: HttpGuard; readonly session: HttpSession; readonly request: Pick<DoorRequest, 'claims'> },
  governed: Governed,
  signal: AbortSignal,
): Promise<Admitted | Refused> {
  const { guard, session } = exchange
  const { refusal } = governed
  const operation = withClaims(governed.operation, exchange.request)
  const decision = guard.decide(session, operation)
  const decided: Decided = { operation, decision, ...(refusal && { refusal }) }
  const asks = decision.effect === 'ask' && guard.asksPeople && refusal === undefined
  if (!asks) return admit(guard, session, decided)
  const answer = await ask(guard, session, decided, governed, signal)
  return answer instanceof Refusal ? admit(guard, session, { ...decided, refusal: answer }) : admit(guard, session, decided, answer)
}

/** What the request says of its client, and what its plane found besides. */
function withClaims(operation: Operation, { claims: theirs }: Pick<DoorRequest, 'claims'>): Operation {
  const claims = joinClaims(theirs, operation.claims)
  return claims === operation.claims || claims === undefined ? operation : { ...operation, claims }
}

function admit(guard: HttpGuard, session: HttpSession, decided: Decided, approved?: Approved): Promise<Admitted | Refused> {
  const { decision } = decided
  return new Promise((resolve) =>
    guard.admit(
      session,
      [decided],
      ([answer], number = 0) => {
        if (answer === undefined) throw new TypeError('the guard answers each operation')
        resolve(answer instanceof Refusal ? { refusal: answer, number, decision } : { admission: answer, number, decision })
      },
      approved,
    ),
  )
}

/** @returns what `admit` needs, or why it may not go */
async function ask(
  guard: HttpGuard,
  session: HttpSession,
  decided: Decided,
  governed: Governed,
  signal: AbortSignal,
): Promise<Approved | Refusal> {
  try {
    signal.throwIfAborted()
    const waiting = await guard.ask(session, [decided], await governed.effective(), governed.claimed)
    const answer = await answerTo(waiting, session, governed, signal)
    if (answer instanceof Refusal) return answer
    // A client may leave as late as this.
    if (signal.aborted) return withdrawn(waiting, signal)
    return { grant: answer, effective: await governed.effective() }
  } catch (error) {
    if (error instanceof Refusal) return error
    if (error instanceof ClientLeft) return new Refusal('GS_APPROVAL_WITHDRAWN')
    throw error
  }
}

async function answerTo(waiting: Waiting, session: HttpSession, governed: Governed, signal: AbortSignal) {
  const left = Promise.withResolvers<'left'>()
  const over = Promise.withResolvers<'over'>()
  const leave = () => left.resolve('left')
  // A gateway that stops lets nobody wait: they come back with the same.
  const stop = () => over.resolve('over')
  let timer: NodeJS.Timeout | undefined
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  if (session.draining.aborted) stop()
  else session.draining.addEventListener('abort', stop, { once: true })
  try {
    const first = await Promise.race([waiting.decided, left.promise, over.promise, undefined])
    if (first === undefined) {
      governed.waiting?.(waiting)
      timer = setTimeout(stop, Math.min(waiting.hold, governed.patience ?? waiting.hold))
    }
    const answer = first ?? (await Promise.race([waiting.decided, left.promise, over.promise]))
    if (answer === 'left') return withdrawn(waiting, signal)
    return answer === 'over' ? waiting.becomeTicket() : answer
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
    session.draining.removeEventListener('abort', stop)
  }
}

function withdrawn(waiting: Waiting, { reason }: AbortSignal): Refusal {
  if (reason instanceof Refusal) {
    waiting.leave('session-ended')
    return reason
  }
  waiting.leave('disconnected')
  return new Refusal('GS_APPROVAL_WITHDRAWN')
}
