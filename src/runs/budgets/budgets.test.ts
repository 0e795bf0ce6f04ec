import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OperationCost, Refusal, type Run, type Usage } from '../../operations/index.ts'
import { type EmbeddedDatabase, embeddedBudgetStore, openDatabase } from '../../store/index.ts'
import type { BudgetAccount, BudgetCrossing, Reservation } from './account.ts'
import { Budgets } from './budgets.ts'
import type { BudgetSettings } from './settings.ts'
import type { BudgetStore } from './store.ts'

const HOUR = 3_600_000
const START = 1_700_000_000_000
const orders = { name: 'orders-db' }

let folder: string
let database: EmbeddedDatabase
let now: number
const opened: Budgets[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-budgets-'))
  database = openDatabase(folder)
  now = START
})
afterEach(() => {
  for (const budgets of opened.splice(0)) budgets.close()
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

const pseudonym = (issuer: string, name: string) => `p(${issuer},${name.length},${name.replaceAll(/[^a-z0-9]/g, '')})`

function budgetsWith(settings: readonly BudgetSettings[], store: BudgetStore = embeddedBudgetStore(database)): Budgets {
  const budgets = new Budgets({ settings, store, pseudonym, now: () => now })
  opened.push(budgets)
  return budgets
}

const runOf = (id: string, more: Partial<Run> = {}): Run => ({
  id: `run_${id}`,
  principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/reports', groups: [] },
  facts: { repository: 'acme/reports', workflow: 'nightly' },
  startedAt: START,
  ...more,
})

/** A run that is told of its budgets. */
function told() {
  const crossings: BudgetCrossing[] = []
  const state: { suspended: Refusal | undefined } = { suspended: undefined }
  const suspend = vi.fn(() => {
    state.suspended = new Refusal('GS_RUN_SUSPENDED')
  })
  return {
    crossings,
    suspend,
    resume: () => {
      state.suspended = undefined
    },
    run: {
      get suspended() {
        return state.suspended
      },
      suspend,
      crossed: (crossing: BudgetCrossing) => void crossings.push(crossing),
    },
  }
}

const open = (budgets: Budgets, run = runOf('a'), resource = orders, about = told()) => budgets.open(run, resource, about.run)

function reserved(account: BudgetAccount): Reservation {
  const answer = account.reserve()
  if (answer instanceof Refusal) throw answer
  return answer
}

const refusals = (account: BudgetAccount, count: number) => {
  for (let left = count; left > 0; left--) account.refused()
}

describe('a budget of operations', () => {
  const three: BudgetSettings = { name: 'three', per: 'run', limit: { operations: 3 } }

  it('is reserved at once, so that operations side by side cannot overshoot', () => {
    const budgets = budgetsWith([three])
    const [one, two] = [open(budgets), open(budgets)]
    const held = [reserved(one), reserved(two), reserved(one)]
    for (const account of [one, two]) expect(account.reserve()).toMatchObject({ code: 'GS_BUDGET_EXCEEDED' })
    held[0]?.release()
    held[1]?.settle()
    // Once only: what comes behind it is ignored.
    held[1]?.release()
    reserved(two)
    expect(one.reserve()).toBeInstanceOf(Refusal)
  })

  it('names itself to the agent, and no figure', () => {
    const account = open(budgetsWith([{ name: 'a-few', per: 'run', limit: { operations: 17 } }]))
    for (let count = 0; count < 17; count++) reserved(account)
    const refusal = account.reserve() as Refusal
    expect(refusal.message).toBe('The budget "a-few" is used up.')
    expect(`${refusal.message} ${refusal.next}`).not.toMatch(/\d/)
  })

  it('is of its run alone', () => {
    const budgets = budgetsWith([three])
    const first = open(budgets)
    for (let count = 0; count < 3; count++) reserved(first)
    expect(first.reserve()).toBeInstanceOf(Refusal)
    reserved(open(budgets, runOf('b')))
  })

  it('takes nothing where another budget has no room', () => {
    const budgets = budgetsWith([three, { name: 'one', per: 'resource', over: HOUR, limit: { operations: 1 } }])
    reserved(open(budgets, runOf('b')))
    const account = open(budgets)
    for (let count = 0; count < 9; count++) expect((account.reserve() as Refusal).message).toContain('"one"')
    const elsewhere = open(budgets, runOf('a'), { name: 'billing-db' })
    reserved(elsewhere)
  })
})

describe('a budget of rows and bytes', () => {
  it('counts what flows, cuts off what goes over it, and lets nothing begin once it is used up', () => {
    const account = open(budgetsWith([{ name: 'b', per: 'run', limit: { rows: 10, bytes: 1_000 } }]))
    const reservation = reserved(account)
    expect(reservation.charge(6, 100)).toBeUndefined()
    expect(reservation.charge(4, 100)).toBeUndefined()
    expect(account.reserve()).toBeInstanceOf(Refusal)
    expect(reservation.charge(1, 1)).toMatchObject({ code: 'GS_BUDGET_EXCEEDED' })
    expect(reservation.charge(0, 900)).toBeInstanceOf(Refusal)
  })

  it('says when there is room again, where there is a window', () => {
    const of = (over: number | undefined) => open(budgetsWith([{ name: 'b', per: 'run', ...(over && { over }), limit: { bytes: 10 } }]))
    expect(reserved(of(HOUR)).charge(0, 11)?.retryAfter).toBeGreaterThan(HOUR / 1_000 - 1)
    expect(reserved(of(HOUR)).charge(0, 11)?.retryAfter).toBeLessThanOrEqual(HOUR / 1_000 + 60)
    expect(reserved(of(undefined)).charge(0, 11)).toMatchObject({ code: 'GS_BUDGET_EXCEEDED', retryAfter: undefined })
  })

  it('costs the same object for every operation where nothing is counted', () => {
    const account = open(budgetsWith([]))
    expect(reserved(account)).toBe(reserved(account))
    expect(reserved(account).charge(1e9, 1e12)).toBeUndefined()
  })
})

const cost = (inputTokens: number, outputTokens: number, micros?: number, model = 'gpt-4o', currency = 'USD'): OperationCost => ({
  ...{ model, inputTokens, outputTokens },
  ...(micros !== undefined && { money: { micros, currency } }),
})
const used = (inputTokens: number, outputTokens: number, micros?: number, currency = 'USD'): Usage => ({
  ...{ inputTokens, outputTokens },
  ...(micros !== undefined && { money: { micros, currency } }),
})
function called(account: BudgetAccount, of: OperationCost): Reservation {
  const answer = account.reserve(of)
  if (answer instanceof Refusal) throw answer
  return answer
}

describe('a budget of tokens', () => {
  const some: BudgetSettings = { name: 'some', per: 'run', over: HOUR, limit: { tokens: 1_000 } }

  it('takes room for the most that a call may come to, so that calls side by side cannot overshoot', () => {
    const budgets = budgetsWith([some])
    const [one, two] = [open(budgets), open(budgets)]
    const first = called(one, cost(100, 400))
    called(two, cost(100, 400))
    expect(one.reserve(cost(1, 0))).toMatchObject({ code: 'GS_BUDGET_EXCEEDED' })
    first.spent(used(90, 10))
    first.settle()
    expect(two.reserve(cost(100, 301))).toBeInstanceOf(Refusal)
    called(two, cost(100, 300))
  })

  it('counts nothing that is no call of a model, and lets it go on where it is used up', () => {
    const account = open(budgetsWith([some]))
    called(account, cost(500, 500))
    expect(account.reserve(cost(1, 0))).toBeInstanceOf(Refusal)
    for (let count = 0; count < 3; count++) reserved(account).settle()
  })

  it('stays at the most where nobody says what was used, and is given back where nothing was forwarded', () => {
    const account = open(budgetsWith([some]))
    called(account, cost(100, 500)).settle()
    expect(account.reserve(cost(100, 500))).toBeInstanceOf(Refusal)
    called(account, cost(100, 300)).release()
    called(account, cost(100, 300))
  })

  it('counts what was used where that is more than was thought, and then has no room', () => {
    const account = open(budgetsWith([some]))
    const call = called(account, cost(10, 10))
    call.spent(used(10, 5))
    call.spent(used(600, 700))
    call.settle()
    expect((account.reserve(cost(1, 1)) as Refusal).message).toBe('The budget "some" is used up.')
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 60])('has no room for what is no amount: %d', (most) => {
    const account = open(budgetsWith([some]))
    expect(account.reserve(cost(1, most))).toMatchObject({ code: 'GS_BUDGET_EXCEEDED' })
    called(account, cost(0.5, 0.25)).settle()
    called(account, cost(500, 498))
    expect(account.reserve(cost(0, 0))).toBeInstanceOf(Refusal)
  })

  it('says how much is left, what the call may come to, and when there is room for it', () => {
    const account = open(budgetsWith([some]))
    called(account, cost(100, 500)).settle()
    now += HOUR / 2
    called(account, cost(100, 200)).settle()
    const refusal = account.reserve(cost(50, 400)) as Refusal
    expect(refusal.message).toBe('The budget "some" has 100 tokens left, and this call may come to 450 tokens.')
    expect(refusal.next).toMatch(/Ask for less: .* There is room for the same call again in 3\d min\.$/)
    // What it waits for is the older of the two alone.
    expect(refusal.retryAfter).toBeLessThanOrEqual(HOUR / 2_000 + 60)
    now += (refusal.retryAfter as number) * 1_000
    called(account, cost(50, 400))
  })

  it('has no time to name for a call that is larger than all of it, nor where there is no window', () => {
    const large = open(budgetsWith([some])).reserve(cost(1_001, 0)) as Refusal
    expect(large.retryAfter).toBeUndefined()
    expect(large.next).not.toContain('again')
    const { over: _, ...whole } = some
    const account = open(budgetsWith([whole]))
    called(account, cost(900, 0))
    expect((account.reserve(cost(101, 0)) as Refusal).retryAfter).toBeUndefined()
  })

  it('warns by what was used, not by what calls may come to', () => {
    const about = told()
    const account = open(budgetsWith([{ ...some, warnAt: 0.5 }]), runOf('a'), orders, about)
    for (let count = 0; count < 4; count++) {
      const call = called(account, cost(100, 500))
      call.spent(used(100, 0))
      call.settle()
    }
    expect(about.crossings).toEqual([])
    const call = called(account, cost(100, 500))
    call.spent(used(100, 0))
    call.settle()
    expect(about.crossings).toEqual([{ budget: 'some', per: 'run', measure: 'tokens', warn: true, limit: 1_000 }])
    called(account, cost(100, 0)).settle()
    expect(about.crossings).toHaveLength(1)
  })
})

describe('a budget of money', () => {
  const five: BudgetSettings = { name: 'five', per: 'run', limit: { money: 5_000_000 }, currency: 'USD' }

  it('is exact to the millionth', () => {
    const account = open(budgetsWith([five]))
    called(account, cost(1, 1, 4_999_999)).settle()
    const refusal = account.reserve(cost(1, 1, 2)) as Refusal
    expect(refusal.message).toBe('The budget "five" has 0.000001 USD left, and this call may come to 0.000002 USD.')
    called(account, cost(1, 1, 1))
  })

  it('has no call made that has no price, or one in another currency; those are no attempts to count', () => {
    const about = told()
    const account = open(budgetsWith([five]), runOf('a'), orders, about)
    for (const unpriced of [cost(1, 1), cost(1, 1, 5, 'gpt-4o', 'EUR')]) {
      expect(account.reserve(unpriced)).toMatchObject({ code: 'GS_BUDGET_UNPRICED', message: expect.stringContaining('"five"') })
    }
    expect(about.crossings).toEqual([])
  })

  it('stays at the most where what was used has no price', () => {
    const account = open(budgetsWith([five]))
    const call = called(account, cost(1, 1, 3_000_000))
    call.spent(used(1, 1))
    call.settle()
    expect(account.reserve(cost(1, 1, 2_000_001))).toBeInstanceOf(Refusal)
  })

  it('tells the trail of which currency it is', () => {
    const about = told()
    open(budgetsWith([five]), runOf('a'), orders, about).reserve(cost(1, 1, 9_000_000))
    expect(about.crossings).toEqual([{ budget: 'five', per: 'run', measure: 'money', warn: false, limit: 5_000_000, currency: 'USD' }])
  })

  it('survives a restart', () => {
    const first = budgetsWith([five])
    const call = called(open(first), cost(1, 1, 4_000_000))
    call.spent(used(1, 1, 3_000_000))
    call.settle()
    // Under way when it stops: nobody will say what it used.
    called(open(first), cost(1, 1, 1_500_000))
    first.close()
    const account = open(budgetsWith([five]))
    expect(account.reserve(cost(1, 1, 500_001))).toBeInstanceOf(Refusal)
    called(account, cost(1, 1, 500_000))
  })
})

describe('a budget per model', () => {
  const each: BudgetSettings = { name: 'each', per: 'model', over: HOUR, limit: { tokens: 1_000, operations: 3 } }

  it('counts each model of each resource on its own, over all runs', () => {
    const budgets = budgetsWith([each])
    const account = open(budgets)
    called(account, cost(500, 500))
    expect(account.reserve(cost(1, 0))).toBeInstanceOf(Refusal)
    expect(open(budgets, runOf('b')).reserve(cost(1, 0))).toBeInstanceOf(Refusal)
    called(account, cost(500, 500, undefined, 'gpt-4o-mini'))
    called(open(budgets, runOf('a'), { name: 'elsewhere' }), cost(500, 500))
  })

  it('counts calls too', () => {
    const account = open(budgetsWith([each]))
    for (let count = 0; count < 3; count++) called(account, cost(1, 1)).settle()
    expect((account.reserve(cost(1, 1)) as Refusal).message).toBe('The budget "each" is used up.')
    reserved(account)
  })

  it('keeps what was counted of more models than a session keeps in mind, under no name of theirs', () => {
    const first = budgetsWith([each])
    const account = open(first)
    for (let at = 0; at < 40; at++) called(account, cost(500, 500, undefined, `model-${'x'.repeat(at)}`)).settle()
    expect(account.reserve(cost(1, 0, undefined, 'model-'))).toBeInstanceOf(Refusal)
    account.close()
    first.close()
    expect(JSON.stringify(database.connection.prepare('SELECT subject FROM budget_count').all())).not.toContain('xxxxxxxx","')
    expect(open(budgetsWith([each])).reserve(cost(1, 0, undefined, 'model-xx'))).toBeInstanceOf(Refusal)
  })
})

describe('who shares a budget', () => {
  const of = (per: BudgetSettings['per']): BudgetSettings => ({ name: 'one', per, over: HOUR, limit: { operations: 1 } })
  const shares = (per: BudgetSettings['per'], a: Run, b: Run, [at, then] = [orders, orders]) => {
    const budgets = budgetsWith([of(per)])
    reserved(open(budgets, a, at))
    const answer = open(budgets, b, then).reserve()
    budgets.close()
    database.connection.exec('DELETE FROM budget_count')
    return answer instanceof Refusal
  }
  const other = { principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/other', groups: [] } } as const
  const elsewhere = { principal: { kind: 'job', issuer: 'gitlab', subject: 'repo:acme/reports', groups: [] } } as const

  it('workload: issuer, repository and workflow; the principal where the issuer names neither', () => {
    expect(shares('workload', runOf('a'), runOf('b', other))).toBe(true)
    expect(shares('workload', runOf('a'), runOf('b', elsewhere))).toBe(false)
    expect(shares('workload', runOf('a'), runOf('b', { facts: { repository: 'acme/reports', workflow: 'weekly' } }))).toBe(false)
    expect(shares('workload', runOf('a', { facts: {} }), runOf('b', { facts: {} }))).toBe(true)
    expect(shares('workload', runOf('a', { facts: {} }), runOf('b', { facts: {}, ...other }))).toBe(false)
    const oddly = runOf('b', { facts: { repository: 'acme/reports","nightly' } })
    expect(shares('workload', runOf('a'), oddly)).toBe(false)
  })

  it('principal: issuer and subject; resource: everybody there', () => {
    expect(shares('principal', runOf('a'), runOf('b', { facts: {} }))).toBe(true)
    expect(shares('principal', runOf('a'), runOf('b', other))).toBe(false)
    expect(shares('resource', runOf('a'), runOf('b', elsewhere))).toBe(true)
    expect(shares('resource', runOf('a'), runOf('b'), [orders, { name: 'billing-db' }])).toBe(false)
  })

  it('is kept under no name of theirs', () => {
    const budgets = budgetsWith([of('principal'), { ...of('workload'), name: 'two' }])
    reserved(open(budgets))
    budgets.close()
    const kept = JSON.stringify(database.connection.prepare('SELECT * FROM budget_count').all())
    expect(kept).toContain('p(github')
    expect(kept).not.toMatch(/acme\/reports/)
  })
})

describe('refusals', () => {
  it('suspend a run by default at the fifty-first, once', () => {
    const about = told()
    const account = open(budgetsWith([]), runOf('a'), orders, about)
    refusals(account, 50)
    expect(about.suspend).not.toHaveBeenCalled()
    refusals(account, 3)
    expect(about.suspend).toHaveBeenCalledExactlyOnceWith('default-refusals')
    expect(account.reserve()).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
    expect(about.crossings).toEqual([{ budget: 'default-refusals', per: 'run', measure: 'refusals', warn: false, limit: 50 }])
  })

  it('are counted over all sessions of the run, and as configured where they are', () => {
    const about = told()
    const budgets = budgetsWith([{ name: 'strict', per: 'run', limit: { refusals: 2 } }])
    refusals(open(budgets, runOf('a'), orders, about), 2)
    refusals(open(budgets, runOf('b'), orders, told()), 2)
    expect(about.suspend).not.toHaveBeenCalled()
    refusals(open(budgets, runOf('a'), { name: 'billing-db' }, about), 1)
    expect(about.suspend).toHaveBeenCalledExactlyOnceWith('strict')
  })

  it('of a workload suspend the run that goes over it, beside what holds for every run', () => {
    const [first, second] = [told(), told()]
    const budgets = budgetsWith([{ name: 'weekly', per: 'workload', over: HOUR, limit: { refusals: 60 } }])
    refusals(open(budgets, runOf('a'), orders, first), 40)
    refusals(open(budgets, runOf('b'), orders, second), 21)
    expect(first.suspend).not.toHaveBeenCalled()
    expect(second.suspend).toHaveBeenCalledExactlyOnceWith('weekly')
  })

  it('begin anew once a person resumed the run, also after a restart', () => {
    const about = told()
    const first = budgetsWith([])
    refusals(open(first, runOf('a'), orders, about), 51)
    first.close()
    const budgets = budgetsWith([])
    budgets.forgive(runOf('a'))
    about.resume()
    about.suspend.mockClear()
    const account = open(budgets, runOf('a'), orders, about)
    refusals(account, 50)
    expect(about.suspend).not.toHaveBeenCalled()
    refusals(account, 1)
    expect(about.suspend).toHaveBeenCalledOnce()
  })
})

describe('requests for approval', () => {
  it('suspend a run by default at the eleventh, which is not asked any more', () => {
    const about = told()
    const account = open(budgetsWith([]), runOf('a'), orders, about)
    for (let count = 0; count < 10; count++) expect(account.reserveAsk()).not.toBeInstanceOf(Refusal)
    expect(about.suspend).not.toHaveBeenCalled()
    expect(account.reserveAsk()).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
    expect(account.reserveAsk()).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
    expect(about.suspend).toHaveBeenCalledExactlyOnceWith('default-approvals')
    expect(about.crossings).toEqual([{ budget: 'default-approvals', per: 'run', measure: 'approvalsAsked', warn: false, limit: 10 }])
  })

  it('that could not be asked do not count', () => {
    const about = told()
    const account = open(budgetsWith([{ name: 'one', per: 'run', limit: { approvalsAsked: 1 } }]), runOf('a'), orders, about)
    for (let count = 0; count < 5; count++) {
      const taken = account.reserveAsk()
      if (taken instanceof Refusal) throw taken
      taken.release()
    }
    expect(account.reserveAsk()).not.toBeInstanceOf(Refusal)
    expect(account.reserveAsk()).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
  })

  it('survive a restart, and begin anew once a person resumed the run', () => {
    const about = told()
    const first = budgetsWith([])
    for (let count = 0; count < 10; count++) open(first, runOf('a'), orders, about).reserveAsk()
    first.close()
    const budgets = budgetsWith([])
    const account = open(budgets, runOf('a'), orders, about)
    expect(account.reserveAsk()).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
    budgets.forgive(runOf('a'))
    about.resume()
    expect(account.reserveAsk()).not.toBeInstanceOf(Refusal)
  })
})

describe('what the trail is told', () => {
  it('a warning at the share, then that it is used up; each once until there is room again', () => {
    const about = told()
    const account = open(
      budgetsWith([{ name: 'b', per: 'run', over: HOUR, limit: { operations: 4 }, warnAt: 0.5 }]),
      runOf('a'),
      orders,
      about,
    )
    const seen = () => about.crossings.splice(0).map(({ measure, warn, limit }) => `${measure} ${warn ? 'warn' : 'limit'} ${limit}`)
    reserved(account)
    expect(seen()).toEqual([])
    for (let count = 0; count < 9; count++) account.reserve()
    expect(seen()).toEqual(['operations warn 4', 'operations limit 4'])
    now += 2 * HOUR
    for (let count = 0; count < 9; count++) account.reserve()
    expect(seen()).toEqual(['operations warn 4', 'operations limit 4'])
  })
})

describe('runs at once', () => {
  const two: BudgetSettings = { name: 'two', per: 'workload', limit: { concurrentRuns: 2 }, warnAt: 1 }

  it('are limited per workload or principal, and warned of when the share is reached', () => {
    const budgets = budgetsWith([two])
    expect(budgets.enter(runOf('b'), [])).toEqual({ refusedBy: undefined, crossings: [] })
    expect(budgets.enter(runOf('b'), [runOf('a')])).toMatchObject({ refusedBy: undefined, crossings: [{ warn: true, limit: 2 }] })
    expect(budgets.enter(runOf('c'), [runOf('a'), runOf('b')])).toMatchObject({ refusedBy: 'two', crossings: [{ warn: false }] })
    const weekly = { facts: { repository: 'acme/reports', workflow: 'weekly' } }
    expect(budgets.enter(runOf('c', weekly), [runOf('a'), runOf('b')])).toMatchObject({ refusedBy: undefined })
  })

  it('take no counter: a session costs nothing for them', () => {
    const account = open(budgetsWith([two]))
    expect(reserved(account)).toBe(reserved(account))
  })
})

describe('windows', () => {
  it('have room again once they have passed, and not before', () => {
    const account = open(budgetsWith([{ name: 'hourly', per: 'principal', over: HOUR, limit: { operations: 2 } }]))
    reserved(account).settle()
    now += HOUR / 2
    reserved(account).settle()
    now = START + HOUR - 1
    expect(account.reserve()).toBeInstanceOf(Refusal)
    now = START + HOUR + HOUR / 60
    reserved(account)
    expect(account.reserve()).toBeInstanceOf(Refusal)
  })
})

describe('a restart', () => {
  const daily: BudgetSettings = { name: 'daily', per: 'workload', over: 24 * HOUR, limit: { operations: 5, rows: 100 } }

  it('forgets nothing that was stored at the stop', () => {
    const first = budgetsWith([daily])
    const account = open(first)
    const reservation = reserved(account)
    reservation.charge(60, 1)
    reserved(account)
    first.close()
    now += HOUR
    const again = open(budgetsWith([daily]), runOf('b'))
    expect(reserved(again).charge(40, 0)).toBeUndefined()
    expect(again.reserve()).toBeInstanceOf(Refusal)
  })

  it('by a crash forgets no more than the last second', async () => {
    const first = budgetsWith([daily])
    const account = open(first)
    for (let count = 0; count < 4; count++) reserved(account)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    // Nothing of it is closed: another process over the same files.
    const again = open(budgetsWith([daily]), runOf('b'))
    reserved(again)
    expect(again.reserve()).toBeInstanceOf(Refusal)
  })

  it('goes on counting where the store cannot be written, and stores it later', () => {
    const real = embeddedBudgetStore(database)
    let full = true
    const write: BudgetStore['write'] = (counts) => {
      if (full) throw new Error('full')
      real.write(counts)
    }
    const budgets = budgetsWith([daily], { ...real, write })
    const account = open(budgets)
    for (let count = 0; count < 5; count++) reserved(account).settle()
    account.close()
    budgets.close()
    expect(open(budgets, runOf('b')).reserve()).toBeInstanceOf(Refusal)
    full = false
    budgets.close()
    expect(open(budgetsWith([daily]), runOf('c')).reserve()).toBeInstanceOf(Refusal)
  })

  it('drops what nobody needs any more', () => {
    const first = budgetsWith([daily, { name: 'whole', per: 'run', limit: { operations: 9 } }])
    reserved(open(first)).settle()
    first.close()
    now += 72 * HOUR
    const second = budgetsWith([daily])
    reserved(open(second, runOf('z'))).settle()
    second.close()
    expect(database.connection.prepare('SELECT count(*) AS n FROM budget_count').get()).toEqual({ n: 1 })
  })
})

describe('a reload', () => {
  it('holds for sessions that are open, and keeps what a budget of the same name has counted', () => {
    const budgets = budgetsWith([{ name: 'b', per: 'run', limit: { operations: 2 } }])
    const account = open(budgets)
    reserved(account)
    const open2 = reserved(account)
    expect(account.reserve()).toBeInstanceOf(Refusal)
    budgets.use([{ name: 'b', per: 'run', limit: { operations: 3, rows: 5 } }])
    reserved(account)
    expect(account.reserve()).toBeInstanceOf(Refusal)
    open2.settle()
    budgets.use([])
    reserved(account)
  })
})

describe('whatever happens', () => {
  /** Steps of sessions of some runs; each reservation may be charged, settled, released or left open. */
  const step = fc.record({
    session: fc.nat(5),
    act: fc.constantFrom('reserve', 'charge', 'settle', 'release', 'pause', 'restart', 'close'),
    which: fc.nat(20),
    amount: fc.integer({ min: 0, max: 40 }),
    pause: fc.integer({ min: 0, max: HOUR / 3 }),
  })

  it('no window ever holds more operations than its limit, nor more delivered rows', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 150 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 100 }),
        (steps, operations, rows) => {
          embeddedBudgetStore(database)
          database.connection.exec('DELETE FROM budget_count')
          const settings: BudgetSettings[] = [{ name: 'b', per: 'workload', over: HOUR, limit: { operations, rows }, warnAt: 0.8 }]
          let budgets = budgetsWith(settings)
          const accounts = new Map<number, BudgetAccount>()
          const held: { at: number; reservation: Reservation; released: boolean }[] = []
          const delivered: { at: number; rows: number }[] = []
          for (const { session, act, which, amount, pause } of steps) {
            const chosen = held[which % Math.max(1, held.length)]
            if (act === 'pause') now += pause
            else if (act === 'restart') {
              budgets.close()
              budgets = budgetsWith(settings)
              accounts.clear()
            } else if (act === 'close') {
              accounts.get(session)?.close()
              accounts.delete(session)
            } else if (act === 'reserve') {
              const account = accounts.get(session) ?? open(budgets, runOf(String(session)))
              accounts.set(session, account)
              const reservation = account.reserve()
              if (!(reservation instanceof Refusal)) held.push({ at: now, reservation, released: false })
            } else if (!chosen) continue
            else if (act === 'charge') {
              // Only the newest process counts; reservations of an earlier one are gone with it.
              if (chosen.reservation.charge(amount, 0) === undefined) delivered.push({ at: now, rows: amount })
            } else if (act === 'settle') chosen.reservation.settle()
            else {
              chosen.reservation.release()
              chosen.released = true
            }
            if (act === 'restart') held.length = 0
          }
          for (const { at: from } of delivered) {
            const sum = delivered.filter(({ at }) => at >= from && at < from + HOUR).reduce((total, each) => total + each.rows, 0)
            expect(sum).toBeLessThanOrEqual(rows)
          }
          for (const { at: from } of held) {
            expect(held.filter(({ at, released }) => !released && at >= from && at < from + HOUR).length).toBeLessThanOrEqual(operations)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  const call = fc.record({
    session: fc.nat(5),
    act: fc.constantFrom('reserve', 'reserve', 'spent', 'settle', 'release', 'pause', 'restart', 'reload', 'close'),
    which: fc.nat(20),
    most: fc.integer({ min: 0, max: 60 }),
    share: fc.integer({ min: 0, max: 100 }),
    pause: fc.integer({ min: 0, max: HOUR / 3 }),
  })

  it('no window ever holds more tokens or money than its limit, where no call uses more than it may come to', () => {
    let counted = 0
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 30, maxLength: 150 }),
        fc.integer({ min: 20, max: 300 }),
        fc.integer({ min: 40, max: 600 }),
        (steps, tokens, money) => {
          embeddedBudgetStore(database)
          database.connection.exec('DELETE FROM budget_count')
          const limit = { tokens, money }
          const settings: BudgetSettings[] = [{ name: 'b', per: 'workload', over: HOUR, limit, currency: 'USD', warnAt: 0.8 }]
          let budgets = budgetsWith(settings)
          const accounts = new Map<number, BudgetAccount>()
          /** What each call may still turn out to have used. */
          const calls: { at: number; reservation: Reservation; most: number; used: number; open: boolean }[] = []
          let live: typeof calls = []
          for (const { session, act, which, most, share, pause } of steps) {
            const chosen = live[which % Math.max(1, live.length)]
            if (act === 'pause') now += pause
            else if (act === 'reload') budgets.use(settings)
            else if (act === 'restart') {
              // What is under way is over, and stays at the most.
              budgets.close()
              budgets = budgetsWith(settings)
              accounts.clear()
              live = []
            } else if (act === 'close') {
              accounts.get(session)?.close()
              accounts.delete(session)
            } else if (act === 'reserve') {
              const account = accounts.get(session) ?? open(budgets, runOf(String(session)))
              accounts.set(session, account)
              const reservation = account.reserve(cost(most, 0, most * 2))
              if (reservation instanceof Refusal) continue
              const made = { at: now, reservation, most, used: most, open: true }
              calls.push(made)
              live.push(made)
            } else if (!chosen?.open) continue
            else if (act === 'spent') {
              // What is said again is no more than before: the room was given back.
              chosen.used = Math.min(chosen.used, Math.floor((chosen.most * share) / 100))
              chosen.reservation.spent(used(chosen.used, 0, chosen.used * 2))
            } else {
              chosen.open = false
              if (act === 'settle') chosen.reservation.settle()
              else {
                chosen.reservation.release()
                chosen.used = 0
              }
            }
          }
          counted += calls.length
          for (const { at: from } of calls) {
            const sum = calls.filter(({ at }) => at >= from && at < from + HOUR).reduce((total, each) => total + each.used, 0)
            expect(sum).toBeLessThanOrEqual(tokens)
            expect(sum * 2).toBeLessThanOrEqual(money)
          }
        },
      ),
      { numRuns: 150 },
    )
    expect(counted).toBeGreaterThan(500)
  })
})

