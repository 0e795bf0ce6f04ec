import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { errorIn, firstColumn, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table secrets (id int); create table t (id int primary key)')

const run = (text: string): Buffer => Buffer.concat([build.parse('', text), build.bind('', ''), build.execute('')])

describe('statements and portals (PG-16)', () => {
  it('counts everything that is executed from a portal to the Bind that made it', async () => {
    const raw = await room.client()
    raw.send(
      build.query('begin'),
      build.parse('s', 'select generate_series(1, 5)'),
      build.bind('p', 's'),
      build.execute('p', 2),
      build.sync(),
    )
    expect(types(await raw.until(2))).toBe('CZ12DDsZ')
    expect(room.outcomes().at(-1)).toBe('select generate_series(1, 5): ')
    raw.send(build.execute('p', 2), build.sync())
    expect(types(await raw.until())).toBe('DDsZ')
    raw.send(build.execute('p', 2), build.sync())
    expect(types(await raw.until())).toBe('DCZ')
    expect(room.gate.seen.at(-1)).toMatchObject({ form: 'bind', rows: 5, outcome: { status: 'completed' } })
    raw.send(build.query('commit'))
    await raw.until()
  })

  it('says with each use of a text what its driver says of the trace, and sends the text as it came', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const raw = await room.client()
    raw.send(
      build.query(`select 1 /*traceparent='${traceparent}'*/`),
      run(`/*traceparent='${traceparent}'*/ select 2`),
      build.sync(),
      build.query('select 3'),
    )
    await raw.until(3)
    expect(room.gate.seen.map(({ claims }) => claims)).toEqual([{ traceparent }, { traceparent }, { traceparent }, undefined])
    expect(room.gate.seen[0]?.text).toContain('traceparent')
  })

  it.each([
    ['longer than the server tells apart', 'n'.repeat(63)],
    ['in letters that depend on the encoding', '\u00e9'],
  ])('refuses names %s: one name of ours must be one of the server', async (_, name) => {
    const raw = await room.client()
    raw.send(build.query('delete from t'), build.parse(`${name}1`, 'select 1'), build.sync())
    await raw.until(2)
    raw.send(build.close('S', `${name}2`), build.sync(), build.parse(`${name}3`, 'insert into t values (77)'), build.sync())
    await raw.until(2)
    // A server with names of 63 bytes would now insert, and we would have recorded the select.
    raw.send(build.bind('', `${name}1`), build.execute(''), build.sync())
    expect(errorIn(await raw.until()).get('C')).toBe('42501')
    expect(await room.postgres.query('select id from t')).toEqual([])
    for (const message of [
      build.bind(`${name}1`, ''),
      build.execute(`${name}1`),
      build.describe('P', `${name}1`),
      build.close('P', `${name}1`),
    ]) {
      raw.send(message, build.sync())
      const answer = await raw.until()
      expect(errorIn(answer).get('C')).toBe('42501')
      expect(types(answer)).toBe('EZ')
    }
    raw.send(build.parse('n'.repeat(63), 'select 8'), build.bind('', 'n'.repeat(63)), build.execute(''), build.sync())
    expect(firstColumn(await raw.until())).toEqual(['8'])
  })

  it('settles a suspended portal when it is closed, and when its transaction ends', async () => {
    const raw = await room.client()
    raw.send(build.query('begin'), build.parse('s', 'select generate_series(1, 5)'))
    raw.send(build.bind('a', 's'), build.execute('a', 1), build.bind('b', 's'), build.execute('b', 2), build.sync())
    await raw.until(2)
    const [a, b] = room.gate.seen.slice(-2)
    raw.send(build.close('P', 'a'), build.sync())
    await raw.until()
    expect(a).toMatchObject({ rows: 1, outcome: { status: 'completed' } })
    expect(b!.outcome).toBeUndefined()
    raw.send(build.query('commit'))
    await raw.until()
    expect(b).toMatchObject({ rows: 2, outcome: { status: 'completed' } })
  })

  it('passes parameters as they are: NULL, none, and 65535 of them', async () => {
    const raw = await room.client()
    raw.send(build.parse('', 'select $1::text is null'), build.bind('', '', [null]), build.execute(''), build.sync())
    expect(firstColumn(await raw.until())).toEqual(['t'])
    expect(room.gate.seen.at(-1)!.parameters).toEqual(Buffer.from('00000001ffffffff0000', 'hex'))
    const many = Array.from({ length: 65_535 }, (_, index) => `$${index + 1}::int`).join()
    raw.send(
      build.parse('', `select cardinality(array[${many}])`),
      build.bind(
        '',
        '',
        Array.from({ length: 65_535 }, () => '1'),
      ),
      build.execute(''),
      build.sync(),
    )
    expect(firstColumn(await raw.until())).toEqual(['65535'])
  })

  it('knows what a name means after it was parsed again, closed, or never made', async () => {
    const raw = await room.client()
    raw.send(
      build.parse('s', 'select 1'),
      build.sync(),
      build.close('S', 's'),
      build.parse('s', 'select 2'),
      build.bind('', 's'),
      build.execute(''),
      build.sync(),
    )
    expect(firstColumn(await raw.until(2))).toEqual(['2'])
    expect(room.gate.seen.at(-1)!.text).toBe('select 2')
    // Fails: the name is taken. The old meaning stays, and the Bind behind the Sync must not be taken for the new one.
    raw.send(build.parse('s', 'select 3'), build.sync(), build.bind('', 's'), build.execute(''), build.sync())
    const answer = await raw.until(2)
    expect(errorIn(answer).get('C')).toBe('42P05')
    expect(firstColumn(answer)).toEqual(['2'])
    expect(room.outcomes().slice(-2)).toEqual(['select 3: failed 42P05', 'select 2: completed'])
    raw.send(build.bind('', 'nobody'), build.sync(), build.bind('', 's'), build.execute(''), build.sync())
    const unknown = await raw.until(2)
    expect([errorIn(unknown).get('C'), errorIn(unknown).get('M')]).toEqual(['26000', 'prepared statement "nobody" does not exist'])
    expect(firstColumn(unknown)).toEqual(['2'])
    raw.send(build.execute('nobody'), build.sync())
    const noPortal = errorIn(await raw.until())
    expect([noPortal.get('C'), noPortal.get('M')]).toEqual(['34000', 'portal "nobody" does not exist'])
  })

  it('leaves nothing of a denied Parse, and keeps the unnamed statement of before', async () => {
    room.gate.denies = /secrets/
    const raw = await room.client()
    raw.send(build.parse('', 'select 7'), build.parse('d', 'select * from secrets'), build.bind('', 'd'), build.sync())
    expect(errorIn(await raw.until()).get('C')).toBe('42501')
    raw.send(build.bind('', 'd'), build.execute(''), build.sync())
    expect(errorIn(await raw.until()).get('C')).toBe('26000')
    raw.send(build.bind('', ''), build.execute(''), build.sync())
    expect(firstColumn(await raw.until())).toEqual(['7'])
  })

  it('refuses a Bind in its place, also where somebody prepared the name of the stand-in', async () => {
    const raw = await room.client()
    raw.send(build.query('prepare "gatescribe refused" as insert into t values (99) returning id'))
    raw.send(build.parse('s', 'select count(*) from secrets'), build.sync())
    await raw.until(2)
    room.gate.denies = /secrets/
    raw.send(run('select 1'), build.bind('', 's'), build.execute(''), build.sync(), run('select id from t'), build.sync())
    const answer = await raw.until(2)
    expect(types(answer)).toBe('12DCEZ12CZ')
    expect(errorIn(answer).get('C')).toBe('42501')
  })
})

