import { afterAll, describe, expect, it } from 'vitest'
import { catalogOf, SHOP as PARTS } from '../../../../../test/parts/shop-catalog.ts'
import { createCatalog } from '../../catalog/index.ts'
import { declareSnapshot } from '../../declared/index.ts'
import { transaction } from '../../wire/codes.ts'
import type { SqlSession, Understood } from '../sql-session.ts'
import type { CatalogSource } from './catalog-source.ts'
import type { SessionOptions } from './session.ts'
import { createUnderstanding } from './understanding.ts'

const SHOP = catalogOf(PARTS)
const FRESH = { ...catalogOf({ relations: { 'public.fresh': { columns: ['id'] } } }), version: 'sha256:fresh' }
const understanding = createUnderstanding({ statementBytes: 1 << 20 })
afterAll(() => understanding.close())

const PARAMETERS = new Map([
  ['client_encoding', 'UTF8'],
  ['server_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
  ['session_authorization', 'app'],
])

function openSession({
  catalog = still(SHOP),
  serverVersion = 150_004,
  parameters = new Map<string, string>(),
  ...others
}: {
  catalog?: CatalogSource
  serverVersion?: number
  parameters?: ReadonlyMap<string, string>
  usable?: SessionOptions['usable']
  lineage?: () => boolean
} = {}): SqlSession {
  return understanding.openSession({
    catalog,
    user: 'app',
    searchPath: '"$user", public',
    usable: 'usable' in others ? others.usable : 'all',
    readOnly: false,
    parameters: new Map([...PARAMETERS, ...parameters]),
    serverVersion,
    ...('lineage' in others && { lineage: others.lineage }),
  })
}

function still(current: CatalogSource['current']): CatalogSource {
  return { current, fresh: async () => current, stale: () => undefined }
}

/** A catalog that becomes another one when it is asked for anew. */
function turning() {
  return {
    current: SHOP as CatalogSource['current'],
    next: SHOP as CatalogSource['current'],
    told: 0,
    asked: 0,
    fails: false,
    stale() {
      this.told += 1
    },
    async fresh() {
      this.asked += 1
      if (this.fails) return undefined
      this.current = this.next
      return this.current
    },
  }
}

async function understood(session: SqlSession, text: string): Promise<Understood> {
  return session.understand(Buffer.from(text))
}

/** Runs it to its end, as the server would. */
async function run(session: SqlSession, text: string, status: number = transaction.idle): Promise<void> {
  const { statements } = await understood(session, text)
  for (const statement of statements) session.completed(statement, 'OK')
  session.ready(status)
}

async function reads(session: SqlSession, text: string): Promise<readonly string[] | undefined> {
  return (await understood(session, text)).facts.sql?.reads
}

describe('a text', () => {
  it('is understood by the catalog and the search path', async () => {
    const { facts, statements } = await understood(openSession(), 'select a from t')
    expect(facts).toMatchObject({ effects: [{ class: 'read', action: 'select' }], sql: { statements: 1, reads: ['public.t'] } })
    expect(facts.sql?.catalog).toBe(SHOP.version)
    expect(statements).toHaveLength(1)
  })

  it('is understood at once when it was understood before, with the same facts for equal ones', async () => {
    const session = openSession()
    const first = await understood(session, 'select a from t')
    expect(session.understand(Buffer.from('select a from t'))).toBe(first)
    expect(openSession().understand(Buffer.from('select a from t'))).toBe(first)
    expect((await understood(session, 'SELECT a FROM public.t')).facts).toBe(first.facts)
  })

  it.each(['', ' ', '-- nothing', ';;', '/* */ ;'])('of no statement does nothing: %j', async (text) => {
    expect(await understood(openSession(), text)).toMatchObject({ facts: { effects: [], sql: { statements: 0 } }, statements: [] })
  })

  it('that is no SQL is opaque, and its facts are unknown', async () => {
    const { facts, refusal } = await understood(openSession(), 'selec a from t')
    expect(facts).toEqual({ effects: [{ class: 'opaque', action: 'unparsed' }] })
    expect(refusal).toBeUndefined()
  })

  it.each([
    ['select 1\0delete from t', 'NUL'],
    [`select ${'('.repeat(300)}`, 'Brackets'],
    [`select 1 ${'+-'.repeat(100)} 1`, 'operator'],
    ['/*'.repeat(100), 'Comments'],
    [`select '${'x'.repeat(1 << 20)}'`, 'longer'],
  ])('that would harm the parser is refused', async (text, reason) => {
    expect((await understood(openSession(), text)).refusal).toContain(reason)
  })

  it('that is not UTF-8 is refused', async () => {
    expect((await openSession().understand(Buffer.from([0x73, 0xff]))).refusal).toContain('UTF-8')
  })

  it('that is long is read elsewhere, by the same catalog', async () => {
    const current = createCatalog(await declareSnapshot('create table big (a int)'))
    const answer = openSession({ catalog: still(current) }).understand(Buffer.from(`select a from big where a in (0${', 1'.repeat(500)})`))
    expect(answer).toBeInstanceOf(Promise)
    expect((await answer).facts).toMatchObject({ effects: [{ class: 'read' }], sql: { reads: ['public.big'], catalog: current.version } })
  })

  it('with names that are found nowhere waits for a fresh catalog, once in a while', async () => {
    const source = turning()
    const session = openSession({ catalog: source })
    source.next = FRESH
    expect(await reads(session, 'select * from fresh')).toEqual(['public.fresh'])
    expect(await reads(session, 'select * from nowhere')).toBeUndefined()
    expect(source.asked).toBe(1)
  })
})

describe('how the server reads a text', () => {
  it.each([
    ['standard_conforming_strings', 'off', "select '\\'"],
    ['client_encoding', 'SJIS', "select 'é'"],
    ['server_encoding', 'LATIN1', "select 'é'"],
  ])('%s %s makes what it matters to opaque', async (name, value, text) => {
    const session = openSession({ parameters: new Map([[name, value]]) })
    expect((await understood(session, text)).facts.effects).toEqual([{ class: 'opaque', action: 'unparsed' }])
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
  })

  it('is remembered of a statement that it parsed when it was uncertain', async () => {
    const session = openSession()
    const { epoch } = session
    session.reported('standard_conforming_strings', 'off')
    expect(session.epoch).not.toBe(epoch)
    const text = Buffer.from("select '\\' from t")
    expect((await session.understand(text)).facts.effects[0]?.class).toBe('opaque')
    session.reported('standard_conforming_strings', 'on')
    expect((await session.understand(text)).facts.effects[0]?.class).toBe('opaque')
    expect((await session.understand(Buffer.from(text))).facts.effects[0]?.class).toBe('read')
  })
})

describe('search_path', () => {
  it('counts from completion on', async () => {
    const session = openSession()
    const { epoch } = session
    const { statements } = await understood(session, 'set search_path = staging')
    expect(session.changes(statements)).toBe(true)
    expect(await reads(session, 'select total from staging.orders')).toEqual(['staging.orders'])
    expect(session.epoch).toBe(epoch)
    session.completed(statements[0]!, 'SET')
    session.ready(transaction.idle)
    expect(session.epoch).not.toBe(epoch)
    expect(await reads(session, 'select total from orders')).toEqual(['staging.orders'])
  })

  it('is undone by ROLLBACK, by ROLLBACK TO and, set LOCAL, by COMMIT', async () => {
    const session = openSession()
    await run(session, 'begin', transaction.open)
    await run(session, 'set search_path = staging', transaction.open)
    await run(session, 'savepoint a', transaction.open)
    await run(session, 'set local search_path = shop', transaction.open)
    expect(await reads(session, 'select total from orders')).toContain('shop.orders')
    await run(session, 'rollback to a', transaction.open)
    expect(await reads(session, 'select total from orders')).toEqual(['staging.orders'])
    await run(session, 'set local search_path = shop', transaction.open)
    await run(session, 'commit')
    expect(await reads(session, 'select total from orders')).toEqual(['staging.orders'])
    await run(session, 'begin', transaction.open)
    await run(session, 'set search_path = shop', transaction.open)
    await run(session, 'rollback')
    expect(await reads(session, 'select total from orders')).toEqual(['staging.orders'])
    await run(session, 'reset search_path')
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
  })

  it('of an implicit transaction is undone by an error behind it', async () => {
    const session = openSession()
    const { statements } = await understood(session, 'set search_path = staging; select 1/0')
    session.completed(statements[0]!, 'SET')
    expect(session.changes([])).toBe(true)
    session.failed(statements[1])
    session.ready(transaction.idle)
    expect(session.changes([])).toBe(false)
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
  })

  it('is unknown where a schema on it may be closed to the user: the server passes over it', async () => {
    const session = openSession({ usable: ['public', 'shop'] })
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
    await run(session, 'set search_path = nowhere, shop')
    expect(await reads(session, 'select total from orders')).toContain('shop.orders')
    await run(session, 'set search_path = staging, shop')
    expect(await reads(session, 'select total from orders')).toBeUndefined()
    await run(session, 'set search_path = public')
    await run(session, 'set role other')
    expect(await reads(session, 'select a from t')).toBeUndefined()
    expect(await reads(openSession({ usable: undefined }), 'select a from t')).toBeUndefined()
  })

  it('is unknown behind what is opaque, until it is set, or told', async () => {
    const session = openSession()
    await run(session, 'do $$ begin end $$')
    expect(await reads(session, 'select a from t')).toBeUndefined()
    expect(await reads(session, 'select a from public.t')).toEqual(['public.t'])
    await run(session, 'discard all')
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])

    const newer = openSession({ serverVersion: 180_000, parameters: new Map([['search_path', '"$user", public']]) })
    const { statements } = await understood(newer, 'do $$ begin end $$')
    newer.completed(statements[0]!, 'DO')
    newer.reported('search_path', 'staging')
    newer.ready(transaction.idle)
    await run(newer, 'discard temp')
    expect(await reads(newer, 'select total from orders')).toEqual(['staging.orders'])
  })
})

