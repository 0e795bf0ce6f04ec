import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { run } from '../../src/cli/main.ts'
import { knowing, startAnalyzer, type TestAnalyzer } from '../parts/analyzer.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { testSurroundings } from '../parts/surroundings.ts'

/** Values that must never leave the target: as they are, and in pieces. */
const MAIL = 'canary.person'
const CARD = '4111111111111111'
const NAME = 'Canary Lovelace'

describe('gatescribe scan against a whole gateway', () => {
  let server: RunningPostgres
  let issuer: TestIssuer
  let gateway: RunningGateway
  let analyzer: TestAnalyzer

  beforeAll(async () => {
    server = await startPostgres({ logStatements: true })
    issuer = await startIssuer()
    analyzer = await startAnalyzer(knowing({ [NAME]: 'PERSON', Oslo: 'LOCATION' }))
    await server.query(`
      CREATE ROLE app LOGIN; CREATE ROLE writer LOGIN;
      CREATE TABLE customers (id int, email text, card text, note text, last_name text);
      INSERT INTO customers SELECT n, '${MAIL}' || n || '@example.org', '${CARD}', 'nothing', 'Doe' FROM generate_series(1, 30) n;
      CREATE TABLE secret_things (token text);
      CREATE SCHEMA told;
      CREATE TABLE told.letters (body text, sender text);
      INSERT INTO told.letters SELECT 'From Oslo, ' || n, '${NAME}' FROM generate_series(1, 20) n;
      GRANT USAGE ON SCHEMA told TO app; GRANT SELECT ON told.letters TO app;
      GRANT SELECT ON customers TO app; GRANT SELECT ON customers, secret_things TO writer`)
    gateway = await startGateway({
      issuer,
      targets: [{ name: 'orders-db', server, user: 'app', databases: { orders: 'postgres' } }],
      adjust(config) {
        config.resources[0]!.credentials = [
          { as: 'looker', user: 'nobody_at_all', for: ['postgres.define'] },
          { as: 'reader', user: 'app', for: ['postgres.read'] },
          { as: 'writer', user: 'writer' },
        ]
        config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
        config.resources.push({
          name: 'tickets',
          kind: 'http',
          address: 'http://127.0.0.1:1',
          credentials: [{ as: 'job', bearer: 'env:TICKETS' }],
        })
        config.masking = { analyzer: { url: analyzer.url, insecureLoopback: true, deadline: '2s' } }
      },
    })
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all([server?.stop(), issuer?.close(), analyzer?.close()])
  })

  const listed = (trail: string) =>
    trail
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  async function gatescribe(line: string) {
    const surroundings = testSurroundings({ folder: gateway.folder })
    const code = await run(line.split(' '), surroundings)
    return { code, ...surroundings.printed }
  }

  it('proposes masks, shows and keeps no value, writes nothing, and stands in the trail', async () => {
    const { code, out, err } = await gatescribe('scan orders-db --schema public')
    expect(code).toBe(0)
    const { masks } = parse(out)
    expect(masks).toMatchObject([
      { name: 'orders-db-contacts', columns: ['postgres.public.customers.email'], as: 'partial', on: { resources: ['orders-db'] } },
      { name: 'orders-db-secrets', columns: ['postgres.public.customers.card'], as: 'redact' },
    ])
    expect(out).toContain('#       - "postgres.public.customers.last_name"')
    expect(out).toContain('postgres.public.secret_things.token')
    expect(err).toMatch(/^postgres: 1 of 2 {2}public\.customers {2}30 rows, 3 columns of interest$/m)
    expect(err).toContain('not looked at: 1 columns of postgres.public.secret_things: not permitted\n')

    const trail = await gatescribe('trail tail --kind scan --from 0 --json --payloads')
    const [begun, ended] = listed(trail.out)
    expect(begun).toMatchObject({ kind: 'scan.begun', fields: { resource: 'orders-db', by: 'local-operator', rows: 500, analyzer: false } })
    expect(ended).toMatchObject({
      kind: 'scan.ended',
      fields: { outcome: 'done', relations: 2, rows: 30, credentials: ['reader'], found: { email: 1, card: 1, 'name:person': 1 } },
    })
    expect(ended.payloads[0].content).toContain('postgres.public.customers.email')
    for (const said of [out, err, trail.out, gateway.log()]) {
      expect(said).not.toContain(MAIL)
      expect(said).not.toContain(CARD)
    }
    const statements = server
      .log()
      .split('\n')
      .filter((line) => line.includes('statement: /* gatescribe */'))
    const sampled = statements.filter((line) => line.includes('FROM ONLY public.customers'))
    expect(sampled).toHaveLength(1)
    expect(sampled[0]).toContain(' app@postgres ')
    expect(statements.some((line) => /INSERT|UPDATE|DELETE|CREATE/.test(line))).toBe(false)
  })

  it('asks the analyzer only where that is said, and proposes columns for what it finds; values go there and nowhere else', async () => {
    expect(analyzer.asked).toEqual([])
    const { code, out, err } = await gatescribe('scan orders-db --schema told --analyzer')
    expect(code).toBe(0)
    expect(parse(out).masks).toMatchObject([
      { as: 'partial', columns: ['postgres.told.letters.sender'] },
      { as: 'redact', columns: ['postgres.told.letters.body'] },
    ])
    expect(out).toContain('# presidio/PERSON: 20 of 20 values (100 %)')
    // The same value is asked about once.
    expect(analyzer.asked).toHaveLength(21)
    expect(analyzer.asked[0]).toMatchObject({ language: 'en', entities: ['PERSON', 'LOCATION'], score_threshold: 0.5 })
    const trail = await gatescribe('trail tail --kind scan --from 0 --json --payloads')
    const [begun, ended] = listed(trail.out).slice(-2)
    expect(begun).toMatchObject({ kind: 'scan.begun', fields: { analyzer: true } })
    expect(begun.payloads[0].content).toContain(analyzer.url)
    expect(ended.fields).toMatchObject({
      ...{ outcome: 'done', found: { 'presidio/LOCATION': 1, 'presidio/PERSON': 1 } },
      analyzer: { shown: 21, unansweredColumns: 0 },
    })
    for (const said of [out, err, trail.out, gateway.log()]) for (const value of [NAME, 'Oslo']) expect(said).not.toContain(value)
  })

  it('does as the configuration says where the analyzer gives no answer, or where there is none', async () => {
    const answers = analyzer.reply
    analyzer.reply = (_, response) => void response.writeHead(500).end()
    const failed = await gatescribe('scan orders-db --schema told --analyzer')
    expect(failed).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^GS_SCAN_ANALYZER_SILENT: /m) })
    const ended = listed((await gatescribe('trail tail --kind scan.ended --from 0 --json')).out).at(-1)
    expect(ended.fields).toMatchObject({
      outcome: 'failed',
      code: 'GS_SCAN_ANALYZER_SILENT',
      analyzer: { shown: analyzer.asked.length - 21 },
    })

    const settings = { url: analyzer.url, insecureLoopback: true }
    await gateway.reconfigure({ masking: { analyzer: { ...settings, whenSilent: 'pass' } } })
    const passed = await gatescribe('scan orders-db --schema told --analyzer')
    expect(passed).toMatchObject({ code: 0, out: expect.stringContaining('did not answer about values of 2 columns') })
    expect(passed.err).toContain('not analyzed: 20 values of postgres.told.letters.sender: refused\n')

    await gateway.reconfigure({ masking: { patterns: [{ name: 'own', pattern: 'x' }] } })
    expect(await gatescribe('scan orders-db --analyzer')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^GS_GATEWAY_NO_ANALYZER: /m),
    })
    analyzer.reply = answers
  })

  it('is accepted by the configuration as it is proposed', async () => {
    const { out } = await gatescribe('scan orders-db')
    const path = join(gateway.folder, 'with-masks.yaml')
    const config = JSON.parse(readFileSync(gateway.configPath, 'utf8'))
    writeFileSync(
      path,
      `${Object.entries(config)
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
        .join('\n')}\n${out}`,
    )
    const checked = JSON.parse((await gatescribe('check -c with-masks.yaml --json')).out)
    expect(checked.problems).toEqual([])
    expect(checked.ok).toBe(true)
  })

  it('says what it cannot look at: no such resource, one of another kind, no such database', async () => {
    expect(await gatescribe('scan nothing')).toMatchObject({ code: 4, err: expect.stringContaining('GS_GATEWAY_NO_RESOURCE') })
    expect(await gatescribe('scan tickets')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('GS_GATEWAY_NOT_SCANNED') })
    const missing = await gatescribe('scan orders-db --database not_there')
    expect(missing).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^GS_TARGET_/m) })
    const trail = await gatescribe('trail tail --kind scan.ended --from 0 --json')
    expect(JSON.parse(trail.out.trim().split('\n').at(-1)!)).toMatchObject({
      fields: { outcome: 'failed', code: expect.stringMatching(/^GS_/) },
    })
  })

  it('is one at a time, and ends with whoever asked for it', async () => {
    const ending = new AbortController()
    const lines = gateway.operator.scanResource('orders-db', {}, ending.signal)[Symbol.asyncIterator]()
    await lines.next()
    ending.abort()
    await lines.next().catch(() => undefined)
    await expect.poll(async () => (await gatescribe('scan orders-db')).code, { timeout: 10_000 }).toBe(0)
  })
})
