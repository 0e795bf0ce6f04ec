import { randomBytes } from 'node:crypto'
import type { ClientInfo, Refusal, Resource, Run, RunId } from '../operations/index.ts'
import type { BudgetAccount } from './budgets/index.ts'
import type { RunAccount } from './run-account.ts'
import type { LiveSession, SessionView } from './runs.ts'

interface Held {
  readonly view: Omit<SessionView, 'operations'>
  readonly run: Run
  readonly budget: BudgetAccount
  readonly end: AbortController
  readonly drain: AbortController
  operations: number
}

/** The sessions of this process, by id and by run. Nothing here outlives the process. */
export class Sessions {
  readonly #byId = new Map<string, Held>()
  readonly #byRun = new Map<RunId, Set<Held>>()
  readonly #whenEmpty: (() => void)[] = []

  /** @param now milliseconds since the epoch @param account of the run @param budget closed with the session */
  open(run: Run, resource: Resource, client: ClientInfo, now: number, account: RunAccount, budget: BudgetAccount): LiveSession {
    const expected = account.expect()
    const id = `ses_${randomBytes(15).toString('hex')}`
    const held: Held = {
      view: { id, runId: run.id, resource: resource.name, client, openedAt: now },
      run,
      budget,
      end: new AbortController(),
      drain: new AbortController(),
      operations: 0,
    }
    this.#byId.set(id, held)
    const siblings = this.#byRun.get(run.id)
    if (siblings) siblings.add(held)
    else this.#byRun.set(run.id, new Set([held]))
    return {
      id,
      signal: held.end.signal,
      draining: held.drain.signal,
      budget,
      count: (operations) => {
        held.operations += operations
      },
      spent: (usage) => account.spent(usage),
      end: (reason) => held.end.abort(reason),
      close: () => this.#close(held),
      recorded(session, index) {
        account.add(session)
        expected(index)
      },
    }
  }

  countOf(run: RunId): number {
    return this.#byRun.get(run)?.size ?? 0
  }

  views(): readonly SessionView[] {
    return [...this.#byId.values()].map(viewOf)
  }

  /** Ends one session, synchronously up to its own listeners. Undefined where it is not live. */
  end(id: string, reason: Refusal): { view: SessionView; run: Run } | undefined {
    const held = this.#byId.get(id)
    if (!held || held.end.signal.aborted) return undefined
    held.end.abort(reason)
    return { view: viewOf(held), run: held.run }
  }

  endOf(run: RunId, reason: Refusal): void {
    for (const held of [...(this.#byRun.get(run) ?? [])]) held.end.abort(reason)
  }

  endAll(reason: Refusal): void {
    for (const held of [...this.#byId.values()]) held.end.abort(reason)
  }

  /** Asks every live session to finish; resolves when none is left. */
  drain(): Promise<void> {
    for (const held of [...this.#byId.values()]) held.drain.abort()
    if (this.#byId.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenEmpty.push(resolve))
  }

  #close(held: Held): void {
    if (!this.#byId.delete(held.view.id)) return
    held.budget.close()
    const siblings = this.#byRun.get(held.run.id)
    siblings?.delete(held)
    if (siblings?.size === 0) this.#byRun.delete(held.run.id)
    if (this.#byId.size > 0) return
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }
}

function viewOf(held: Held): SessionView {
  return { ...held.view, operations: held.operations }
}
