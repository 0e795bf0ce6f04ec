import { describe, expect, it } from 'vitest'
import { changing } from '../../../../test/parts/plain-sql.ts'
import { errorIn, firstColumn, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int primary key, name text); create table secrets (id int)')
const lines = (...texts: string[]): Buffer => Buffer.concat(texts.map((text) => build.copyData(Buffer.from(text))))
const extended = (text: string): Buffer =>
  Buffer.concat([build.parse('', text), build.bind('', ''), build.describe('P', ''), build.execute('')])

describe('COPY (PG-19)', () => {
  it('copies in, whatever the chunks, and counts the rows that the server took', async () => {
    const raw = await room.client()
    raw.send(build.query('truncate t; copy t from stdin; select count(*) from t; copy t from stdin'))
    await raw.untilType('G')
    raw.send(lines('1\ta\n2\t', 'b', '\n3\tc\n'), build.copyDone())
    await raw.untilType('G')
    raw.send(lines('4\td\n'), build.copyDone(), build.query('select 5'))
    expect(types(await raw.until(2))).toBe('CZTDCZ')
    expect(room.gate.seen[0]).toMatchObject({ rows: 5, outcome: { status: 'completed' } })
  })

  it('copies in with the extended protocol; the Sync that the server ignores is not waited for', async () => {
    const raw = await room.client()
    raw.send(build.query('truncate t'), extended('copy t from stdin'), build.sync())
    await raw.untilType('G')
    raw.send(lines('1\ta\n'), build.copyDone(), build.sync(), extended('select 1'), build.sync())
    expect(types(await raw.until(2))).toBe('CZ12TDCZ')
    expect(room.gate.seen.filter(({ text }) => text.startsWith('copy')).at(-1)).toMatchObject({ rows: 1, outcome: { status: 'completed' } })
    raw.send(extended('select 2'), build.sync())
    expect(firstColumn(await raw.until())).toEqual(['2'])
  })

  it('takes copy data that was sent before the server asked for it', async () => {
    const raw = await room.client()
    raw.send(
      build.query('truncate t'),
      build.query('copy t from stdin'),
      lines('1\ta\n', '2\tb\n'),
      build.copyDone(),
      build.query('select 3'),
    )
    expect(types(await raw.until(3))).toBe('CZGCZTDCZ')
    expect(room.gate.seen[1]).toMatchObject({ rows: 2 })
    expect(room.gate.seen[1]!.bytes).toBe(lines('1\ta\n', '2\tb\n').length)
  })

  it.each(['simple', 'extended'])('goes on after the server failed before CopyDone (%s)', async (mode) => {
    const raw = await room.client()
    const wrapped = (text: string): Buffer => (mode === 'simple' ? build.query(text) : Buffer.concat([extended(text), build.sync()]))
    raw.send(wrapped('truncate t'), wrapped('copy t from stdin'))
    await raw.untilType('G')
    raw.send(lines('not a number\ta\n'))
    const failed = await raw.untilType('E')
    expect(errorIn(failed).get('C')).toBe('22P02')
    if (mode === 'simple') await raw.until()
    raw.send(lines('2\tb\n'), build.copyDone())
    if (mode === 'extended') {
      raw.send(build.sync())
      await raw.until()
    }
    raw.send(wrapped('select 6'))
    expect(firstColumn(await raw.until())).toEqual(['6'])
    expect(
      room
        .outcomes()
        .filter((outcome) => outcome.startsWith('copy'))
        .at(-1),
    ).toBe('copy t from stdin: failed 22P02')
    expect(room.gate.seen.every(({ outcome }) => outcome)).toBe(true)
  })

  it('fails a COPY that the client gives up', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(lines('1\ta\n'), build.copyFail('enough'), build.query('select 7'))
    const answer = await raw.until(2)
    expect(types(answer)).toBe('EZTDCZ')
    expect(room.outcomes()).toEqual(['copy t from stdin: cancelled 57014', 'select 7: completed'])
  })

  it('rolls back when the client vanishes mid-copy', async () => {
    await room.postgres.query('truncate t')
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(lines('1\ta\n'))
    raw.socket.resetAndDestroy()
    await expect.poll(() => room.gate.ends).toEqual(['client-lost'])
    expect(room.gate.seen[0]!.outcome?.status).not.toBe('completed')
    expect(await room.postgres.query('select count(*)::int as n from t')).toEqual([{ n: 0 }])
  })

  it('copies out and counts rows', async () => {
    const raw = await room.client()
    raw.send(build.query('copy (select generate_series(1, 1000)) to stdout'))
    const answer = await raw.until()
    expect(types(answer)).toBe(`H${'d'.repeat(1000)}cCZ`)
    expect(room.gate.seen[0]).toMatchObject({ rows: 1000, outcome: { status: 'completed' } })
  })

  it('refuses a COPY in its place: its data goes nowhere', async () => {
    room.gate.denies = /secrets/
    const raw = await room.client()
    raw.send(build.query('copy secrets from stdin'), lines('1\n'), build.copyDone(), build.query('select 8'))
    const answer = await raw.until(2)
    expect(types(answer)).toBe('EZTDCZ')
    expect(errorIn(answer).get('C')).toBe('42501')
    expect(transactionStatus(answer)).toBe('I')
  })

  it('knows that the server no longer skips once it answered a Sync that a failed COPY had not consumed', async () => {
    const raw = await room.client()
    raw.send(build.query('truncate t'), extended('copy t from stdin'), build.flush())
    await raw.untilType('G')
    // The server fails on the line before it reads the Sync, and answers that one.
    raw.send(lines('not a number\ta\n'), build.sync())
    expect(types(await raw.until())).toBe('EZ')
    raw.send(build.query("insert into t values (1, 'a')"))
    expect(types(await raw.until())).toBe('CZ')
    expect(room.outcomes().at(-1)).toBe("insert into t values (1, 'a'): completed")
  })

  it('never calls skipped what may have run: behind a COPY that failed nobody knows where, it runs or the session ends', async () => {
    await room.postgres.query('truncate t; create or replace view v as select * from t')
    const raw = await room.client()
    // The server answers with CopyInResponse and fails before it reads on, so that it serves the first Sync and all behind it.
    raw.send(
      Buffer.concat([extended('copy v from stdin'), build.sync(), lines('1\ta\n'), build.copyDone()]),
      Buffer.concat([extended("insert into t values (2, 'b')"), build.sync()]),
    )
    // Which of the two depends on whether the server says in one piece how far it is.
    const ran = () => room.outcomes().at(-1) === "insert into t values (2, 'b'): completed"
    await expect.poll(() => ran() || room.gate.ends.length > 0).toBe(true)
    expect(room.outcomes().filter((outcome) => outcome.endsWith('skipped'))).toEqual([])
  })

  it('does not let the client send more before it is known whether a failed COPY consumed its Sync', async () => {
    const raw = await room.client()
    raw.send(extended('copy t from stdin'), build.sync())
    await raw.untilType('G')
    raw.send(lines('not a number\ta\n'))
    await raw.untilType('E')
    raw.send(extended('select 1'), build.sync())
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('08P01')
    expect(room.outcomes().filter((outcome) => outcome.endsWith('skipped'))).toEqual([])
  })

  it('passes a cut CopyData whole, or nothing of it: else the server would read the next messages as its rest', async () => {
    await room.postgres.query('drop table if exists smuggled')
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    const hidden = build.query('create table smuggled ()')
    const before = [build.parse('', 'select $1::text'), build.bind('', '', ['x'.repeat(hidden.length)])]
    const toHidden = Buffer.concat(before).indexOf('xxxx')
    const cut = build.copyData(Buffer.alloc(10 + toHidden))
    // The COPY fails on the first line while the second message is only begun.
    raw.send(lines('no\ta\n'), cut.subarray(0, cut.length - toHidden))
    expect(types(await raw.until())).toBe('EZ')
    raw.send(cut.subarray(cut.length - toHidden))
    raw.send(build.parse('', 'select $1::text'), build.bind('', '', [hidden.toString('latin1')]), build.execute(''), build.sync())
    raw.send(build.execute('nothing'), build.sync())
    await raw.untilType('E')
    expect(await room.postgres.query("select relname from pg_class where relname = 'smuggled'")).toEqual([])
    await raw.until(2)
    raw.send(build.query('select 9'))
    expect(firstColumn(await raw.until())).toEqual(['9'])
  })

  it('ends a session that sends something else than copy data', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(build.query('select 1'))
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('08P01')
    await expect.poll(() => room.gate.ends).toEqual(['protocol-error'])
  })
})

describe('a COPY behind which texts may mean something else', () => {
  const changes = { facts: { effects: [] }, statements: [changing({ kind: 'opaque' })] }

  it('is answered though nobody asks the server to send its answer', async () => {
    const raw = await room.client()
    room.gate.reads = (text) => (text.startsWith('copy') ? changes : undefined)
    raw.send(build.query('truncate t'), extended('copy t from stdin'), build.flush())
    await raw.untilType('G')
    raw.send(lines('7\ta\n'), build.copyDone(), extended('select 1'), build.sync())
    expect(types(await raw.until())).toBe('C12TDCZ')
  })

  it.each(['behind', 'before'])('ends a session that sends something else than copy data %s the server’s word', async (when) => {
    const raw = await room.client()
    room.gate.reads = (text) => (text.startsWith('copy') ? changes : undefined)
    raw.send(build.query('copy t from stdin'))
    if (when === 'behind') await raw.untilType('G')
    raw.send(build.query('select 1'))
    expect(errorIn(await raw.untilClosed()).get('C')).toBe('08P01')
    await expect.poll(() => room.gate.ends).toEqual(['protocol-error'])
  })
})
