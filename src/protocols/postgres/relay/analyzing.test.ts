import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { knowing, results, startAnalyzer, type TestAnalyzer } from '../../../../test/parts/analyzer.ts'
import { errorIn, firstColumn, type RawPostgres, type ServerMessage, sendRawCancel, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import { rowAnalyzer } from '../../../gateway/row-analyzer.ts'
import { Refusal } from '../../../operations/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import * as build from '../wire/build.ts'

const room = relayRoom(`
  create table people (id int, about text, doc jsonb);
  insert into people values (1, 'Ada Lovelace wrote it', '{"who": "Ada \\u0041 Lovelace", "Bob": [1, "no\\ne"]}'), (2, 'nobody', null), (3, null, '"Ada"');
  create function told() returns int language plpgsql as 'begin raise notice ''seen Ada Lovelace''; return 1; end';
  create function failing() returns int language plpgsql as 'begin raise exception ''no Ada Lovelace here''; end';
`)

let server: TestAnalyzer

/** Of which nothing is known but that it changes nothing. */
const STATEMENT: StatementFacts = { effects: [], sql: {}, transitions: [] }

beforeEach(async () => {
  room.gate.reads = () => ({ facts: { effects: [] }, statements: [STATEMENT] })
  server = await startAnalyzer(knowing({ 'Ada Lovelace': 'PERSON', Paris: 'LOCATION' }))
  asks()
  room.gate.masks = [
    {
      ...{ name: 'people', columns: [], patterns: [], as: 'redact', unmaskedWrite: false, predicates: false },
      detect: ['presidio/PERSON'],
    },
  ]
})
afterEach(() => server.close())

/** How the analyzer is asked from here on. */
function asks({ deadline = 5_000, whenSilent = 'fail' }: { deadline?: number; whenSilent?: 'fail' | 'pass' } = {}): void {
  const analyzer = { url: server.url, language: 'en', entities: [], threshold: 0.5, deadline, whenSilent }
  room.gate.analyzer = rowAnalyzer(() => ({ masking: { analyzer } }))()
}

/** Whatever is asked stays open until it is told what to say. */
function holding(): { readonly open: (() => void)[] } {
  const open: (() => void)[] = []
  const reply = knowing({ 'Ada Lovelace': 'PERSON' })
  server.reply = (question, response, message) => void open.push(() => reply(question, response, message))
  return { open }
}

const answer = (raw: RawPostgres, ...texts: string[]) => {
  raw.send(...texts.map((text) => build.query(text)))
  return raw.until(texts.length)
}
const asked = () => server.asked.map((question) => (question as { text: string }).text)
const bytesOf = (messages: readonly ServerMessage[]) => Buffer.concat(messages.map(({ body }) => body)).toString('latin1')
const copied = (messages: readonly ServerMessage[]) =>
  Buffer.concat(messages.filter(({ type }) => type === 'd').map(({ body }) => body)).toString()
const masked = (at = 0) => room.gate.seen[at]!.masked

describe('what an analyzer finds', () => {
  it('is replaced where it stands, in texts, and of each text it is asked once', async () => {
    const raw = await room.client()
    const rows = await answer(raw, "select about from people where id < 3 union all select 'Ada Lovelace wrote it' union all select ''")
    expect(types(rows)).toBe('TDDDDCZ')
    expect(firstColumn(rows).sort()).toEqual(['', '[presidio/PERSON] wrote it', '[presidio/PERSON] wrote it', 'nobody'])
    expect(asked().sort()).toEqual(['Ada Lovelace wrote it', 'nobody'])
    expect(server.asked[0]).toMatchObject({ language: 'en', entities: ['PERSON'], score_threshold: 0.5 })
    expect(room.gate.seen[0]).toMatchObject({ rows: 4, outcome: { status: 'completed' }, masked: ['people presidio/PERSON 2'] })
  })

  it('is replaced in the strings of JSON, each for itself; what has no room for it becomes NULL', async () => {
    const raw = await room.client()
    server.reply = ({ text }, response) =>
      response.end(results(...(text.includes('A L') ? [['PERSON', 0, [...text].length] as [string, number, number]] : [])))
    expect(firstColumn(await answer(raw, 'select doc::text::json from people where id = 1'))).toEqual([
      '{"Bob": [1, "no\\ne"], "who": "[presidio/PERSON]"}',
    ])
    server.reply = knowing({ 'Ada Lovelace': 'PERSON' })
    const row = await answer(
      raw,
      "select array['Ada Lovelace'], array['none'], 7, now(), row('Ada Lovelace'), 'Ada Lovelace'::bytea, '\\xff'::bytea",
    )
    expect(bytesOf(row)).not.toContain('Ada')
    expect(masked(1)).toEqual(['people presidio/PERSON 3', 'people presidio/not-asked 1'])
    expect(asked()).not.toContain('7')
  })

  it('is known for every row in which it stands, of however many it is asked in between', async () => {
    const raw = await room.client()
    const rows = await answer(raw, "select 'Dear ' || n, 'Ada Lovelace', 'to Ada Lovelace' from generate_series(1, 500) n")
    expect(bytesOf(rows).match(/\[presidio\/PERSON\]/g)).toHaveLength(1000)
    expect(masked()).toEqual(['people presidio/PERSON 1000'])
  })

  it('is what masks name, and how they say; detectors look too', async () => {
    const [people] = room.gate.masks!
    room.gate.masks = [
      { ...people!, as: 'partial', detect: ['email', 'presidio/PERSON'] },
      { ...people!, name: 'places', as: { fixed: 'somewhere' }, detect: ['presidio/LOCATION'] },
    ]
    const raw = await room.client()
    const rows = await answer(raw, "select 'Ada Lovelace <ada@example.org> of Paris'")
    expect(firstColumn(rows)).toEqual(['****lace <****.org> of somewhere'])
    room.gate.masks = [{ ...people!, as: 'null' }]
    expect(bytesOf(await answer(raw, "select 'Ada Lovelace of Paris'"))).not.toMatch(/Ada|Paris/)
    server.reply = (_, response) => response.end(results(['LOCATION', 0, 3], ['PERSON', 0, 3, 0.2]))
    expect(firstColumn(await answer(raw, "select 'Ada'"))).toEqual(['Ada'])
  })

  it('is replaced in COPY, in every format, and however long its rows are', async () => {
    const raw = await room.client()
    const copyTo = { delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false, format: 'text' as const }
    const CLEAR = { from: [], plain: false, certain: true }
    const copies = (of: object) => {
      room.gate.reads = () => ({
        facts: { effects: [] },
        statements: [{ ...STATEMENT, outputs: [CLEAR, CLEAR], copyTo: { ...copyTo, ...of } }],
      })
    }
    copies({})
    const rows = "values (1, 'Ada Lovelace'), (2, E'Ada\\tLovelace'), (3, 'Ada Lovelace'), (4, null), (5, 'none')"
    // The types of expressions are not known in a COPY, so that what is found in them is NULL.
    expect(copied(await answer(raw, `copy (${rows}) to stdout`))).toBe('1\t\\N\n2\t\\N\n3\t\\N\n4\t\\N\n5\tnone\n')
    copies({ format: 'csv', delimiter: ',', null: '' })
    expect(copied(await answer(raw, `copy (${rows}) to stdout (format csv)`))).toBe('1,\n2,\n3,\n4,\n5,none\n')
    copies({ format: 'binary' })
    const binary = await answer(raw, `copy (${rows}) to stdout (format binary)`)
    expect(types(binary)).toMatch(/^Hd+cCZ$/)
    expect(copied(binary)).not.toContain('Ada L')
    copies({})
    const long = await answer(raw, "copy (select repeat('x ', 60000), 'Ada Lovelace') to stdout", 'select 1')
    expect(copied(long)).toBe('\\N\t\\N\n')
    room.gate.inspectionLimit = 100_000
    const limited = await room.client()
    const refused = await answer(limited, "copy (select repeat('x ', 60000), 'Ada Lovelace') to stdout", 'select 1')
    expect(copied(refused)).toBe('')
    expect(errorIn(refused).get('D')).toContain('GS_LIMIT_EXCEEDED')
    expect(firstColumn(refused)).toEqual(['1'])
  })

  it('is replaced in notices, errors and notifications, which keep their place', async () => {
    const raw = await room.client()
    const rows = await answer(raw, 'select told()', 'select failing()', 'listen news', "notify news, 'Ada Lovelace came'", 'select 7')
    expect(bytesOf(rows)).not.toContain('Ada')
    expect(bytesOf(rows)).toContain('seen [presidio/PERSON]')
    expect(errorIn(rows).get('M')).toBe('no [presidio/PERSON] here')
    expect(types(rows)).toMatch(/^TN?DN?CZ.*EZCZ(AC|CA)ZTDCZ$/)
    expect(bytesOf(rows)).toContain('[presidio/PERSON] came')
  })
})

describe('what stands behind a row', () => {
  it('waits for the answer about it, in its order', async () => {
    const { open } = holding()
    const raw = await room.client()
    raw.send(
      build.query("select 'first'"),
      ...[build.parse('', "select 'Ada Lovelace'"), build.bind('', ''), build.execute(''), build.sync()],
      build.query('select nothing'),
      build.query('select 7'),
    )
    await expect.poll(() => open.length).toBe(1)
    expect(types(raw.received)).toBe('T')
    open.shift()!()
    await expect.poll(() => open.length).toBe(1)
    await sleep(50)
    expect(types(raw.received)).toBe('TDCZ12')
    expect(room.outcomes().slice(0, 3)).toEqual([
      "select 'first': completed",
      "select 'Ada Lovelace': completed",
      "select 'Ada Lovelace': ",
    ])
    open.shift()!()
    await expect.poll(() => open.length).toBe(1)
    open.shift()!()
    const all = await raw.until(4)
    expect(types(all)).toBe('TDCZ12DCZEZTDCZ')
    expect(firstColumn(all)).toEqual(['first', '[presidio/PERSON]', '7'])
  })

  it('is not read from the target meanwhile, however much it is', async () => {
    const { open } = holding()
    const raw = await room.client()
    raw.send(build.query("select 'row ' || n, repeat('x', 1000) from generate_series(1, 100000) n"))
    await expect.poll(() => open.length).toBeGreaterThan(0)
    const socket = room.gate.sessions[0]!.target.socket as Socket
    const before = socket.bytesRead
    await sleep(300)
    expect(socket.bytesRead - before).toBeLessThan(1024 * 1024)
    expect(room.gate.seen[0]!.rows).toBe(0)
  })

  it('comes in the order in which it came, of thousands of rows, four questions at a time', { timeout: 60_000 }, async () => {
    let now = 0
    let most = 0
    const reply = knowing({ 'Ada Lovelace': 'PERSON' })
    server.reply = (question, response, message) => {
      most = Math.max(most, ++now)
      setTimeout(() => {
        now -= 1
        reply(question, response, message)
      }, Math.random() * 3)
    }
    const raw = await room.client()
    const rows = await answer(raw, "select n || case when n % 3 = 0 then ' Ada Lovelace' else '' end from generate_series(1, 1000) n")
    expect(firstColumn(rows)).toEqual(Array.from({ length: 1000 }, (_, at) => `${at + 1}${(at + 1) % 3 === 0 ? ' [presidio/PERSON]' : ''}`))
    expect(masked()).toEqual(['people presidio/PERSON 333'])
    expect(most).toBeLessThanOrEqual(4)
  })

  it('is the same with pauses as without, whatever is sent at once', { timeout: 60_000 }, async () => {
    const texts = fc.constantFrom(
      "select 'Ada Lovelace' from generate_series(1, 3)",
      'select nothing',
      'select 1',
      'select told()',
      "select repeat('Ada Lovelace ', 2000)",
      'select failing()',
    )
    const reply = knowing({ 'Ada Lovelace': 'PERSON' })
    server.reply = (question, response, message) => setTimeout(() => reply(question, response, message), Math.random() * 8)
    const raw = await room.client()
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 8 }), async (list) => {
        const all = await answer(raw, ...list)
        expect(bytesOf(all).replaceAll(/\[presidio\/PERSON\]( Ada Lovelace)+/g, '[presidio/PERSON]')).not.toContain('Ada Lovelace')
        const shape = all
          .map(({ type }) => type)
          .join('')
          .split('Z')
          .slice(0, -1)
        expect(shape).toHaveLength(list.length)
        for (const [at, text] of list.entries()) {
          if (text === 'select nothing') expect(shape[at]).toBe('E')
          else if (text === 'select failing()') expect(shape[at]).toMatch(/^T?E$/)
          else if (text === 'select told()') expect(shape[at]).toMatch(/^TN?DN?C$/)
          else expect(shape[at]).toMatch(/^TD+C$/)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('is told of portals that are fetched in parts, as it was before', async () => {
    const raw = await room.client()
    raw.send(
      build.query('begin'),
      build.parse('', "select 'Ada Lovelace ' || n from generate_series(1, 3) n"),
      build.bind('p', '', [], [1]),
    )
    raw.send(build.execute('p', 2), build.execute('p', 2), build.sync(), build.query('commit'))
    const all = await raw.until(3)
    expect(types(all)).toBe('CZ12DDsDCZCZ')
    expect(firstColumn(all)).toEqual(['[presidio/PERSON] 1', '[presidio/PERSON] 2', '[presidio/PERSON] 3'])
  })
})

describe('where there is no answer', () => {
  const late = { deadline: 200 }
  it.each<[string, (response: ServerResponse) => void]>([
    ['it is an error', (response) => void response.writeHead(500).end('{}')],
    ['it is not JSON', (response) => void response.end('<html>')],
    ['it is about a place outside of the text', (response) => void response.end(results(['PERSON', 0, 99]))],
    ['it is about no place', (response) => void response.end(results(['PERSON', 3, 3]))],
    ['its places are negative', (response) => void response.end(results(['PERSON', -1, 3]))],
    ['it is too much', (response) => void response.end(JSON.stringify('x'.repeat(2 * 1024 * 1024)))],
    ['it leads elsewhere', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['it never comes', () => undefined],
    ['it comes too slowly', (response) => void response.writeHead(200).write('[')],
    ['it breaks off', (response) => void response.destroy()],
  ])('because %s, the result is cut with an error, and the session goes on', async (_, reply) => {
    asks(late)
    server.reply = (_question, response) => reply(response)
    const raw = await room.client()
    const rows = await answer(raw, "select 'Ada Lovelace' from generate_series(1, 3)")
    expect(types(rows)).toBe('TEZ')
    expect(errorIn(rows).get('C')).toBe('42501')
    expect(errorIn(rows).get('D')).toBe('Refused by the gateway (GS_ANALYZER_SILENT).')
    expect(masked()).toEqual(['people presidio/unanswered 1'])
    server.reply = knowing({ 'Ada Lovelace': 'PERSON' })
    asks()
    expect(firstColumn(await answer(raw, "select 'Ada Lovelace'"))).toEqual(['[presidio/PERSON]'])
  })

  it('nothing more of the result comes, and what came before stays', async () => {
    asks({ deadline: 2_000 })
    const reply = knowing({ 'Ada Lovelace': 'PERSON' })
    server.reply = (question, response, message) => {
      if (!question.text.endsWith(' 70')) reply(question, response, message)
    }
    const raw = await room.client()
    raw.send(build.query("select 'Ada Lovelace ' || n from generate_series(1, 100000) n"), build.query('select 7'))
    const all = await raw.until(2)
    expect(firstColumn(all)).toEqual([...Array.from({ length: 69 }, (_, at) => `[presidio/PERSON] ${at + 1}`), '7'])
    expect(types(all).replaceAll('D', '')).toBe('TEZTCZ')
  })

  it('it is shown where that is configured, and counted; detectors look at it all the same', async () => {
    asks({ ...late, whenSilent: 'pass' })
    room.gate.masks = [{ ...room.gate.masks![0]!, detect: ['email', 'presidio/PERSON'] }]
    server.reply = () => undefined
    const raw = await room.client()
    const began = performance.now()
    const rows = await answer(raw, "select 'Ada Lovelace ' || n || ' ada@example.org' from generate_series(1, 20) n")
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(firstColumn(rows)[19]).toBe('Ada Lovelace 20 [email]')
    expect(masked()).toEqual(['people presidio/unanswered 20', 'people email 20'])
  })

  it('as nobody is configured any more, nothing is shown', async () => {
    room.gate.analyzer = undefined
    const raw = await room.client()
    const rows = await answer(raw, "select 'Ada Lovelace'")
    expect(errorIn(rows).get('D')).toContain('GS_ANALYZER_SILENT')
    expect(bytesOf(rows)).not.toContain('Ada')
  })

  it('because it cannot be asked about, nothing of it is shown', async () => {
    const raw = await room.client()
    const long = await answer(
      raw,
      "select repeat('Ada Lovelace ', 6000)",
      "set client_encoding to 'LATIN1'",
      "select 'Adä', 'Ada Lovelace'",
    )
    expect(firstColumn(long)).toEqual(['[masked]', '[masked]'])
    expect(bytesOf(long)).toContain('[presidio/PERSON]')
    expect(masked(2)).toEqual(['people presidio/not-asked 1', 'people presidio/PERSON 1'])
  })
})

describe('places', () => {
  it('count characters as they are, not as UTF-16 or bytes have them, and may overlap', async () => {
    const raw = await room.client()
    server.reply = (_, response) => response.end(results(['PERSON', 2, 6]))
    expect(firstColumn(await answer(raw, "select '😀 Zoë😀 é'"))).toEqual(['😀 [presidio/PERSON] é'])
    server.reply = (_, response) => response.end(results(['PERSON', 4, 7], ['PERSON', 2, 5], ['PERSON', 2, 3], ['PERSON', 0, 1]))
    expect(firstColumn(await answer(raw, "select '😀 Zoë é x'"))).toEqual(['[presidio/PERSON] [presidio/PERSON] x'])
    // In UTF-16 it would be there.
    server.reply = (_, response) => response.end(results(['PERSON', 4, 5]))
    expect(errorIn(await answer(raw, "select '😀😀😀a'")).get('D')).toContain('GS_ANALYZER_SILENT')
  })
})

describe('while an answer is waited for', () => {
  const waiting = async (text = "select 'Ada Lovelace'") => {
    const { open } = holding()
    const raw = await room.client()
    raw.send(build.query(text))
    await expect.poll(() => open.length).toBeGreaterThan(0)
    return { raw, open }
  }

  it('a cancel ends the result at once, and the session goes on', async () => {
    const { raw } = await waiting()
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    const rows = await raw.until()
    expect(types(rows)).toBe('TEZ')
    expect(errorIn(rows).get('C')).toBe('57014')
    server.reply = knowing({ 'Ada Lovelace': 'PERSON' })
    expect(firstColumn(await answer(raw, "select 'Ada Lovelace'"))).toEqual(['[presidio/PERSON]'])
  })

  it('a client that leaves leaves nothing behind', async () => {
    const { raw } = await waiting("select 'Ada Lovelace ' || generate_series(1, 100000000)")
    raw.socket.destroy()
    await expect.poll(() => room.gate.ends, { timeout: 3_000 }).toEqual(['client-lost'])
    expect(room.gate.seen[0]!.outcome).toBeDefined()
    expect(server.asked.length).toBeLessThanOrEqual(32)
  })

  it('a client that says goodbye has its statements done', async () => {
    const { raw, open } = await waiting()
    raw.send(build.terminate())
    raw.socket.end()
    await sleep(50)
    open.shift()!()
    await expect.poll(() => room.gate.ends, { timeout: 3_000 }).toEqual(['client-closed'])
    expect(room.gate.seen[0]).toMatchObject({ outcome: { status: 'completed' } })
  })

  it('a target that leaves takes nothing with it of what it had said', async () => {
    const { raw, open } = await waiting()
    room.gate.sessions[0]!.target.socket.destroy()
    await sleep(50)
    expect(room.gate.ends).toEqual([])
    open.shift()!()
    const all = await raw.untilClosed()
    expect(firstColumn(all)).toEqual(['[presidio/PERSON]'])
    expect(types(all)).toBe('TDCZE')
    expect(errorIn(all).get('C')).toBe('08006')
  })

  it('a session that is ended says so at once, and shows nothing more', async () => {
    const { raw } = await waiting()
    const began = performance.now()
    room.gate.sessions[0]!.stop.abort(new Refusal('GS_RUN_ENDED'))
    const all = await raw.untilClosed()
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(types(all)).toBe('TE')
    expect(errorIn(all).get('C')).toBe('57P01')
    await expect.poll(() => room.gate.ends).toEqual(['ended'])
    expect(room.gate.seen[0]!.outcome).toBeDefined()
  })

  it('a gateway that stops lets it end first', async () => {
    const { raw, open } = await waiting()
    room.gate.sessions[0]!.drain.abort()
    await sleep(50)
    open.shift()!()
    const all = await raw.untilClosed()
    expect(types(all)).toBe('TDCZE')
    expect(firstColumn(all)).toEqual(['[presidio/PERSON]'])
    await expect.poll(() => room.gate.ends).toEqual(['drained'])
  })

  it('a limit that is reached meanwhile cuts it', async () => {
    room.gate.limits = { of: /Ada/, rows: 1 }
    const { raw, open } = await waiting("select 'Ada Lovelace ' || n from generate_series(1, 3) n")
    while (open.length > 0 || room.gate.seen[0]!.rows === 0) {
      open.shift()?.()
      await sleep(5)
    }
    const all = await raw.until()
    expect(firstColumn(all)).toEqual(['[presidio/PERSON] 1'])
    expect(errorIn(all).get('D')).toContain('GS_LIMIT_EXCEEDED')
  })
})

it('asks nobody where no mask names what it finds', async () => {
  const [people] = room.gate.masks!
  room.gate.masks = [{ ...people!, detect: ['email'] }]
  let wanted = 0
  Object.defineProperty(room.gate, 'analyzer', {
    get() {
      wanted += 1
      return undefined
    },
  })
  const raw = await room.client()
  expect(firstColumn(await answer(raw, "select 'Ada Lovelace ada@example.org'"))).toEqual(['Ada Lovelace [email]'])
  room.gate.masks = undefined
  expect(firstColumn(await answer(raw, "select 'Ada Lovelace'"))).toEqual(['Ada Lovelace'])
  expect(wanted).toBe(0)
})