describe('temporary relations', () => {
  it('come before others, until they end', async () => {
    const session = openSession()
    await run(session, 'begin', transaction.open)
    await run(session, 'create temp table t (a int) on commit drop', transaction.open)
    expect(await reads(session, 'select a from t')).toEqual(['pg_temp.t', 'public.t'])
    await run(session, 'commit')
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
    await run(session, 'create temp table t (a int)')
    expect(await reads(session, 'select a from t')).toEqual(['pg_temp.t', 'public.t'])
    await run(session, 'drop table pg_temp.t')
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
  })
})

describe('names', () => {
  it('of prepared statements are resolved where they are run, as names mean then', async () => {
    const session = openSession()
    await run(session, 'prepare p as select total from orders')
    await run(session, 'set search_path = staging')
    const { facts, statements } = await understood(session, 'execute p')
    expect(facts.sql?.reads).toEqual(['staging.orders'])
    expect(statements[0]?.effects.map(({ action }) => action)).toContain('select')
    await run(session, 'deallocate p')
    expect((await understood(session, 'execute p')).facts.effects).toContainEqual({ class: 'opaque', action: 'unknown name' })
  })

  it('of the protocol are those of EXECUTE too', async () => {
    const session = openSession()
    session.prepared('s1', await understood(session, 'select a from t'))
    expect(await reads(session, 'execute s1')).toEqual(['public.t'])
    const { epoch } = session
    session.deallocated('s1')
    expect(session.epoch).not.toBe(epoch)
    expect(await reads(session, 'execute s1')).toBeUndefined()
  })

  it('of cursors WITH HOLD run to their end when they are committed', async () => {
    const session = openSession()
    await run(session, 'begin', transaction.open)
    await run(session, `declare h cursor with hold for select set_config('search_path', 'shop', false)`, transaction.open)
    await run(session, 'set search_path = staging', transaction.open)
    expect(await reads(session, 'select id from orders')).toEqual(['staging.orders'])
    await run(session, 'commit')
    expect(await reads(session, 'select id from orders')).toEqual(['shop.orders', 'shop.orders_2025', 'shop.orders_2026'])
    await run(session, 'set search_path = staging')
    expect(await reads(session, 'select id from orders')).toEqual(['staging.orders'])
  })
  it('of cursors end with their transaction, but for WITH HOLD', async () => {
    const session = openSession()
    await run(session, 'begin', transaction.open)
    await run(session, 'declare c cursor for select a from t', transaction.open)
    await run(session, 'declare h cursor with hold for select c from u', transaction.open)
    expect(await reads(session, 'fetch c')).toEqual(['public.t'])
    await run(session, 'commit')
    expect(await reads(session, 'fetch c')).toBeUndefined()
    expect(await reads(session, 'fetch h')).toEqual(['public.u'])
    await run(session, 'close h')
    expect(await reads(session, 'fetch h')).toBeUndefined()
  })

  it('are those of the same text first', async () => {
    const session = openSession()
    await run(session, 'prepare p as select a from t')
    expect(await reads(session, 'deallocate p; prepare p as select c from u; execute p')).toEqual(['public.u'])
    expect((await understood(session, 'deallocate p; execute p')).facts.effects).toContainEqual({
      class: 'opaque',
      action: 'unknown name',
    })
  })

  it('carry over what is behind them changes', async () => {
    const session = openSession()
    await run(session, "prepare p as select set_config('search_path', 'staging', false)")
    await run(session, 'execute p')
    expect(await reads(session, 'select total from orders')).toEqual(['staging.orders'])
  })
})

