import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knowing, startAnalyzer } from '../../../../test/parts/analyzer.ts'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { Presidio } from '../../../analyzer/index.ts'
import { createLogin } from '../login/index.ts'
import { type ScannedRelation, type ScanOptions, type ScanStep, scan } from './index.ts'

const login = createLogin()
const OPTIONS: ScanOptions = {
  ...{ database: 'postgres', rows: 200, columns: 100, relations: 100, schemas: [], views: false, statementMs: 5_000 },
}

describe('a scan of a real PostgreSQL', () => {
  let server: RunningPostgres
  beforeAll(async () => {
    server = await startPostgres()
    await server.query(`
      CREATE ROLE looker LOGIN;
      CREATE SCHEMA shop; CREATE SCHEMA "Odd.""name";
      GRANT USAGE ON SCHEMA shop, "Odd.""name" TO looker;
      CREATE DOMAIN shop.mail AS text;
      CREATE TABLE shop.customers (id int, mail_to shop.mail, contact text, note text, born_on date, "cardNumber" bigint, tags text[], doc jsonb, active bool, email_verified bool, last_ip inet);
      INSERT INTO shop.customers SELECT n, 'user' || n || '@mail.example.org', 'call +4930123456' || (n % 10), 'nothing here', '1980-01-01', 4111111111111111,
        ARRAY['a', 'b' || n || '@example.org'], jsonb_build_object('address', jsonb_build_object('email', 'x' || n || '@example.org')), true, true, '192.0.2.7' FROM generate_series(1, 50) n;
      CREATE TABLE shop.parted (id int, iban text) PARTITION BY RANGE (id);
      CREATE TABLE shop.parted_1 PARTITION OF shop.parted FOR VALUES FROM (0) TO (100000);
      INSERT INTO shop.parted SELECT n, 'DE89370400440532013000' FROM generate_series(1, 20) n;
      CREATE TABLE shop.closed (email text); INSERT INTO shop.closed VALUES ('a@example.org');
      CREATE TABLE shop.partly (open text, closed text); INSERT INTO shop.partly VALUES ('a@example.org', 'b@example.org');
      CREATE TABLE shop.empty (email text, note text);
      CREATE TABLE shop.plain (id int, at timestamptz);
      CREATE VIEW shop.seen AS SELECT mail_to FROM shop.customers;
      CREATE TABLE "Odd.""name"."Ta ble" ("Co ""l" text); INSERT INTO "Odd.""name"."Ta ble" VALUES ('me@example.org');
      CREATE TABLE shop.large (id int, email text);
      INSERT INTO shop.large SELECT n, CASE WHEN n > 20000 THEN 'late' || n || '@example.org' END FROM generate_series(1, 40000) n;
      CREATE TABLE shop.notes (note text, tag text, seen_from inet, phone bigint);
      INSERT INTO shop.notes SELECT CASE WHEN n % 2 = 0 THEN 'Ada Lovelace rang, ' || n ELSE 'mail a' || n || '@example.org' END,
        'München ' || (n % 3), '192.0.2.7', 4930123456 FROM generate_series(1, 300) n;
      GRANT SELECT ON shop.notes, shop.customers, shop.parted, shop.empty, shop.plain, shop.seen, shop.large, "Odd.""name"."Ta ble" TO looker;
      GRANT SELECT (open) ON shop.partly TO looker`)
    await server.query('ANALYZE')
  })
  afterAll(() => server.stop())

  async function steps(over: Partial<ScanOptions> = {}, signal = AbortSignal.timeout(30_000)): Promise<ScanStep[]> {
    const target = await login(
      { host: server.host, port: server.port, tls: { verify: 'off' } },
      { user: 'looker' },
      { database: 'postgres', settings: new Map(), minor: 0, readOnly: true },
      signal,
    )
    const all: ScanStep[] = []
    for await (const step of scan(target, { ...OPTIONS, ...over }, signal)) all.push(step)
    expect(target.socket.destroyed).toBe(true)
    return all
  }

  async function relation(name: string, over: Partial<ScanOptions> = {}): Promise<ScannedRelation | undefined> {
    return (await steps(over)).map(({ scanned }) => scanned).find((scanned) => scanned?.relation === name)
  }

  it('counts what detectors find in text, domains, arrays, JSON, addresses, and in numbers whose name speaks', async () => {
    const scanned = await relation('shop.customers')
    expect(scanned).toMatchObject({ rows: 50 })
    const column = (name: string) => scanned?.columns.find((each) => each.column === `postgres.shop.customers.${name}`)
    expect(column('mail_to')).toMatchObject({ values: 50, found: { email: 50 } })
    expect(column('contact')).toMatchObject({ values: 50, found: { phone: 50 } })
    expect(column('note')).toMatchObject({ values: 50, found: {} })
    expect(column('tags')).toMatchObject({ values: 50, found: { email: 50 } })
    expect(column('doc')).toMatchObject({ values: 50, found: { email: 50 } })
    expect(column('cardNumber')).toMatchObject({ values: 50, found: { card: 50 }, hint: 'card' })
    expect(column('last_ip')).toMatchObject({ found: { ip: 50 }, hint: 'ip' })
    expect(column('born_on')).toMatchObject({ values: 0, found: {}, hint: 'birth' })
    for (const left of ['id', 'active', 'email_verified']) expect(column(left)).toBeUndefined()
  })

  it('looks at a partitioned table as one, and not at views unless it is asked to', async () => {
    const names = (await steps()).map(({ scanned }) => scanned?.relation)
    expect(names).toContain('shop.parted')
    for (const left of ['shop.parted_1', 'shop.seen']) expect(names).not.toContain(left)
    expect(await relation('shop.parted')).toMatchObject({ rows: 20, columns: [{ found: { iban: 20 } }] })
    expect(await relation('shop.seen', { views: true })).toMatchObject({ columns: [{ found: { email: 50 } }] })
    expect(names.some((name) => name?.startsWith('pg_') || name?.startsWith('information_schema'))).toBe(false)
  })

  it('says what it may not read, and goes on with the rest', async () => {
    expect(await relation('shop.closed')).toEqual({
      ...{ relation: 'shop.closed', rows: 0, skipped: { why: 'not permitted', columns: 1 } },
      columns: [{ column: 'postgres.shop.closed.email', values: 0, found: {}, hint: 'email' }],
    })
    expect(await relation('shop.partly')).toMatchObject({ rows: 1, skipped: { why: 'not permitted', columns: 1 } })
    expect(await relation('shop.empty')).toMatchObject({ rows: 0, columns: [{ hint: 'email', values: 0 }, { values: 0 }] })
  })

  it('takes rows of a large table from all over it', async () => {
    const scanned = await relation('shop.large')
    expect(scanned?.rows).toBeGreaterThan(0)
    expect(scanned?.rows).toBeLessThanOrEqual(200)
    // A sample is two pages on average, one of which is a late one seven times in ten; the first pages alone would make it three. So 25 of 60 is passed but once in a million.
    const late: number[] = []
    while (late.length < 60) late.push((await relation('shop.large'))?.columns[0]?.found.email ?? 0)
    expect(late.filter((count) => count > 0).length).toBeGreaterThan(25)
  })

  it('reads names as they are, whatever stands in them', async () => {
    expect(await relation('Odd."name.Ta ble')).toMatchObject({
      columns: [{ column: 'postgres.Odd."name.Ta ble.Co "l', found: { email: 1 } }],
    })
  })

  it('keeps to its bounds, and says what it left out', async () => {
    expect(await relation('shop.customers', { columns: 2 })).toMatchObject({ skipped: { why: 'too many columns', columns: 5 } })
    const few = await steps({ relations: 1 })
    expect(few.filter(({ scanned }) => scanned?.skipped?.why === 'too many relations').length).toBeGreaterThan(3)
    expect((await steps({ schemas: ['shop'] })).some(({ scanned }) => scanned?.relation.startsWith('Odd'))).toBe(false)
    expect(await relation('shop.large', { rows: 10 })).toMatchObject({ rows: expect.toSatisfy((rows: number) => rows <= 10) })
  })

  it('does not wait for a lock, and leaves no transaction behind', async () => {
    const { Client } = await import('pg')
    const other = new Client(server.url)
    await other.connect()
    await other.query('BEGIN; LOCK TABLE shop.customers')
    try {
      expect(await relation('shop.customers')).toMatchObject({ rows: 0, skipped: { why: 'locked', sqlstate: '55P03' } })
    } finally {
      await other.end()
    }
    const [left] = await server.query(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'looker' AND state <> 'idle'`)
    expect(left?.n).toBe(0)
  })

  describe('with an analyzer', () => {
    const words = { 'Ada Lovelace': 'PERSON', München: 'LOCATION' }

    /** @param deadline ms */
    async function asking(reply: ReturnType<typeof knowing>, whenSilent: 'fail' | 'pass', deadline = 5_000) {
      const analyzer = await startAnalyzer(reply)
      const asked = new Presidio({ url: analyzer.url, language: 'en', deadline })
      try {
        const scanned = await steps({ schemas: ['shop'], rows: 300, analyzer: { asked, whenSilent } })
        const column = (name: string) =>
          scanned.flatMap((step) => step.scanned?.columns ?? []).find((each) => each.column.endsWith(`.${name}`))
        return { column, questions: analyzer.asked as { text: string }[] }
      } finally {
        await analyzer.close()
      }
    }

    it('counts what it finds where detectors find nothing, and shows it nothing else, nor anything twice', async () => {
      const { column, questions } = await asking(knowing(words), 'fail')
      // Of 150 different ones, a hundred.
      expect(column('notes.note')).toMatchObject({ values: 300, found: { email: 150, 'presidio/PERSON': 100 }, analyzed: 100 })
      expect(column('notes.tag')).toMatchObject({ values: 300, found: { 'presidio/LOCATION': 300 }, analyzed: 300 })
      expect(column('notes.seen_from')).not.toHaveProperty('analyzed')
      const texts = questions.map(({ text }) => text)
      expect(texts.filter((text) => text.includes('@') || text.includes('192.0.2.7') || text.includes('4930123456'))).toEqual([])
      expect(texts.filter((text) => text.startsWith('München')).sort()).toEqual(['München 0', 'München 1', 'München 2'])
    })

    it('is not asked unless that was said', async () => {
      expect(JSON.stringify(await steps({ schemas: ['shop'] }))).not.toMatch(/analyzed|presidio/)
    })

    it('ends with a code where there is no answer, or says so of each column', async () => {
      const refusing: ReturnType<typeof knowing> = (_, response) => void response.writeHead(500).end('{"error": "no"}')
      await expect(asking(refusing, 'fail')).rejects.toMatchObject({
        code: 'GS_SCAN_ANALYZER_SILENT',
        message: expect.not.stringContaining('Ada'),
      })
      const { column } = await asking(refusing, 'pass')
      expect(column('customers.note')).toMatchObject({ found: {}, analyzed: 0, unanswered: { values: 50, why: 'refused' } })
      expect(column('notes.note')).toMatchObject({ found: { email: 150 }, analyzed: 0, unanswered: { values: 100 } })
    })

    it('waits no longer than for a few columns where it never answers', async () => {
      const silent = () => undefined
      const { column, questions } = await asking(silent, 'pass', 200)
      expect(questions.length).toBeLessThanOrEqual(12)
      expect(column('notes.tag')?.unanswered).toEqual({ values: 300, why: expect.stringMatching(/^(late|not asked)$/) })
    })

    it('goes on asking where one text is none for it', async () => {
      const know = knowing(words)
      const { column } = await asking((request, response, message) => {
        if (request.text.startsWith('nothing')) response.writeHead(500).end()
        else know(request, response, message)
      }, 'pass')
      expect(column('customers.note')).toMatchObject({ unanswered: { values: 50, why: 'refused' } })
      expect(column('notes.tag')).toMatchObject({ found: { 'presidio/LOCATION': 300 } })
    })

    it('is left at once by a scan that is told to end', async () => {
      const ending = new AbortController()
      const analyzer = await startAnalyzer(() => ending.abort(new Error('enough')))
      const asked = new Presidio({ url: analyzer.url, language: 'en', deadline: 60_000 })
      await expect(steps({ analyzer: { asked, whenSilent: 'fail' } }, ending.signal)).rejects.toThrow('enough')
      await analyzer.close()
    })
  })

  it('ends when it is told to', async () => {
    const ending = new AbortController()
    const scanning = steps({}, ending.signal)
    ending.abort(new Error('enough'))
    await expect(scanning).rejects.toThrow('enough')
  })
})