describe('pipelines (PG-17, PG-18)', () => {
  it('forwards a Flush at once: answers come without a Sync', async () => {
    const raw = await room.client()
    raw.send(build.parse('s', 'select 1'), build.describe('S', 's'), build.flush())
    expect(types(await raw.untilType('T'))).toBe('1tT')
    raw.send(build.bind('', 's'), build.execute(''), build.flush())
    expect(types(await raw.untilType('C'))).toBe('2DC')
    raw.send(build.sync())
    expect(types(await raw.until())).toBe('Z')
  })

  it('answers several Syncs in order, each with its own error', async () => {
    const raw = await room.client()
    raw.send(
      run('select nothing'),
      build.sync(),
      build.sync(),
      run('select 2'),
      run('select nothing'),
      run('select 3'),
      build.sync(),
      run('select 4'),
      build.sync(),
    )
    const answer = await raw.until(4)
    expect(types(answer)).toBe('EZZ12DCEZ12DCZ')
    expect(firstColumn(answer)).toEqual(['2', '4'])
    expect(room.gate.seen.filter(({ outcome }) => outcome?.status === 'skipped')).toHaveLength(4)
    expect(room.gate.seen.every(({ outcome }) => outcome)).toBe(true)
  })

  it('carries ten thousand statements in flight', async () => {
    const raw = await room.client()
    const count = 10_000
    raw.send(
      build.parse('s', 'select $1::int'),
      ...Array.from({ length: count }, (_, index) => Buffer.concat([build.bind('', 's', [String(index)]), build.execute('')])),
      build.sync(),
    )
    const rows = firstColumn(await raw.until())
    expect(rows).toHaveLength(count)
    expect(rows.at(-1)).toBe(String(count - 1))
    expect(room.gate.seen.filter(({ outcome }) => outcome?.status === 'completed')).toHaveLength(count + 1)
    expect(room.gate.batches.length).toBeLessThan(100)
  })

  it('gives the same answers when the client writes one byte at a time', async () => {
    const raw = await room.client()
    for (const byte of Buffer.concat([run('select 1'), build.sync(), build.query('select 2')])) {
      raw.socket.write(Uint8Array.of(byte))
      await sleep(0)
    }
    expect(types(await raw.until(2))).toBe('12DCZTDCZ')
  })

  it('records an error at the Sync (a deferred constraint) without losing count', async () => {
    const raw = await room.client()
    raw.send(build.query('create table d (id int unique deferrable initially deferred)'))
    raw.send(run('insert into d values (1), (1)'), build.sync(), run('select 1'), build.sync())
    const answer = await raw.until(3)
    expect(types(answer)).toBe('CZ12CEZ12DCZ')
    expect(transactionStatus(answer)).toBe('I')
  })
})

