import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { changing } from '../../../../test/parts/plain-sql.ts'
import { errorIn, firstColumn, sendRawCancel, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int); create schema a; create table a.t (id int)')

const run = (text: string): Buffer => Buffer.concat([build.parse('', text), build.bind('', ''), build.execute('')])
const set = { facts: { effects: [] }, statements: [changing({ kind: 'set', name: 'search_path', local: false })] }
const told = (what: RegExp) => room.gate.told.filter((each) => what.test(each))

/** SET changes what a text means; everything else is nothing in particular. */
function setMatters(): void {
  room.gate.reads = (text) => (/^(set|deallocate|discard)/i.test(text) ? set : undefined)
}

describe('a text whose meaning depends on what is under way', () => {
  it('is read only when the server has completed that, though the client waits for nothing and no Sync is in between', async () => {
    const raw = await room.client()
    const order: string[] = []
    room.gate.reads = (text) => {
      order.push(`${text} after ${told(/^completed/).length}`)
      return text.startsWith('set') ? set : undefined
    }
    raw.send(run('set search_path = a'), run('select current_schema()'), build.sync())
    const answer = await raw.until()
    // A newer server reports search_path.
    expect(types(answer).replace('S', '')).toBe('12C12DCZ')
    expect(firstColumn(answer)).toEqual(['a'])
    expect(order.slice(-1)).toEqual(['select current_schema() after 1'])
    expect(told(/^completed/)).toEqual(['completed set SET'])
  })

  it('is read also where what it waited for was refused, failed or was skipped', async () => {
    const raw = await room.client()
    setMatters()
    room.gate.denies = /denied/
    raw.send(build.query('set search_path = a /* denied */'), build.query('select 1'))
    expect(types(await raw.until(2))).toBe('EZDCZ'.replace('D', 'TD'))
    raw.send(run('select 1/0'), run('set search_path = a'), run('select 2'), build.sync(), build.query('select 3'))
    expect(firstColumn(await raw.until(2))).toEqual(['3'])
    raw.send(build.query('set statement_timeout to nonsense'), build.query('select 4'))
    expect(firstColumn(await raw.until(2))).toEqual(['4'])
    expect(told(/^completed/)).toEqual([])
  })

  it('waits for nothing where nothing changes: everything of one read is admitted together', async () => {
    const raw = await room.client()
    setMatters()
    const before = room.gate.batches.length
    raw.send(run('select 1'), run('select 2'), build.sync())
    await raw.until()
    expect(room.gate.batches.slice(before)).toEqual([4])
  })

  it('is understood anew at its Bind where the session has changed since its Parse', async () => {
    const raw = await room.client()
    setMatters()
    raw.send(build.parse('s', 'select 1'), build.sync(), build.query('set search_path = a'))
    await raw.until(2)
    const { told: log } = room.gate
    expect(log).toContain('prepared s')
    let asked = 0
    room.gate.reads = () => {
      asked += 1
      return undefined
    }
    raw.send(build.bind('', 's'), build.execute(''), build.sync())
    await raw.until()
    expect(asked).toBe(0)
  })
})