describe('a change of the catalog', () => {
  it('makes names unknown until its transaction ends, and then waits for a fresh one', async () => {
    const source = turning()
    const session = openSession({ catalog: source })
    await run(session, 'begin', transaction.open)
    await run(session, 'create table fresh (id int)', transaction.open)
    expect(await reads(session, 'select id from fresh')).toEqual(['public.fresh'])
    await run(session, 'drop table u', transaction.open)
    expect(await reads(session, 'select a from public.t')).toBeUndefined()
    expect(source.told).toBe(0)
    const { epoch } = session
    source.next = FRESH
    await run(session, 'commit')
    expect(source.told).toBe(1)
    expect(session.epoch).not.toBe(epoch)
    expect(session.understand(Buffer.from('select id from fresh'))).toBeInstanceOf(Promise)
    expect(await reads(session, 'select id from fresh')).toEqual(['public.fresh'])
  })

  it('leaves names unknown where no fresh one comes', async () => {
    const source = turning()
    const session = openSession({ catalog: source })
    source.fails = true
    await run(session, 'create table fresh (id int)')
    expect(await reads(session, 'select a from public.t')).toBeUndefined()
  })

  it('that is rolled back was none', async () => {
    const source = turning()
    const session = openSession({ catalog: source })
    await run(session, 'begin', transaction.open)
    await run(session, 'create table fresh (id int)', transaction.open)
    await run(session, 'rollback')
    expect(source.told).toBe(0)
    expect(await reads(session, 'select a from t')).toEqual(['public.t'])
  })
})

