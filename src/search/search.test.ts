import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../test/parts/memory-log.ts'
import { SearchedLog } from '../../test/parts/searched-log.ts'
import type { SearchQuery } from './index.ts'

let log: MemoryLog
let searched: SearchedLog
beforeEach(() => {
  log = new MemoryLog()
  searched = new SearchedLog(log)
})
afterEach(async () => {
  await searched.remove()
  expect(searched.failures).toEqual([])
})

const indexes = (...entries: { index: number }[]) => entries.map(({ index }) => index)

describe('an entry is found', () => {
  it('by its kind, and by the family of its kind', async () => {
    const start = log.append('gateway.start', {})
    const run = log.run('run_a')
    const open = log.session('ses_a', 'run_a')
    const intent = log.intent('ses_a', [[1, 1, 1]])
    const outcome = log.outcome('ses_a', 1)
    expect(await searched.found({ kind: 'operation' })).toEqual(indexes(intent, outcome))
    expect(await searched.found({ kind: 'operation.intent' })).toEqual(indexes(intent))
    expect(await searched.found({ kind: 'oper' })).toEqual([])
    expect(await searched.found({})).toEqual(indexes(start, run, open, intent, outcome))
  })

  it('by run, principal and resource, which its session said once', async () => {
    const entries = [log.run('run_a'), log.session('ses_a', 'run_a'), log.intent('ses_a', [[1, 1, 1]]), log.outcome('ses_a', 1)]
    log.run('run_b')
    log.session('ses_b', 'run_b', { resource: 'other-db' })
    const other = log.intent('ses_b', [[1, 1, 1]])
    const killed = log.append('session.killed', { session: 'ses_a', run: 'run_a' })
    const end = [log.close('ses_a'), log.append('run.end', { run: 'run_a', state: 'ended' })]
    expect(await searched.found({ run: 'run_a' })).toEqual(indexes(...entries, killed, ...end))
    expect(await searched.found({ who: 'who-of-run_a' })).toEqual(indexes(...entries, killed, ...end))
    expect(await searched.found({ session: 'ses_a' })).toEqual(indexes(...entries.slice(1), killed, end[0]!))
    expect(await searched.found({ resource: 'other-db', kind: 'operation' })).toEqual(indexes(other))
    expect(await searched.found({ resource: 'other-db', run: 'run_a' })).toEqual([])
  })

  it('by break-glass: what became of it, and everything of the sessions under it', async () => {
    const opened = log.append('breakglass.opened', { breakGlass: 'bgl_1', who: 'who-of-run_a', resources: ['orders-db', 'other-db'] })
    log.session('ses_a', 'run_a')
    log.intent('ses_a', [[1, 1, 1]])
    const under = [log.session('ses_b', 'run_a', { breakGlass: 'bgl_1' }), log.intent('ses_b', [[1, 1, 1]]), log.outcome('ses_b', 1)]
    const closed = log.append('breakglass.closed', { breakGlass: 'bgl_1', resources: ['orders-db', 'other-db'] })
    expect(await searched.found({ breakGlass: 'bgl_1' })).toEqual(indexes(opened, ...under, closed))
    expect(await searched.found({ breakGlass: 'bgl_2' })).toEqual([])
    expect(await searched.found({ resource: 'other-db', kind: 'breakglass' })).toEqual(indexes(opened, closed))
  })

  it('by what its statement does and to what, also where that was said in an entry before', async () => {
    log.session('ses_a', 'run_a')
    const first = log.intent('ses_a', [[1, 1, 1, 'prepare']], { statements: { 1: 'SELECT * FROM public.Customers' } })
    const again = log.intent('ses_a', [[2, 1, 1]])
    const other = log.intent('ses_a', [[3, 2, 1, 'query']], { statements: { 2: 'alter role alice superuser' } })
    log.session('ses_b', 'run_a')
    log.intent('ses_b', [[1, 1, 1]])
    expect(await searched.found({ action: 'select' })).toEqual(indexes(first, again))
    expect(await searched.found({ object: 'customers' })).toEqual(indexes(first, again))
    expect(await searched.found({ object: 'PUBLIC.customers', action: 'Bind' })).toEqual(indexes(again))
    expect(await searched.found({ action: 'alter  Role' })).toEqual(indexes(other))
    expect(await searched.found({ action: 'query' })).toEqual(indexes(other))
  })

  it('by the decision on its operations', async () => {
    log.session('ses_a', 'run_a')
    const decisions = [
      [1, 'allow'],
      [2, 'deny'],
    ]
    const both = log.intent(
      'ses_a',
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
      { decisions, statements: { 1: 'select 1', 2: 'delete from t' } },
    )
    const denied = log.intent('ses_a', [[3, 1, 2]])
    const allowed = log.intent('ses_a', [[4, 2, 1]])
    expect(await searched.found({ decision: 'deny' })).toEqual(indexes(both, denied))
    expect(await searched.found({ decision: 'allow', kind: 'operation' })).toEqual(indexes(both, allowed))
    expect(await searched.found({ decision: 'deny', action: 'delete' })).toEqual(indexes(both))
    expect(await searched.found({ decision: 'allow', action: 'delete' })).toEqual(indexes(allowed))
    expect(await searched.found({ decision: 'allow', action: 'delete', object: 't' })).toEqual(indexes(allowed))
    expect(await searched.found({ decision: 'deny', object: 'u' })).toEqual([])
  })

  it('by words of its payloads, in any order, in any case, all of them', async () => {
    const start = log.append('gateway.start', {}, [{ name: 'config', key: 'key-of-gateway', content: 'origin: example.org # Größe' }])
    log.session('ses_a', 'run_a')
    const intent = log.intent('ses_a', [[1, 1, 1]], {
      statements: { 1: 'select name from customers' },
      parameters: { 1: 'alice@example.org' },
    })
    expect(await searched.found({ text: 'CUSTOMERS name' })).toEqual(indexes(intent))
    expect(await searched.found({ text: 'example org' })).toEqual(indexes(start, intent))
    expect(await searched.found({ text: 'alice@example.org' })).toEqual(indexes(intent))
    expect(await searched.found({ text: 'GRÖẞE' })).toEqual(indexes(start))
    expect(await searched.found({ text: 'grosse' })).toEqual([])
    expect(await searched.found({ text: 'customers absent' })).toEqual([])
    expect(await searched.found({ text: 'custom' })).toEqual([])
  })

  it('by a phrase, where its words follow each other in one text', async () => {
    log.session('ses_a', 'run_a')
    const drop = log.intent('ses_a', [[1, 1, 1]], { statements: { 1: 'drop /* now */ table customers' } })
    const table = log.intent('ses_a', [[2, 2, 1]], { statements: { 2: 'drop table customers' } })
    log.intent('ses_a', [[3, 3, 1]], { statements: { 3: 'table customers; drop' }, parameters: { 3: 'table customers' } })
    expect(await searched.found({ text: '"drop table"' })).toEqual(indexes(table))
    expect(await searched.found({ text: '"DROP  now; table"' })).toEqual(indexes(drop))
    expect(await searched.found({ text: '"drop table" "table customers"' })).toEqual(indexes(table))
    expect(await searched.found({ text: 'customers "drop table' })).toEqual(indexes(table))
  })

  it('also behind what is not in the index, because the payload is too long', async () => {
    log.session('ses_a', 'run_a')
    const many = Array.from({ length: 20_000 }, (_, at) => `w${at}`).join(' ')
    const long = log.intent('ses_a', [[1, 1, 1]], { statements: { 1: `${many} needle` } })
    const longer = log.intent('ses_a', [[2, 2, 1]], { statements: { 2: `${'x '.repeat(600_000)} needle in it` } })
    log.intent('ses_a', [[3, 3, 1]], { statements: { 3: `${many} nothing` } })
    expect(await searched.found({ text: 'needle' })).toEqual(indexes(long, longer))
    expect(await searched.found({ text: 'needle "in it"' })).toEqual(indexes(longer))
    expect(await searched.found({ text: 'w3 needle' })).toEqual(indexes(long))
  })

  it('by time: from a moment on, before another', async () => {
    const first = log.now
    for (let at = 0; at < 600; at++) log.append('signin.refused', { door: 'token', code: 'GS_X' })
    const found = await searched.found({ since: first + 299_000, until: first + 301_000 })
    expect(found).toEqual([299, 300])
    expect(await searched.found({ since: first + 598_500 })).toEqual([599])
    expect(await searched.found({ until: first })).toEqual([])
    expect(await searched.found({ since: first + 600_000 })).toEqual([])
  })

  it('not by what somebody searched for', async () => {
    log.append('log.read', { viewer: 'local-operator' }, [{ name: 'query', key: 'key-of-gateway', content: 'needle' }])
    expect(await searched.found({ text: 'needle' })).toEqual([])
    expect(await searched.found({ text: '"needle needle"' })).toEqual([])
  })
})