describe('a text that has to be thought about', () => {
  it('holds back what comes behind it, and neither the session nor what came before', async () => {
    const raw = await room.client()
    const understood = Promise.withResolvers<{ facts: { effects: [] }; statements: [] }>()
    room.gate.reads = (text) => (text.includes('hard') ? understood.promise : undefined)
    raw.send(build.query('select 1'), build.query("select 'hard'"), build.query('select 3'))
    expect(firstColumn(await raw.until(1))).toEqual(['1'])
    await sleep(100)
    expect([types(raw.received), room.gate.seen.length]).toEqual(['', 1])
    understood.resolve({ facts: { effects: [] }, statements: [] })
    expect(firstColumn(await raw.until(2))).toEqual(['hard', '3'])
    expect(room.gate.seen.map(({ text }) => text)).toEqual(['select 1', "select 'hard'", 'select 3'])
  })

  it('is withdrawn by a cancel that comes meanwhile', async () => {
    const raw = await room.client()
    const understood = Promise.withResolvers<{ facts: { effects: [] }; statements: [] }>()
    let isRead = false
    room.gate.reads = () => {
      isRead = true
      return understood.promise
    }
    raw.send(build.query('insert into t values (1)'))
    await expect.poll(() => isRead).toBe(true)
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    understood.resolve({ facts: { effects: [] }, statements: [] })
    expect(errorIn(await raw.until()).get('C')).toBe('57014')
    expect(await room.postgres.query('select * from t')).toEqual([])
  })

  it('ends with its client', async () => {
    const raw = await room.client()
    room.gate.reads = () => sleep(200).then(() => ({ facts: { effects: [] }, statements: [] }))
    raw.send(build.query('insert into t values (2)'))
    await sleep(50)
    raw.socket.destroy()
    await expect.poll(() => room.gate.ends.length).toBe(1)
    await sleep(300)
    expect(await room.postgres.query('select * from t')).toEqual([])
    expect(room.gate.told.at(-1)).toBe('closed')
  })

  it('is refused where it cannot be understood, whatever the rules say, and leaves the session whole', async () => {
    const raw = await room.client()
    room.gate.reads = (text) =>
      text.includes('riddle') ? { facts: { effects: [] }, statements: [], refusal: 'Too many brackets.' } : undefined
    raw.send(build.query('begin'), build.query("select 'riddle'"), build.query('rollback'), build.query('select 5'))
    const answer = await raw.until(4)
    expect(errorIn(answer).get('M')).toBe('Too many brackets.')
    expect(errorIn(answer).get('D')).toContain('GS_OPERATION_NOT_UNDERSTOOD')
    expect(firstColumn(answer)).toEqual(['5'])
  })
})

describe('names that SQL takes away', () => {
  it.each(['deallocate s', 'deallocate all', 'discard all'])(
    'mean nothing to a Bind after %s, whatever SQL prepared instead',
    async (text) => {
      const raw = await room.client()
      raw.send(build.parse('s', 'select 1'), build.sync())
      await raw.until()
      const transition =
        text === 'deallocate s'
          ? { kind: 'deallocate', name: 's' }
          : text === 'discard all'
            ? { kind: 'discard', what: 'all' }
            : { kind: 'deallocate' }
      room.gate.reads = (each) => (each === text ? { facts: { effects: [] }, statements: [changing(transition as never)] } : undefined)
      raw.send(build.query(text), build.query('prepare s as insert into t values (3) returning id'))
      await raw.until(2)
      raw.send(build.bind('', 's'), build.execute(''), build.sync())
      expect(errorIn(await raw.until()).get('C')).toBe('26000')
      expect(await room.postgres.query('select * from t')).toEqual([])
    },
  )
})

describe('the state of the transaction, where a rule asks for it', () => {
  it('is what the server said last, and not known while something is under way that may change it', async () => {
    room.gate.usesTransaction = true
    room.gate.reads = () => ({ facts: { effects: [], sql: { statements: 1 } }, statements: [] })
    const raw = await room.client()
    raw.send(build.query('begin'))
    await raw.until()
    raw.send(build.query('select 1'))
    await raw.until()
    raw.send(run('select 2'), run('select 3'), build.sync())
    await raw.until()
    raw.send(build.query('select 1/0'))
    await raw.until()
    raw.send(build.query('rollback'), build.query('select 4'))
    await raw.until(2)
    raw.send(build.query('select 5'))
    await raw.until()
    expect(room.gate.seen.map(({ text, transaction }) => `${text}: ${transaction}`)).toEqual([
      'begin: idle',
      'select 1: open',
      'select 2: open',
      'select 2: open',
      'select 3: undefined',
      'select 3: undefined',
      'select 1/0: open',
      'rollback: failed',
      'select 4: undefined',
      'select 5: idle',
    ])
  })
})
