import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { connectRaw, errorIn, firstColumn, type RawPostgres, types } from '../../../../test/parts/raw-postgres.ts'
import * as build from '../wire/build.ts'
import { WireError } from '../wire/errors.ts'
import { type Fingerprint, FingerprintQuestion, type SessionState } from './fingerprint.ts'

let postgres: RunningPostgres
let session: RawPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(async () => {
  session?.socket.destroy()
  await postgres?.stop()
})

/** Asks as a relay would. */
async function fingerprint(within = false): Promise<Fingerprint> {
  return (await ask(new FingerprintQuestion(within), within)).fingerprint
}

async function ask(question: FingerprintQuestion, within = false): Promise<SessionState> {
  session.send(question.bytes)
  const answers = await (within
    ? session.untilType('3').then(async (first) => [...first, ...(await session.untilType('3'))])
    : session.until())
  for (const { type, body } of answers) {
    const whole = build.message(type.charCodeAt(0), body)
    question.take(type.charCodeAt(0), whole, 0, whole.length)
  }
  if (!question.answer) throw new Error(`not answered by ${types(answers)}`)
  return question.answer
}

async function after(text: string): Promise<Fingerprint> {
  session.send(build.query(text))
  await session.until()
  return fingerprint()
}

it('is the same for the same session, and for another that is as this was', async () => {
  session = await connectRaw(postgres.port)
  const first = await fingerprint()
  expect(await fingerprint()).toEqual(first)
  const before = await after('CREATE TEMP TABLE a (b int)')
  session.socket.destroy()
  session = await connectRaw(postgres.port)
  expect(await fingerprint()).toEqual(first)
  // A session between that also has a temporary schema gives this one another number.
  const other = await connectRaw(postgres.port)
  other.send(build.query('CREATE TEMP TABLE c (d int)'))
  await other.until()
  expect(await after('CREATE TEMP TABLE a (b int)')).toEqual(before)
  other.socket.destroy()
})