describe('pages', () => {
  beforeEach(async () => {
    log.session('ses_a', 'run_a')
    for (let at = 1; at <= 250; at++) log.intent('ses_a', [[at, 1, 1]], at === 1 ? { statements: { 1: 'select 1' } } : {})
    await searched.upToDate()
  })

  it.each([true, false])('are complete and disjoint, whichever way, also while the log grows (oldest first: %s)', async (oldest) => {
    const query: SearchQuery = { kind: 'operation.intent', oldest }
    const seen: number[] = []
    let cursor: string | undefined
    do {
      const page = await searched.page(query, { limit: 7, ...(cursor ? { cursor } : {}) })
      expect(page.entries.length).toBeLessThanOrEqual(7)
      seen.push(...page.entries)
      cursor = page.next
      if (!oldest) {
        log.intent('ses_a', [[1000 + seen.length, 1, 1]])
        await searched.upToDate()
      }
    } while (cursor)
    const all = Array.from({ length: 250 }, (_, at) => at + 1)
    expect(seen).toEqual(oldest ? all : all.reverse())
  })

  it('end with no cursor where nothing follows', async () => {
    expect((await searched.page({ kind: 'session.open' }, { limit: 1 })).next).toBeUndefined()
    expect((await searched.page({ kind: 'absent' })).next).toBeUndefined()
    expect(await searched.page({ kind: 'operation.intent' }, { limit: 250 })).toMatchObject({ next: undefined, first: 0, indexed: 251 })
  })

  it('end when their time is up, and go on where they ended', async () => {
    let clock = 0
    const { index, terms } = searched
    const opened: number[] = []
    const open = async (at: number) => {
      clock += 10
      opened.push(at)
      return log.entries[at]
    }
    const { search } = await import('./index.ts')
    const parts = { index, terms, open, budget: 35, now: () => clock }
    const query = { text: '"select 1"' }
    log.intent('ses_a', [[251, 2, 1]], { statements: { 2: '1 select' } })
    for (let at = 0; at < 10; at++) log.intent('ses_a', [[252 + at, 3 + at, 1]], { statements: { [3 + at]: '1 select' } })
    await searched.upToDate()
    let page = await search(query, { limit: 10 }, parts)
    expect(page.entries).toEqual([])
    const pages = [page]
    while (page.next) {
      page = await search(query, { limit: 10, cursor: page.next }, parts)
      pages.push(page)
    }
    expect(pages.flatMap(({ entries }) => entries)).toEqual([1])
    expect(pages.length).toBeGreaterThan(2)
    expect(new Set(opened).size).toBe(opened.length)
  })

  it('are refused a cursor that is not of their search', async () => {
    const query: SearchQuery = { kind: 'operation.intent', text: 'select' }
    const { next } = await searched.page({ kind: 'operation' }, { limit: 1 })
    const bad = [next, '', 'x', 'A'.repeat(22), `${next}A`, `${next?.slice(0, -1)}!`, '../../etc', `${'A'.repeat(21)}B`, 'é'.repeat(22)]
    for (const cursor of bad) {
      await expect(searched.page(query, { cursor: cursor as string })).rejects.toMatchObject({ code: 'GS_SEARCH_CURSOR' })
      if (cursor !== next)
        await expect(searched.page({ kind: 'operation' }, { cursor: cursor as string })).rejects.toMatchObject({ code: 'GS_SEARCH_CURSOR' })
    }
    await expect(searched.page({ kind: 'operation', oldest: true }, { cursor: next as string })).rejects.toMatchObject({
      code: 'GS_SEARCH_CURSOR',
    })
    expect((await searched.page({ kind: 'operation', since: 5 }, { cursor: next as string, limit: 1 })).entries).toEqual([249])
  })
})

