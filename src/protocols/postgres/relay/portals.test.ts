import { describe, expect, it } from 'vitest'
import { changing } from '../../../../test/parts/plain-sql.ts'
import { errorIn, firstColumn, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import type { Understood } from '../sql/sql-session.ts'
import type { Transition } from '../sql/statement-facts.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int); insert into t values (42); create table big as select generate_series(1, 100) i')

const run = (text: string): Buffer => Buffer.concat([build.parse('', text), build.bind('', ''), build.execute('')])
const bound = (text: string): Buffer => Buffer.concat([build.parse('', text), build.bind('p', '')])
const reading = (relation: string, catalog = 'one'): Understood => ({
  facts: { effects: [], sql: { catalog, statements: 1, reads: [relation] } },
  statements: [],
})
const one = (...transitions: Transition[]): Understood => ({ facts: { effects: [] }, statements: [changing(...transitions)] })
const opaque: Understood = {
  facts: { effects: [{ class: 'opaque', action: 'do' }] },
  statements: [{ ...changing({ kind: 'opaque' }), effects: [{ class: 'opaque', action: 'do' }] }],
}

describe('an Execute of a portal that was bound to another meaning', () => {
  it('is refused: COPY looks up its names when it is executed', async () => {
    const raw = await room.client()
    let relation = 'pg_temp.t'
    room.gate.reads = (text) => (text.startsWith('copy') ? reading(relation) : undefined)
    raw.send(build.query('begin; create temp table t (id int)'), bound('copy t to stdout'), build.sync(), build.query('drop table t'))
    await raw.until(3)
    relation = 'public.t'
    room.gate.newEpoch()
    raw.send(build.execute('p'), build.sync())
    const answer = await raw.until()
    expect(types(answer)).toBe('EZ')
    expect([errorIn(answer).get('C'), errorIn(answer).get('D')]).toEqual(['42501', 'Refused by the gateway (GS_OPERATION_NOT_UNDERSTOOD).'])
    expect(room.gate.seen.at(-1)).toMatchObject({ form: 'bind', text: 'copy t to stdout' })
    expect(room.gate.seen.at(-2)).toMatchObject({ outcome: { status: 'completed' } })
    raw.send(build.query('rollback'), build.query('select 1'))
    expect(firstColumn(await raw.until(2))).toEqual(['1'])
  })

  it('is refused also where all of it is sent at once', async () => {
    const raw = await room.client()
    let relation = 'pg_temp.t'
    const dropping = one({ kind: 'drop-temporary', names: ['t'] })
    room.gate.reads = (text) => (text.startsWith('copy') ? reading(relation) : text.startsWith('drop') ? dropping : undefined)
    raw.send(build.query('begin; create temp table t (id int)'))
    await raw.until()
    setTimeout(() => {
      relation = 'public.t'
      room.gate.newEpoch()
    }, 100)
    raw.send(bound('copy t to stdout'), run('select pg_sleep(0.3)'), run('drop table t'), build.execute('p'), build.sync())
    const answer = await raw.until()
    expect(types(answer)).toBe('1212DC12CEZ')
    expect(errorIn(answer).get('D')).toContain('GS_OPERATION_NOT_UNDERSTOOD')
  })

  it('goes on where it still comes to the same, whatever the catalog is called', async () => {
    const raw = await room.client()
    let catalog = 'one'
    room.gate.reads = (text) => (text.startsWith('copy') ? reading('public.t', catalog) : undefined)
    raw.send(build.query('begin'), bound('copy t to stdout'), build.sync())
    await raw.until(2)
    catalog = 'two'
    room.gate.newEpoch()
    raw.send(build.execute('p'), build.sync())
    expect(types(await raw.until())).toBe('HdcCZ')
  })

  it('goes on where it is begun: nothing of it is looked up any more', async () => {
    const raw = await room.client()
    let relation = 'public.big'
    room.gate.reads = (text) => (text.startsWith('table') ? reading(relation) : undefined)
    raw.send(build.query('begin'), bound('table big'), build.execute('p', 2), build.sync())
    await raw.until(2)
    relation = 'pg_temp.big'
    room.gate.newEpoch()
    raw.send(build.execute('p', 2), build.sync())
    expect(types(await raw.until())).toBe('DDsZ')
  })
})

