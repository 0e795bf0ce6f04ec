import { afterAll, beforeAll, expect, it } from 'vitest'
import { knowing, startAnalyzer, type TestAnalyzer } from '../../parts/analyzer.ts'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'

let server: RunningPostgres
let issuer: TestIssuer
let gateway: RunningGateway
let analyzer: TestAnalyzer

beforeAll(async () => {
  server = await startPostgres()
  issuer = await startIssuer()
  analyzer = await startAnalyzer(knowing({ 'Ada Lovelace': 'PERSON' }))
  await server.query('CREATE ROLE reports LOGIN; CREATE TABLE customers (id int, email text)')
  const mask = (name: string, ...columns: readonly string[]) => ({ name, columns, as: 'redact' })
  gateway = await startGateway({
    issuer,
    targets: [{ name: 'orders-db', server, user: 'reports', databases: { orders: 'postgres' } }],
    adjust(config) {
      config.masks = [
        mask('there', 'postgres.public.customers.email', 'postgres.public.customers.*'),
        mask('mistyped', 'postgres.public.customers.email', 'postgres.public.customers.mail'),
        mask('elsewhere', 'nowhere.public.customers.email'),
        { name: 'cards', detect: ['card'], as: 'redact' },
      ]
      config.masking = { analyzer: { url: analyzer.url, insecureLoopback: true, deadline: '1s' } }
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([server?.stop(), issuer?.close(), analyzer?.close()])
})

it('says of each mask whether its columns are there', async () => {
  const findings = []
  for await (const finding of gateway.operator.doctor(new AbortController().signal)) findings.push(finding)
  expect(findings.filter(({ subject }) => subject.startsWith('mask '))).toMatchObject([
    { subject: 'mask there', level: 'ok' },
    { subject: 'mask mistyped', level: 'fail', found: expect.stringContaining('There is no postgres.public.customers.mail:') },
    { subject: 'mask elsewhere', level: 'warn', found: expect.stringContaining('nowhere.public.customers.email') },
  ])
})

it('asks the analyzer something that is nobody’s, and says what comes of it', async () => {
  const analyzerSays = async () => {
    for await (const finding of gateway.operator.doctor(new AbortController().signal)) if (finding.subject === 'analyzer') return finding
    return undefined
  }
  expect(await analyzerSays()).toMatchObject({ level: 'ok' })
  expect(analyzer.asked.at(-1)).toMatchObject({ text: 'Ada Lovelace lived in London.', entities: ['PERSON'] })
  analyzer.reply = (_, response) => void response.end('[]')
  expect(await analyzerSays()).toMatchObject({ level: 'warn' })
  analyzer.reply = (_, response) => void response.writeHead(503).end()
  expect(await analyzerSays()).toMatchObject({ level: 'fail', next: expect.stringContaining('is not shown') })
})
