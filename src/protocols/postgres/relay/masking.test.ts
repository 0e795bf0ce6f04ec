import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainSql } from '../../../../test/parts/plain-sql.ts'
import { errorIn, firstColumn, type ServerMessage, sendRawCancel, transactionStatus, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import type { Admission } from '../../../guard/index.ts'
import type { Mask } from '../../../operations/index.ts'
import type { OutputColumn } from '../sql/index.ts'
import type { Understood } from '../sql/sql-session.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import * as build from '../wire/build.ts'
import { frontend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import { Answers } from './answers.ts'
import { Flight } from './flight.ts'
import { FromServer } from './from-server.ts'
import { Masking } from './masking.ts'
import { Outgoing } from './outgoing.ts'

const room = relayRoom(`
  create table people (id int, email text unique, pay bigint);
  insert into people values (1, 'ada@example.org', 70000), (2, 'bob@example.org', null);
  create function told() returns int language plpgsql as 'begin raise notice ''ada@example.org''; return 1; end';
`)

const MASK: Mask = {
  name: 'contacts',
  columns: ['postgres.public.people.email', 'postgres.public.people.pay'],
  detect: [],
  patterns: [],
  as: 'redact',
  unmaskedWrite: false,
  predicates: false,
}

const column = (name?: string): OutputColumn => ({ from: name ? [`public.people.${name}`] : [], plain: name !== undefined, certain: true })
const EMAIL = column('email')
const CLEAR = column()

/** A statement with these columns, of which everything is known. */
const answering = (...outputs: OutputColumn[]): StatementFacts => ({
  effects: [],
  sql: {
    functions: [],
    columns: { output: [...new Set(outputs.flatMap(({ from }) => from))].sort(), predicate: [], written: [], sources: [] },
  },
  transitions: [],
  outputs,
})
const SILENT = answering()
/** Of which nothing is known. */
const UNCLEAR: StatementFacts = { effects: [], sql: {}, transitions: [] }
const understood = (...statements: StatementFacts[]): Understood => ({ facts: { effects: [] }, statements })

/** What texts are from here on; those that are not named answer with nothing. */
function reads(...texts: readonly (readonly [RegExp, ...StatementFacts[]])[]): void {
  room.gate.masks = [MASK]
  room.gate.reads = (text) => {
    const [, ...statements] = texts.find(([pattern]) => pattern.test(text)) ?? [undefined, SILENT]
    return understood(...statements)
  }
}

const executed = (text: string, ...between: Buffer[]) =>
  Buffer.concat([build.parse('', text), build.bind('', ''), ...between, build.execute('')])

/** Columns of each row, as text. */
function rows(messages: readonly ServerMessage[]): (string | null)[][] {
  return messages
    .filter(({ type }) => type === 'D')
    .map(({ body }) => {
      let at = 2
      return Array.from({ length: body.readUInt16BE(0) }, () => {
        const length = body.readInt32BE(at)
        at += 4 + Math.max(0, length)
        return length < 0 ? null : body.toString('utf8', at - length, at)
      })
    })
}

/** What is copied out, as text. */
const copied = (messages: readonly ServerMessage[]) =>
  Buffer.concat(messages.filter(({ type }) => type === 'd').map(({ body }) => body)).toString()

describe('a Query', () => {
  it('shows of a masked column what the mask says, of a number NULL, and everything else as it is', async () => {
    reads([/people/, answering(CLEAR, EMAIL, column('pay'))])
    const raw = await room.client()
    raw.send(build.query('select id, email, pay from people'))
    const answer = await raw.until()
    expect(types(answer)).toBe('TDDCZ')
    expect(rows(answer)).toEqual([
      ['1', '[masked]', null],
      ['2', '[masked]', null],
    ])
    expect(room.gate.seen[0]).toMatchObject({
      rows: 2,
      outcome: { status: 'completed' },
      masked: ['contacts public.people.email 2', 'contacts public.people.pay 1'],
    })
  })

  it('is masked statement by statement, each by its own columns', async () => {
    reads([/people/, answering(EMAIL), answering(CLEAR), SILENT, answering(CLEAR, EMAIL)])
    const raw = await room.client()
    raw.send(build.query('select email from people where id = 1; select 7; set x.y = 1; select id, email from people where id = 2'))
    expect(rows(await raw.until())).toEqual([['[masked]'], ['7'], ['2', '[masked]']])
    expect(room.gate.seen[0]!.masked).toEqual(['contacts public.people.email 1', 'contacts public.people.email 1'])
  })

  it('is masked whole where nobody can say what flows into a column, or how many columns there are', async () => {
    reads([/upper/, answering({ ...EMAIL, certain: false, plain: false })], [/people/, UNCLEAR])
    const raw = await room.client()
    raw.send(build.query("select upper('x') from people where id = 1"), build.query('select id, email from people where id = 1'))
    expect(rows(await raw.until(2))).toEqual([['[masked]'], [null, '[masked]']])
  })

  it('passes nothing of a result that its text does not have', async () => {
    room.gate.masks = [MASK]
    room.gate.reads = () => understood()
    const raw = await room.client()
    raw.send(build.query('select id, email from people'))
    expect(rows(await raw.until())).toEqual([
      [null, '[masked]'],
      [null, '[masked]'],
    ])
  })
})

describe('a portal', () => {
  it('is described by the gateway where its client does not, which the client does not see', async () => {
    reads([/people/, answering(EMAIL)])
    const raw = await room.client()
    raw.send(executed('select email from people'), build.sync())
    const answer = await raw.until()
    expect(types(answer)).toBe('12DDCZ')
    expect(firstColumn(answer)).toEqual(['[masked]', '[masked]'])
  })

  it('is described once where its client does so, before or behind other messages', async () => {
    reads([/people/, answering(EMAIL)])
    const raw = await room.client()
    raw.send(executed('select email from people', build.describe('P', '')), build.sync())
    const answer = await raw.until()
    expect(types(answer)).toBe('12TDDCZ')
    expect(firstColumn(answer)).toEqual(['[masked]', '[masked]'])
    // A description of the statement does not say in which formats the values come.
    raw.send(build.parse('s', 'select email from people'), build.describe('S', 's'), build.bind('', 's'), build.execute(''), build.sync())
    const other = await raw.until()
    expect(types(other)).toBe('1tT2DDCZ')
    expect(firstColumn(other)).toEqual(['[masked]', '[masked]'])
  })

  it('may come to no rows at all, whatever was expected', async () => {
    reads([/people/, answering(EMAIL)])
    const raw = await room.client()
    raw.send(executed('update people set id = id'), executed('select email from people where false'), build.sync())
    expect(types(await raw.until())).toBe('12C12CZ')
  })

  it('goes on masked where it was suspended, also in a later group', async () => {
    reads([/people/, answering(CLEAR, EMAIL)])
    const raw = await room.client()
    raw.send(
      build.query('begin'),
      build.parse('', 'select id, email from people'),
      build.bind('p', ''),
      build.execute('p', 1),
      build.sync(),
    )
    const first = await raw.until(2)
    expect(types(first)).toBe('CZ12DsZ')
    raw.send(build.execute('p', 1), build.execute('p', 0), build.sync(), build.query('commit'))
    const second = await raw.until(2)
    expect(types(second)).toBe('DsCZCZ')
    expect(rows([...first, ...second])).toEqual([
      ['1', '[masked]'],
      ['2', '[masked]'],
    ])
    expect(room.gate.seen[2]).toMatchObject({ rows: 2, masked: ['contacts public.people.email 2'] })
  })

  it('decodes in the binary format that was asked for', async () => {
    reads([/people/, answering(column('pay'), EMAIL)])
    const raw = await room.client()
    const binary = build.bind('', '')
    const bind = Buffer.concat([binary.subarray(0, binary.length - 2), Buffer.from([0, 1, 0, 1])])
    bind.writeUInt32BE(bind.length - 1, 1)
    raw.send(build.parse('', 'select pay, email from people where id = 1'), bind, build.execute(''), build.sync())
    expect(rows(await raw.until())).toEqual([[null, '[masked]']])
  })

  it('keeps its place in a pipeline, and behind an error of it', async () => {
    reads([/people/, answering(EMAIL)], [/select \d/, answering(CLEAR)])
    const raw = await room.client()
    const group = [executed('select 1'), executed('select email from people where id = 1'), executed('select 2')]
    raw.send(...group, build.sync(), executed('select 1/0'), ...group, build.sync(), ...group, build.sync())
    const answer = await raw.until(3)
    // The server finds it when it plans: Bind fails.
    expect(types(answer)).toBe('12DC12DC12DCZ1EZ12DC12DC12DCZ')
    expect(firstColumn(answer)).toEqual(['1', '[masked]', '2', '1', '[masked]', '2'])
  })

  it('passes nothing of rows that were not to come', async () => {
    reads()
    const raw = await room.client()
    raw.send(executed('select email from people'), build.sync(), build.query('begin'))
    const answer = await raw.until(2)
    expect(rows(answer)).toEqual([])
    expect(errorIn(answer).get('D')).toBe('Refused by the gateway (GS_OPERATION_NOT_UNDERSTOOD).')
  })

  it('is refused where it may answer with other columns than those it was bound to', async () => {
    let outputs = [EMAIL, CLEAR]
    room.gate.masks = [MASK]
    room.gate.reads = (text) => understood(text.includes('people') ? answering(...outputs) : SILENT)
    const raw = await room.client()
    raw.send(
      build.query('begin'),
      build.parse('', 'select email, id from people'),
      build.bind('p', ''),
      build.describe('P', 'p'),
      build.sync(),
    )
    await raw.until(2)
    outputs = [CLEAR, EMAIL]
    room.gate.newEpoch()
    raw.send(build.execute('p'), build.sync(), build.query('rollback'))
    const answer = await raw.until(2)
    expect(rows(answer)).toEqual([])
    expect(errorIn(answer).get('M')).toBe('What this portal does may have changed since it was bound.')
  })
})

describe('a row that is too long to be masked', () => {
  it('is refused in its place, and the session goes on', async () => {
    reads([/repeat/, answering(EMAIL, CLEAR)], [/select 7/, answering(CLEAR)])
    room.gate.inspectionLimit = 100_000
    const raw = await room.client()
    raw.send(build.query("select email, repeat('x', 300000) from people"), build.query('select 7'))
    const answer = await raw.until(2)
    expect(rows(answer)).toEqual([['7']])
    expect(errorIn(answer).get('D')).toBe('Refused by the gateway (GS_LIMIT_EXCEEDED).')
  })

  it('is none where nothing of it is masked', async () => {
    reads([/repeat/, answering(CLEAR)])
    room.gate.inspectionLimit = 100_000
    const raw = await room.client()
    raw.send(build.query("select repeat('x', 300000)"))
    expect(rows(await raw.until())[0]![0]).toHaveLength(300_000)
  })
})

it('shows nothing where a result is cancelled in the middle, and the session goes on', { timeout: 60_000 }, async () => {
  const COPY = { format: 'text', delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false } as const
  reads([/^copy/, { ...answering(CLEAR, EMAIL, column('pay')), copyTo: COPY }], [/people/, answering(CLEAR, EMAIL, column('pay'))])
  const raw = await room.client()
  const came: Buffer[] = []
  raw.socket.on('data', (chunk: Buffer) => came.push(chunk))
  const outcomes = new Set<string | undefined>()
  for (let round = 0; round < 40; round += 1) {
    // The long ones are under way still when the cancel has come, however busy the machine; the short ones may be over.
    const text = `select id, email, pay from people, generate_series(1, ${round % 2 === 0 ? 20_000 : 300_000})`
    const copies = round % 3 === 2
    if (copies) raw.send(build.query(`copy (${text}) to stdout`))
    else if (round % 3 === 1) raw.send(executed(text), build.sync())
    else raw.send(build.query(text))
    raw.send(build.query('select 7'))
    await sleep((round * 7) % 45)
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    const all = await raw.until(2)
    expect(transactionStatus(all)).toBe('I')
    outcomes.add(errorIn([...all, { type: 'E', body: Buffer.from('Cnone\0\0') }]).get('C'))
  }
  expect([...outcomes]).toContain('57014')
  expect(Buffer.concat(came).toString('latin1')).not.toMatch(/ada@|bob@|70000/)
  raw.send(build.query('select id from people where id = 1'))
  expect(types(await raw.until())).toBe('TDCZ')
})

it('masks a stream alike however it is cut', () => {
  const answers = [
    rowDescription(['id', 'email']),
    dataRow(['1', 'ada@example.org']),
    dataRow(['2', null]),
    dataRow([null, 'x'.repeat(300)]),
    backendMessage('C', Buffer.from('SELECT 3\0')),
    backendMessage('H', Buffer.from([0, 0, 2, 0, 0, 0, 0])),
    build.copyData(Buffer.from('1\tada@example.org\n')),
    build.copyData(Buffer.from('2\t\\N\n')),
    build.copyDone(),
    backendMessage('C', Buffer.from('COPY 2\0')),
    build.readyForQuery('I'.charCodeAt(0)),
  ]
  const stream = Buffer.concat(answers)
  const plan = { format: 'text', delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false } as const
  const statements = [answering(CLEAR, EMAIL), { ...answering(CLEAR, EMAIL), copyTo: plan }]
  const whole = maskedStream(stream, stream.length, statements)
  expect(whole.toString('latin1')).not.toMatch(/ada|xxx/)
  expect(whole.toString('latin1').match(/\[masked\]/g)).toHaveLength(2)
  for (let size = 1; size < stream.length; size += 1) {
    const cut = maskedStream(stream, size, statements)
    // A CopyData that comes in parts may go on in as many messages.
    expect(joinedCopies(cut).equals(joinedCopies(whole))).toBe(true)
  }
  for (let end = 0; end < stream.length; end += 1) {
    expect(maskedStream(stream.subarray(0, end), stream.length, statements).toString('latin1')).not.toMatch(/ada|xxx/)
  }
})

it('shows nothing of what is masked, whatever a server says and however it is cut, and breaks off where that makes no sense', () => {
  const secret = 'ada@example.org'
  const report = (type: string) =>
    fc.constant(backendMessage(type, Buffer.from(`SERROR\0VERROR\0C22P02\0M${secret}\0D${secret}\0W${secret}\0H${secret}\0\0`)))
  const message = fc.oneof(
    fc.constant(rowDescription(['email', 'email'])),
    fc.constant(rowDescription(['email'])),
    fc.constant(dataRow([secret, secret])),
    fc.constant(dataRow([secret])),
    fc.constant(build.copyData(Buffer.from(`${secret}\t${secret}\n`))),
    fc.constant(build.copyData(Buffer.from(secret))),
    fc.constant(backendMessage('H', Buffer.from([0, 0, 2, 0, 0, 0, 0]))),
    fc.constant(backendMessage('H', Buffer.from([1, 0, 2, 0, 1, 0, 1]))),
    fc.constant(build.copyDone()),
    report('E'),
    report('N'),
    fc.constant(backendMessage('A', Buffer.from(`\0\0\0\x01heard\0${secret}\0`))),
    fc.constant(backendMessage('C', Buffer.from('SELECT 1\0'))),
    fc.constant(backendMessage('s', Buffer.alloc(0))),
    fc.constant(build.readyForQuery('I'.charCodeAt(0))),
  )
  const copyTo = { format: 'text', delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false } as const
  const statements = [{ ...answering(EMAIL, EMAIL), copyTo }, answering(EMAIL)]
  let answered = 0
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), fc.integer({ min: 1, max: 60 }), (messages, size) => {
      try {
        expect(maskedStream(Buffer.concat(messages), size, statements).toString('latin1')).not.toContain('ada@')
        answered += 1
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  expect(answered).toBeGreaterThan(100)
})

describe('COPY TO', () => {
  const COPY = { delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false } as const

  it.each([
    ['text', '', '1\t\\N\n2\t\\N\n'],
    ['csv', '(format csv, header)', 'id,email\n1,\n2,\n'],
  ] as const)('masks columns in %s', async (format, options, expected) => {
    const csv = format === 'csv' ? { delimiter: ',', null: '', header: true } : {}
    reads([/copy/, { ...answering(CLEAR, EMAIL), copyTo: { format, ...COPY, ...csv } }])
    const raw = await room.client()
    raw.send(build.query(`copy (select id, email from people) to stdout ${options}`))
    const answer = await raw.until()
    expect(types(answer).replace(/d+/, 'd')).toBe('HdcCZ')
    expect(copied(answer)).toBe(expected)
    expect(room.gate.seen[0]).toMatchObject({ masked: ['contacts public.people.email 2'] })
  })

  it('sends nothing where it cannot be told what is which', async () => {
    reads([/copy/, answering(CLEAR, EMAIL)])
    const raw = await room.client()
    raw.send(build.query('copy (select id, email from people) to stdout'))
    const answer = await raw.until()
    expect(copied(answer)).toBe('')
    expect(errorIn(answer).get('D')).toBe('Refused by the gateway (GS_OPERATION_NOT_SUPPORTED).')
  })

  it('is not read where nothing of it is masked', async () => {
    reads([/copy/, answering(CLEAR)])
    const raw = await room.client()
    raw.send(build.query('copy (select id from people) to stdout'))
    expect(copied(await raw.until())).toBe('1\n2\n')
  })
})

describe('what the server says besides', () => {
  it('leaves out what shows rows, and keeps its words where nothing masked is near', async () => {
    reads([/insert/, SILENT])
    const raw = await room.client()
    raw.send(build.query("insert into people values (3, 'ada@example.org')"))
    const error = errorIn(await raw.until())
    expect([error.get('C'), error.get('D'), error.get('n')]).toEqual(['23505', undefined, 'people_email_key'])
    expect(error.get('M')).toContain('people_email_key')
  })

  it('withholds the words of an error of a statement that reads what is masked', async () => {
    reads([/::int/, answering({ ...EMAIL, plain: false })])
    const raw = await room.client()
    raw.send(build.query('select email::int from people'))
    const error = errorIn(await raw.until())
    expect([error.get('C'), error.get('M')]).toEqual(['22P02', 'The message of the server is withheld, as it may show masked values.'])
    expect([...error.values()].join()).not.toContain('ada')
  })

  it('says where a text is wrong', async () => {
    reads([/emial/, UNCLEAR])
    const raw = await room.client()
    raw.send(build.query('select emial from people'))
    expect(errorIn(await raw.until()).get('M')).toBe('column "emial" does not exist')
  })

  it('withholds notices of code that is not known', async () => {
    reads([/told/, { ...answering(CLEAR), sql: {} }])
    const raw = await room.client()
    raw.send(build.query('select told()'))
    const notice = (await raw.until()).find(({ type }) => type === 'N')!
    expect(notice.body.toString()).toContain('The message of the server is withheld')
    expect(notice.body.toString()).not.toContain('ada')
  })

  it('withholds what is notified', async () => {
    reads()
    const raw = await room.client()
    raw.send(build.query('listen heard'))
    await raw.until()
    await room.postgres.query("select pg_notify('heard', 'ada@example.org')")
    const [heard] = (await raw.untilType('A')).filter(({ type }) => type === 'A')
    expect(heard!.body.toString('latin1', 4)).toBe('heard\0[masked]\0')
  })

  it('is passed as it is where nothing is masked', async () => {
    const raw = await room.client()
    raw.send(build.query("listen heard; insert into people values (3, 'ada@example.org')"))
    expect(errorIn(await raw.until()).get('D')).toBe('Key (email)=(ada@example.org) already exists.')
  })
})

const backendMessage = (type: string, body: Buffer): Buffer => build.message(type.charCodeAt(0), body)

function rowDescription(names: readonly string[]): Buffer {
  const fields = names.map((name) =>
    Buffer.concat([Buffer.from(`${name}\0`), Buffer.from('0000000000000000' + '0019' + 'ffffffffffff' + '0000', 'hex')]),
  )
  return backendMessage('T', Buffer.concat([Buffer.from([0, names.length]), ...fields]))
}

function dataRow(values: readonly (string | null)[]): Buffer {
  const cells = values.map((value) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(value === null ? -1 : value.length)
    return Buffer.concat([length, Buffer.from(value ?? '')])
  })
  return backendMessage('D', Buffer.concat([Buffer.from([0, values.length]), ...cells]))
}

/** What a client is sent of the answer to one Query, which comes in pieces of this size. */
function maskedStream(stream: Buffer, size: number, statements: readonly StatementFacts[]): Buffer {
  const answers = new Answers(plainSql(), { stop: () => undefined, sync: () => undefined }, [['client_encoding', 'UTF8']])
  const masking = new Masking({
    catalog: () => undefined,
    database: 'postgres',
    key: undefined,
    analyses: undefined,
    reading: answers.reading,
  })
  const sent: Buffer[] = []
  class Sent extends Outgoing {
    override add(bytes: Uint8Array, start: number, end: number): void {
      sent.push(Buffer.from(bytes.subarray(start, end)))
    }
  }
  const server = new FromServer(answers, new Sent(), plainSql(), masking, 100_000)
  const admission = { limited: false, time: undefined, masked: () => undefined, charge: () => undefined, settle: () => undefined }
  const flight = new Flight(admission as unknown as Admission, statements, [MASK])
  const none = { statement: undefined, portal: undefined, replacement: undefined, own: false, changes: false, operation: 0 }
  answers.sent({ type: frontend.query, name: '', ofStatement: false, flight, ...none })
  for (let at = 0; at < stream.length; at += size) server.read(stream.subarray(at, at + size))
  return Buffer.concat(sent)
}

/** The messages, those of copied data as one. */
function joinedCopies(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let copies = Buffer.alloc(0)
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    const message = bytes.subarray(at, at + 1 + bytes.readUInt32BE(at + 1))
    if (message[0] === frontend.copyData) copies = Buffer.concat([copies, message.subarray(5)])
    else parts.push(message)
  }
  return Buffer.concat([...parts, copies])
}