describe('a portal and a cursor of one name', () => {
  const declare = one({ kind: 'declare', name: 'p', statement: changing(), hold: true })

  it('are told apart where the portal ended with its transaction', async () => {
    const raw = await room.client()
    room.gate.reads = (text) => (text.startsWith('declare') ? declare : undefined)
    raw.send(bound('select 1'), build.execute('p'), build.sync())
    raw.send(build.query('declare p cursor with hold for table big'), build.execute('p'), build.sync())
    const answer = await raw.until(3)
    expect(types(answer)).toBe('12DCZCZEZ')
    expect(errorIn(answer).get('C')).toBe('34000')
  })

  it('are told apart where SQL closed the portal', async () => {
    const raw = await room.client()
    const close = one({ kind: 'close', name: 'p' })
    room.gate.reads = (text) => (text.startsWith('declare') ? declare : text.startsWith('close') ? close : undefined)
    raw.send(build.query('begin'), bound('select 1'), build.execute('p'), build.sync(), build.query('close p'))
    raw.send(build.query('declare p cursor for table big'), build.execute('p'), build.sync())
    const answer = await raw.until(5)
    expect(types(answer)).toBe('CZ12DCZCZCZEZ')
    expect(errorIn(answer).get('C')).toBe('34000')
  })

  it.each(['close all', 'commit; begin', 'discard'])('are told apart behind %s', async (text) => {
    const raw = await room.client()
    const transitions = {
      'close all': [changing({ kind: 'close' })],
      'commit; begin': [changing({ kind: 'transaction', verb: 'commit' }), changing({ kind: 'transaction', verb: 'begin' })],
      discard: [changing({ kind: 'discard', what: 'all' })],
    }[text]!
    const really = text === 'discard' ? 'close all' : text
    room.gate.reads = (each) => (each === really ? { facts: { effects: [] }, statements: transitions } : undefined)
    raw.send(build.query('begin'), bound('table big'), build.execute('p', 1), build.sync(), build.query(really))
    await raw.until(3)
    expect(room.gate.seen.find(({ form }) => form === 'bind')).toMatchObject({ rows: 1, outcome: { status: 'completed' } })
    raw.send(build.query('declare p cursor for table big'), build.execute('p'), build.sync())
    expect(errorIn(await raw.until(2)).get('C')).toBe('34000')
  })

  it('are not told apart behind code that is not known: what was not begun is refused', async () => {
    const raw = await room.client()
    room.gate.reads = (text) => (text.startsWith('do') ? opaque : undefined)
    raw.send(build.query('begin'), bound('select 1'), build.sync())
    raw.send(build.query("do $$ declare c refcursor := 'p'; begin close c; open c for table big; end $$"), build.execute('p'), build.sync())
    const answer = await raw.until(4)
    expect(types(answer)).toBe('CZ12ZCZEZ')
    expect(errorIn(answer).get('D')).toContain('GS_OPERATION_NOT_UNDERSTOOD')
  })

  it('nothing comes of a portal that had come to its end, whatever code opened in its place', async () => {
    const raw = await room.client()
    room.gate.reads = (text) => (text.startsWith('do') ? opaque : undefined)
    raw.send(build.query('begin'), bound('select 1'), build.execute('p'), build.sync())
    raw.send(build.query("do $$ declare c refcursor := 'p'; begin close c; open c for table big; end $$"), build.execute('p'), build.sync())
    const answer = await raw.until(4)
    expect(types(answer)).toBe('CZ12DCZCZEZ')
    expect(errorIn(answer).get('D')).toContain('GS_OPERATION_NOT_UNDERSTOOD')
  })

  it('are one to the protocol’s Close: SQL is told', async () => {
    const raw = await room.client()
    room.gate.reads = (text) => (text.startsWith('declare') ? declare : undefined)
    raw.send(build.query('declare p cursor with hold for table big'), build.close('P', 'p'), build.sync())
    expect(types(await raw.until(2))).toBe('CZ3Z')
    expect(room.gate.told).toContain('completed close ')
  })
})

describe('a Bind of code that is not known', () => {
  it('counts from its own end: planning it ran functions that say that they never change', async () => {
    const raw = await room.client()
    room.gate.reads = (text) => (text === 'select 1' ? opaque : undefined)
    raw.send(build.parse('', 'select 1'), build.bind('', ''), build.sync())
    await raw.until()
    expect(room.gate.told).toContain('completed opaque ')
    room.gate.newEpoch()
    raw.send(run('select 1'), build.sync())
    expect(types(await raw.until())).toBe('12DCZ')
  })
})

