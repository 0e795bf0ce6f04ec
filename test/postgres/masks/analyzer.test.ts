import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run as cli } from '../../../src/cli/main.ts'
import { knowing, startAnalyzer, type TestAnalyzer } from '../../parts/analyzer.ts'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'
import { testSurroundings } from '../../parts/surroundings.ts'

const NAME = 'Canary Lovelace'

let server: RunningPostgres
let issuer: TestIssuer
let gateway: RunningGateway
let analyzer: TestAnalyzer

beforeAll(async () => {
  server = await startPostgres()
  issuer = await startIssuer()
  analyzer = await startAnalyzer()
  await server.query(`
    CREATE ROLE reports LOGIN;
    CREATE TABLE letters (id int, body text, doc jsonb, secret text);
    INSERT INTO letters SELECT n, 'Dear ' || '${NAME}' || ', ' || n, '{"to": "${NAME}"}', 'kept ${NAME}' FROM generate_series(1, 50) n;
    GRANT SELECT ON letters TO reports`)
  gateway = await startGateway({
    issuer,
    patience: 60_000,
    targets: [{ name: 'orders-db', server, user: 'reports', databases: { orders: 'postgres' } }],
    adjust(config) {
      config.masks = [
        { name: 'kept', columns: ['postgres.public.letters.secret'], as: 'redact' },
        { name: 'people', detect: ['presidio/PERSON'], as: 'redact' },
      ]
      config.masking = { analyzer: { url: analyzer.url, insecureLoopback: true, deadline: '2s' } }
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([server?.stop(), issuer?.close(), analyzer?.close()])
})

async function connected(): Promise<pg.Client> {
  const { run, password } = await gateway.credential()
  const client = new pg.Client({ host: gateway.host, port: gateway.port, user: run, password, database: 'orders' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function gatescribe(line: string) {
  const surroundings = testSurroundings({ folder: gateway.folder })
  const code = await cli(line.split(' '), surroundings)
  return { code, ...surroundings.printed }
}

it('masks rows of a whole gateway by what an analyzer says, records what was shown, and tells it nothing of columns that are masked', async () => {
  analyzer.reply = knowing({ [NAME]: 'PERSON' })
  const client = await connected()
  try {
    const rows = await client.query('SELECT * FROM letters ORDER BY id')
    expect(rows.rows).toHaveLength(50)
    expect(rows.rows[49]).toEqual({ id: 50, body: 'Dear [presidio/PERSON], 50', doc: { to: '[presidio/PERSON]' }, secret: '[masked]' })
    const bound = await client.query('SELECT body FROM letters WHERE id = $1', [7])
    expect(bound.rows).toEqual([{ body: 'Dear [presidio/PERSON], 7' }])
    const texts = analyzer.asked.map((question) => (question as { text: string }).text)
    expect(texts).toContain(NAME)
    expect(texts.some((text) => text.startsWith('kept'))).toBe(false)
    analyzer.reply = (_, response) => void response.writeHead(503).end()
    await expect(client.query('SELECT body FROM letters')).rejects.toMatchObject({
      code: '42501',
      detail: 'Refused by the gateway (GS_ANALYZER_SILENT).',
    })
    await expect(client.query('SELECT 7 AS n')).resolves.toMatchObject({ rows: [{ n: 7 }] })
  } finally {
    await client.end()
  }
  const { out } = await gatescribe('trail tail --kind operation --from 0 --json --payloads')
  expect(out).toContain('presidio/PERSON')
  expect(out).toContain('presidio/unanswered')
  const id = /"(ses_[A-Za-z0-9]+)"/.exec(out)![1]
  const shown = await gatescribe(`sessions show ${id}`)
  const replayed = await gatescribe(`replay ${id} --json`)
  expect(replayed.out).toContain('Dear [presidio/PERSON], 50')
  expect(shown.out).toContain('presidio/PERSON by people')
  expect((await gatescribe(`replay ${id}`)).out).toContain('‹[presidio/PERSON]›')
  for (const said of [out, shown.out, replayed.out, gateway.log()]) expect(said).not.toContain(NAME)
})

it('follows the configuration: what is silent may pass after a reload', async () => {
  await gateway.reconfigure({ masking: { analyzer: { url: analyzer.url, insecureLoopback: true, deadline: '2s', whenSilent: 'pass' } } })
  analyzer.reply = (_, response) => void response.writeHead(503).end()
  const client = await connected()
  try {
    expect((await client.query('SELECT body FROM letters WHERE id = 7')).rows).toEqual([{ body: `Dear ${NAME}, 7` }])
  } finally {
    await client.end()
  }
})