describe('parameters whose types come by number', () => {
  const text = () => Buffer.from('select $1')
  const opening = (typeCode: { casts: boolean; inputs: boolean }) => openSession({ catalog: still(catalogOf({ ...PARTS, typeCode })) })

  it('run code of users where there is any behind types', async () => {
    for (const typeCode of [
      { casts: true, inputs: false },
      { casts: false, inputs: true },
    ]) {
      const session = opening(typeCode)
      const typed = text()
      session.typed(typed)
      expect((await session.understand(typed)).facts).toMatchObject({
        effects: [{ class: 'opaque', action: 'user code' }, { class: 'session' }],
      })
      expect((await session.understand(typed)).facts.sql?.reads).toBeUndefined()
      expect((await understood(session, 'select $1')).facts.sql?.reads).toEqual([])
      // Also by the name of the statement.
      session.prepared('s', await session.understand(typed))
      expect((await understood(session, `execute s('x')`)).facts.effects).toContainEqual({ class: 'opaque', action: 'user code' })
    }
  })
  it('are harmless where there is none, but not known by their name', async () => {
    const session = opening({ casts: false, inputs: false })
    const typed = text()
    session.typed(typed)
    const harmless = await session.understand(typed)
    expect(harmless.facts.sql?.reads).toEqual([])
    session.prepared('s', harmless)
    expect((await understood(session, `execute s('x')`)).facts.effects).toContainEqual({ class: 'opaque', action: 'unknown name' })
  })
})

