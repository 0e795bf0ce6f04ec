import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { run } from '../../src/cli/main.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import type { WrittenConfig } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { testSurroundings } from '../parts/surroundings.ts'

let server: RunningPostgres
let issuer: TestIssuer
let gateway: RunningGateway

beforeAll(async () => {
  server = await startPostgres()
  issuer = await startIssuer()
  await server.query(`CREATE ROLE app LOGIN; CREATE TABLE customers (id int, email text); GRANT SELECT ON customers TO app;
    INSERT INTO customers SELECT n, 'canary' || n || '@example.org' FROM generate_series(1, 20) n`)
  gateway = await startGateway({ issuer, targets: [{ name: 'orders-db', server, user: 'app', databases: { orders: 'postgres' } }] })
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([server?.stop(), issuer?.close()])
})

async function gatescribe(line: string) {
  const surroundings = testSurroundings({ folder: gateway.folder })
  const code = await run(line.split(' '), surroundings)
  return { code, ...surroundings.printed }
}

it('what a scan proposed masks what returns, and a replay marks it and has nothing else', async () => {
  const { masks } = parse((await gatescribe('scan orders-db')).out)
  await gateway.reconfigure({ masks } as Partial<WrittenConfig>)
  const { run: user, password } = await gateway.credential()
  const client = new Client({ host: 'localhost', port: gateway.port, user, password, database: 'orders', ssl: { ca: gateway.ca } })
  await client.connect()
  const { rows } = await client.query('SELECT id, email FROM customers ORDER BY id LIMIT 2')
  const refused = await client.query("SELECT id FROM customers WHERE email LIKE 'canary1%'").catch((error: Error) => error)
  await client.end()
  expect(JSON.stringify(rows)).not.toContain('canary')
  expect(refused).toBeInstanceOf(Error)

  const ended = async () => JSON.parse((await gatescribe('sessions ls --ended --json')).out).sessions[0]
  while ((await ended())?.state !== 'ended') await sleep(50)
  const { id } = await ended()
  const { out } = await gatescribe(`replay ${id}`)
  expect(out).toContain('masked: ‹email› by orders-db-contacts')
  expect(out).toContain(`1 │ ‹${rows[0].email}›`)
  expect(out).toMatch(/completed, 2 rows, .* masked: 2 × .*customers\.email by orders-db-contacts/)
  expect(out).toMatch(/deny \(mask:orders-db-contacts\) {2}refused/)
  const answers = out.split('\n').filter((line) => !line.includes('WHERE email'))
  expect(answers.join('\n')).not.toContain('canary')
})