describe('hostile searches', () => {
  const hostile = [
    'a OR b',
    'a NOT b',
    'a* b^2',
    'NEAR(a b, 2)',
    '{a b}: c',
    'a" OR ""="',
    "'; DROP TABLE posting; --",
    '-a +b ~c',
    'a\u0000b',
    '\ud800 a',
    'a\u202eb',
    '%_a',
    'col:a',
  ]

  it('have no syntax but words and quotes', async () => {
    log.session('ses_a', 'run_a')
    const entry = log.intent('ses_a', [[1, 1, 1]], { statements: { 1: 'a or b not 2 near c drop table posting col' } })
    await searched.upToDate()
    for (const text of hostile.filter((each) => each.includes('a') || each.includes('b'))) {
      for (const facet of ['kind', 'who', 'run', 'session', 'resource', 'action', 'object'] as const)
        expect((await searched.page({ [facet]: text })).entries).toEqual([])
    }
    expect(await searched.found({ text: 'a OR b' })).toEqual([entry.index])
    expect(await searched.found({ text: 'a NOT b' })).toEqual([entry.index])
    expect(await searched.found({ text: 'a NOT absent' })).toEqual([])
    expect(await searched.found({ text: 'NEAR(a, 2)' })).toEqual([])
    expect(await searched.found({ text: "'; DROP TABLE posting; --" })).toEqual([entry.index])
    expect(await searched.found({ text: 'co*' })).toEqual([])
  })

  it('are refused where there is no word in them, or too much', async () => {
    for (const text of [
      '',
      ' ',
      '***',
      '""',
      '"',
      '%_\u0000',
      '😀',
      'a'.repeat(1025),
      Array.from({ length: 33 }, (_, at) => `w${at}`).join(' '),
    ])
      await expect(searched.page({ text })).rejects.toMatchObject({ code: 'GS_SEARCH_QUERY' })
  })

  it('are answered or refused, whatever they are', async () => {
    log.session('ses_a', 'run_a')
    log.intent('ses_a', [[1, 1, 1]], { statements: { 1: 'select * from t' } })
    await searched.upToDate()
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...hostile))
    const query = fc.record(
      { text, kind: text, who: text, action: text, object: text, since: fc.double(), until: fc.double() },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(query, fc.option(text, { nil: undefined }), async (asked, cursor) => {
        try {
          await searched.page(asked, cursor === undefined ? {} : { cursor })
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^GS_SEARCH_(QUERY|CURSOR)$/)
        }
      }),
    )
  })
})
