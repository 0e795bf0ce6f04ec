import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'

let server: RunningPostgres
let issuer: TestIssuer
let gateway: RunningGateway

beforeAll(async () => {
  server = await startPostgres()
  issuer = await startIssuer()
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
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([server?.stop(), issuer?.close()])
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