describe('settings that an application makes up', () => {
  it('are known by their names from then on', async () => {
    const session = openSession()
    await run(session, "SET App.tenant = 'a'; SET work_mem = '1MB'; SELECT set_config('app.\"x', 'b', true)")
    await run(session, 'RESET ALL')
    expect(session.applicationSettings).toEqual(['app."x', 'app.tenant'])
  })

  it('are not known where there are many', async () => {
    const session = openSession()
    for (let n = 0; n < 64; n++) await run(session, `SET app.s${n} = 1`)
    expect(session.applicationSettings).toHaveLength(64)
    await run(session, 'SET app.more = 1')
    expect(session.applicationSettings).toBeUndefined()
  })
})

describe('what flows into the columns of results', () => {
  const outputs = async (session: SqlSession, text: string) => (await understood(session, text)).statements.map((each) => each.outputs)
  const T_A = [{ from: ['public.t.a'], plain: true, certain: true }]

  it('is told only while it is wanted, and what was understood before is understood anew', async () => {
    let wanted = false
    const session = openSession({ lineage: () => wanted })
    expect(await outputs(session, 'SELECT a FROM t')).toEqual([undefined])
    const before = session.epoch
    wanted = true
    expect(session.epoch).not.toBe(before)
    expect(await outputs(session, 'SELECT a FROM t')).toEqual([T_A])
    expect(await outputs(openSession(), 'SELECT a FROM t')).toEqual([undefined])
  })

  it('goes by what stands behind the names of statements and cursors', async () => {
    const session = openSession({ lineage: () => true })
    await run(session, 'PREPARE p AS SELECT a FROM t')
    session.prepared('q', await understood(session, 'SELECT upper(a) FROM t'))
    await run(session, 'BEGIN; DECLARE c CURSOR FOR SELECT a FROM t', transaction.open)
    expect(await outputs(session, 'EXECUTE p; FETCH c; EXECUTE q; MOVE c')).toEqual([
      T_A,
      T_A,
      [{ from: ['public.t.a'], plain: false, certain: true }],
      [],
    ])
    expect(await outputs(session, 'EXECUTE nosuch; FETCH nosuch; EXECUTE p (evil(1))')).toEqual([undefined, undefined, undefined])
    expect(await outputs(session, 'PREPARE r AS SELECT b FROM t; EXECUTE r')).toEqual([[], [{ ...T_A[0], from: ['public.t.b'] }]])
    expect(await outputs(session, 'UPDATE t SET b = 1 WHERE CURRENT OF c RETURNING a')).toEqual([T_A])
  })

  it('is stored where a statement makes a table of what is behind a name', async () => {
    const session = openSession({ lineage: () => true })
    await run(session, 'PREPARE p AS SELECT a FROM t')
    const { facts, statements } = await understood(session, 'CREATE TEMP TABLE x AS EXECUTE p')
    expect(facts.sql?.columns?.sources).toEqual(['public.t.a'])
    expect(statements[0]?.outputs).toEqual([])
    expect((await understood(session, 'EXECUTE p')).facts.sql?.columns?.sources).toEqual([])
  })

  it('is told of long texts too', async () => {
    const current = createCatalog(await declareSnapshot('create table big (a int)'))
    const session = openSession({ catalog: still(current), lineage: () => true })
    expect(await outputs(session, `select a from big where a in (0${', 1'.repeat(500)})`)).toEqual([
      [{ from: ['public.big.a'], plain: true, certain: true }],
    ])
  })

  it('is not told where code of users makes the parameters', async () => {
    const session = openSession({ catalog: still({ ...SHOP, typeCode: { casts: true, inputs: true } }), lineage: () => true })
    const typed = Buffer.from('select a, $1 from t')
    session.typed(typed)
    expect((await session.understand(typed)).statements[0]).not.toHaveProperty('outputs')
  })
})