it.each([
  ['the path', 'search_path', "SET search_path TO 'pg_catalog'"],
  ['what the path comes to', 'schemas', 'SET search_path TO nowhere, public; CREATE SCHEMA IF NOT EXISTS nowhere'],
  ['the role', 'current_user', 'CREATE ROLE someone; SET ROLE someone'],
  ['the encoding', 'client_encoding', "SET client_encoding TO 'SJIS'"],
  ['how strings are read', 'standard_conforming_strings', 'SET standard_conforming_strings TO off'],
  ['how dates are read', 'DateStyle', "SET DateStyle TO 'SQL, DMY'"],
  ['whether triggers fire', 'session_replication_role', 'SET session_replication_role TO replica'],
  ['a temporary table', 'temporary', 'CREATE TEMP TABLE orders (id int)'],
  ['a temporary function', 'temporary', `CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
  ['how constants of arrays are read', 'settings', 'SET array_nulls TO off'],
  ['what = NULL comes to', 'settings', 'SET transform_null_equals TO on'],
  ['a temporary type', 'temporary', 'CREATE DOMAIN pg_temp.d AS int'],
])('shows %s', async (_, part, text) => {
  session.socket.destroy()
  session = await connectRaw(postgres.port)
  const before = await fingerprint()
  expect((await after(text))[part]).not.toBe(before[part])
})

it('tells names apart that are no UTF-8 in the encoding of the session', async () => {
  await after("RESET ALL; SET client_encoding TO 'LATIN1'")
  const path = async (letter: string) => (await after(`SET search_path TO U&"${letter}"`)).search_path
  const one = await path('\\00e4')
  expect(await path('\\00f6')).not.toBe(one)
})

it('tells a temporary function from another of its name, and a view from a table', async () => {
  const before = await after("CREATE FUNCTION pg_temp.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TEMP TABLE rows (n int)")
  const other = await after("CREATE OR REPLACE FUNCTION pg_temp.g() RETURNS int LANGUAGE sql AS 'SELECT 2'")
  expect(other.temporary).not.toBe(before.temporary)
  expect((await after('DROP TABLE rows; CREATE TEMP VIEW rows AS SELECT 1 AS n')).temporary).not.toBe(other.temporary)
})

it('runs no function or operator of the session', async () => {
  await after(`CREATE SCHEMA trap; CREATE FUNCTION trap.eq(oid, oid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
    CREATE OPERATOR trap.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = trap.eq);
    CREATE FUNCTION trap.current_setting(text, bool) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
    SET search_path TO trap, pg_catalog`)
  expect((await fingerprint()).search_path).toBe('trap, pg_catalog')
})

it('leaves the transaction, the unnamed statement and the unnamed portal as they were', async () => {
  session.send(build.query('RESET ALL; CREATE TEMP TABLE kept (a int)'))
  await session.until()
  session.send(build.parse('', 'INSERT INTO kept VALUES (1)'), build.bind('', ''), build.execute(''), build.flush())
  await session.untilType('C')
  session.send(build.parse('', 'SELECT 7'), build.bind('', ''), build.flush())
  await session.untilType('2')
  await fingerprint(true)
  session.send(build.execute(''), build.parse('', 'refused'), build.sync())
  const answers = await session.until()
  expect(firstColumn(answers)).toEqual(['7'])
  expect(errorIn(answers).get('C')).toBe('42601')
  // The INSERT belonged to the implicit transaction that failed: nothing of ours had committed it.
  session.send(build.query('SELECT count(*) FROM kept'))
  expect(firstColumn(await session.until())).toEqual(['0'])
})

it('tells what names stand for, as the session spells them', async () => {
  await after("RESET ALL; PREPARE \"it's\" AS SELECT 'x'; BEGIN; DECLARE c CURSOR FOR SELECT 2")
  session.send(build.parse('wire', 'SELECT $1::int'), build.flush())
  await session.untilType('1')
  const named = ["it's", 'wire', 'none'].map((name) => ({ kind: 'prepared statement', name }) as const)
  const { texts } = await ask(new FingerprintQuestion(true, [...named, { kind: 'cursor', name: 'c' }]), true)
  expect(texts.map(({ name, text, types }) => [name, Buffer.from(text).toString(), types])).toEqual([
    ["it's", expect.stringContaining(`PREPARE "it's" AS SELECT 'x'`), '{}'],
    ['wire', 'SELECT $1::int', '{integer}'],
    ['c', expect.stringContaining('DECLARE c CURSOR FOR SELECT 2'), ''],
  ])
  session.send(build.query('ROLLBACK'))
  await session.until(1)
})

it('shows settings that an application made up, where there are any of the name', async () => {
  await after(`RESET ALL; SET app.tenant = 'it''s one';`)
  const names = ['app.none', 'app.tenant']
  const { fingerprint: shown } = await ask(new FingerprintQuestion(false, [], names))
  expect(Object.entries(shown).filter(([name]) => name.startsWith('setting '))).toEqual([['setting app.tenant', "it's one"]])
})

it('says that the server refused, where it did, and reads on behind that', async () => {
  session.send(build.query('BEGIN; SELECT 1/0'))
  await session.until()
  const question = new FingerprintQuestion(false)
  session.send(question.bytes)
  for (const { type, body } of await session.until()) {
    const whole = build.message(type.charCodeAt(0), body)
    question.take(type.charCodeAt(0), whole, 0, whole.length)
  }
  expect(question.isAnswered).toBe(true)
  expect(question.answer).toBeUndefined()
  session.send(build.query('ROLLBACK'))
  await session.until()
})

it('takes nothing but its answer', () => {
  const question = new FingerprintQuestion(true)
  const other = build.message('C'.charCodeAt(0), Buffer.from('SELECT 1\0'))
  expect(() => question.take('C'.charCodeAt(0), other, 0, other.length)).toThrow(WireError)
  expect(question.answer).toBeUndefined()
})