describe('what is not carried', () => {
  it('refuses a FunctionCall and goes on', async () => {
    const raw = await room.client()
    raw.send(build.message(0x46, Buffer.from('00000000000000000000', 'hex')), build.query('select 1'))
    const answer = await raw.until(2)
    expect(types(answer)).toBe('EZTDCZ')
    expect(errorIn(answer).get('D')).toBe('Refused by the gateway (GS_OPERATION_NOT_SUPPORTED).')
    expect(room.gate.seen.slice(-2)).toMatchObject([
      { form: 'unsupported', refused: true },
      { form: 'query', refused: false },
    ])
  })

  it('refuses what is too long to be inspected, in its place, and goes on', async () => {
    room.gate.inspectionLimit = 1000
    const raw = await room.client()
    const long = 'x'.repeat(5000)
    raw.send(build.query(`select '${long}'`), build.query('select 1'))
    expect(types(await raw.until(2))).toBe('EZTDCZ')
    raw.send(
      run('select 1'),
      build.parse('', `select '${long}'`),
      build.bind('', ''),
      build.execute(''),
      build.sync(),
      run('select 2'),
      build.sync(),
    )
    expect(types(await raw.until(2))).toBe('12DCEZ12DCZ')
    expect(room.postgres.log()).not.toContain(long)
    const refused = room.gate.seen.filter((seen) => seen.refused)
    expect(refused.map(({ form }) => form)).toEqual(['unsupported', 'unsupported'])
    expect(refused.map(({ text }) => text).join()).not.toContain(long)
  })
})