describe('the state of the transaction', () => {
  it('is not known behind a BEGIN that no Sync followed', async () => {
    room.gate.usesTransaction = true
    room.gate.reads = (text) => ({
      facts: { effects: [], sql: { statements: 1 } },
      statements: text === 'begin' ? [changing({ kind: 'transaction', verb: 'begin' })] : [changing()],
    })
    const raw = await room.client()
    raw.send(run('begin'), build.flush())
    await raw.untilType('C')
    raw.send(run('select 1'), build.flush())
    await raw.untilType('C')
    raw.send(build.sync())
    await raw.until()
    raw.send(run('select 2'), build.flush())
    await raw.untilType('C')
    raw.send(run('select 3'), build.sync())
    await raw.until()
    const told = room.gate.seen.filter(({ form }) => form === 'bind').map(({ text, transaction }) => `${text}: ${transaction}`)
    expect(told).toEqual(['begin: idle', 'select 1: undefined', 'select 2: open', 'select 3: open'])
  })
})

describe('what an implicit transaction changed', () => {
  it('makes texts wait for what was sent before them, also within one read: an error undoes it', async () => {
    const raw = await room.client()
    const order: string[] = []
    let tentative = false
    room.gate.tentative = () => tentative
    room.gate.reads = (text) => {
      order.push(`${text} behind ${room.gate.told.filter((each) => each === 'failed').length} failures`)
      return text.startsWith('set') ? one({ kind: 'set', name: 'search_path', local: false }) : undefined
    }
    raw.send(run('set search_path to pg_temp'), build.flush())
    await raw.untilType('C')
    tentative = true
    raw.send(build.parse('', 'select nonsense'), build.sync(), run('select 1'), build.sync())
    expect(types(await raw.until(2)).replaceAll('S', '')).toBe('EZ12DCZ')
    expect(order.at(-1)).toBe('select 1 behind 1 failures')
  })
})

describe('a portal that was bound before the rules changed', () => {
  /** Bound and flushed, in the same group as what comes behind. */
  const waiting = async () => {
    const raw = await room.client()
    raw.send(build.query('begin'))
    await raw.until()
    raw.send(bound('select id from t'), build.flush())
    await raw.untilType('2')
    return raw
  }

  it('is decided anew where it is first executed after that', async () => {
    const raw = await waiting()
    room.gate.policy = 'sha256:1'
    room.gate.denies = /from t/
    raw.send(build.execute('p'), build.sync(), build.query('rollback'), build.query('select 1'))
    const answer = await raw.until(3)
    expect(firstColumn(answer)).toEqual(['1'])
    expect(errorIn(answer).get('D')).toBe('Refused by rule "no-secrets" (GS_POLICY_DENIED).')
    expect(room.gate.seen.at(-3)).toMatchObject({ form: 'bind', text: 'select id from t', refused: true })
  })

  it('is refused where persons have to be asked by now, or what it may come to is another thing', async () => {
    const raw = await waiting()
    room.gate.policy = 'sha256:1'
    room.gate.asks = /from t/
    raw.send(build.execute('p'), build.sync(), build.query('rollback'))
    expect(errorIn(await raw.until(2)).get('M')).toBe('What this portal does may have changed since it was bound.')
    expect(room.gate.requests).toEqual([])
  })

  it('is executed where it is still allowed, and decided about no more where nothing changed', async () => {
    const raw = await waiting()
    room.gate.policy = 'sha256:1'
    raw.send(build.execute('p', 1), build.execute('p'), build.sync(), build.query('commit'))
    expect(firstColumn(await raw.until(2))).toEqual(['42'])
  })

  it('is refused where a mask came, also within its group', async () => {
    const raw = await waiting()
    room.gate.policy = 'sha256:1'
    room.gate.masks = [
      {
        ...{ name: 'm', columns: ['postgres.public.t.id'], detect: [], patterns: [] },
        as: 'null',
        unmaskedWrite: false,
        predicates: false,
      },
    ]
    raw.send(build.execute('p'), build.sync(), build.query('rollback'))
    const answer = await raw.until(2)
    expect(firstColumn(answer)).toEqual([])
    expect(errorIn(answer).get('D')).toContain('GS_OPERATION_NOT_UNDERSTOOD')
  })

  it('goes on with its rows where it was under way', async () => {
    const raw = await room.client()
    raw.send(build.query('begin'), build.parse('', 'select i from big'), build.bind('p', ''), build.execute('p', 2), build.sync())
    await raw.until(2)
    room.gate.policy = 'sha256:1'
    room.gate.denies = /from big/
    raw.send(build.execute('p', 1), build.sync(), build.query('rollback'))
    expect(firstColumn(await raw.until(2))).toEqual(['3'])
  })
})