describe('what budgets come to, for whoever counts', () => {
  const settings: readonly BudgetSettings[] = [
    { name: 'ten', per: 'run', limit: { operations: 10, rows: 100 }, warnAt: 0.5 },
    { name: 'two-at-once', per: 'principal', limit: { concurrentRuns: 2 } },
  ]
  const said: string[] = []
  const metered = () => {
    said.length = 0
    const budgets = new Budgets({
      ...{ settings, store: embeddedBudgetStore(database), pseudonym, now: () => now },
      meter: {
        warned: (budget, measure) => void said.push(`${budget} ${measure} warns`),
        refused: (budget, measure) => void said.push(`${budget} ${measure} refuses`),
      },
    })
    opened.push(budgets)
    return budgets
  }
  const shareOf = (budgets: Budgets, name: string, measure: string, going: readonly Run[] = []) =>
    budgets.shares(going).find((share) => share.budget === name && share.measure === measure)?.share

  it('is the share of whoever used most, for every limit, used or not', () => {
    const budgets = metered()
    expect(shareOf(budgets, 'ten', 'operations')).toBe(0)
    expect(shareOf(budgets, 'default-refusals', 'refusals')).toBe(0)
    const [busy, other] = [open(budgets), open(budgets, runOf('b'))]
    for (let count = 0; count < 4; count++) reserved(busy)
    reserved(other).charge(20, 0)
    expect(shareOf(budgets, 'ten', 'operations')).toBe(0.4)
    expect(shareOf(budgets, 'ten', 'rows')).toBe(0.2)
    expect(shareOf(budgets, 'two-at-once', 'concurrentRuns', [runOf('a')])).toBe(0.5)
    expect(shareOf(budgets, 'two-at-once', 'concurrentRuns', [runOf('a'), runOf('b')])).toBe(1)
  })

  it('is told once of a share that warns, and each time that there is no room', () => {
    const budgets = metered()
    const account = open(budgets)
    for (let count = 0; count < 10; count++) reserved(account)
    expect(said).toEqual(['ten operations warns'])
    for (let count = 0; count < 3; count++) account.reserve()
    expect(said.slice(1)).toEqual(Array(3).fill('ten operations refuses'))
    budgets.enter(runOf('c'), [runOf('a'), runOf('b')])
    expect(said.at(-1)).toBe('two-at-once concurrentRuns refuses')
  })

  it('is told of a run that is suspended', () => {
    const budgets = metered()
    refusals(open(budgets), 51)
    expect(said).toContain('default-refusals refusals refuses')
  })
})
