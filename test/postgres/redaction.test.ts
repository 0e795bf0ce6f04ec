import { spawnSync } from 'node:child_process'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { ALLOW_EVERYTHING } from '../parts/gateway-config.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { found, needs } from '../parts/require.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../parts/shop.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

// PG-29: what a job sends to its target as a secret works there, and is not in the trail.

const SECRETS = {
  role: 'Xyzzy9-Plugh4-role',
  escaped: "Xyzzy9-Plugh4'escaped",
  nested: 'Xyzzy9-Plugh4-nested',
  typo: 'Xyzzy9-Plugh4-typo',
  mapping: 'Xyzzy9-Plugh4-mapping',
  literal: 'Xyzzy9-Plugh4-literal',
  parameter: 'Xyzzy9-Plugh4-parameter',
  psql: 'Xyzzy9-Plugh4-psql',
  application: 'Xyzzy9-Plugh4-application',
}

describe('secrets that a job sends', () => {
  let shop: Shop
  let job: JobCredential
  let client: Client
  const asFar = () => `host=127.0.0.1 port=${shop.server.port} user=far dbname=${SHOP_DATABASE}`
  const logsIn = async (user: string, password: string) => {
    const there = new Client({ host: '127.0.0.1', port: shop.server.port, user, password, database: SHOP_DATABASE })
    await there.connect()
    await there.end()
  }

  beforeAll(async () => {
    shop = await openShop({
      gateway: {
        adjust: (config) => {
          config.rules = [ALLOW_EVERYTHING]
        },
      },
      postgres: { hba: [`host all ${SHOP_ROLE},far 127.0.0.1/32 scram-sha-256`] },
    })
    await shop.server.query(`ALTER ROLE ${SHOP_ROLE} CREATEROLE`)
    const database = { database: SHOP_DATABASE, user: 'postgres' }
    await shop.server.queryIn(database, 'CREATE EXTENSION dblink; CREATE EXTENSION postgres_fdw; CREATE EXTENSION pgcrypto')
    await shop.server.queryIn(
      database,
      `CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw; GRANT USAGE ON FOREIGN SERVER away TO ${SHOP_ROLE}`,
    )
    job = await shop.gateway.credential()
    client = new Client({ ...shop.clientOf(job), application_name: `tool password=${SECRETS.application}` })
    await client.connect()
  })
  afterAll(async () => {
    await client?.end()
    await shop?.close()
  })

  it('do at the target what they are for', async () => {
    await client.query(`CREATE ROLE far LOGIN PASSWORD '${SECRETS.role}'`)
    await logsIn('far', SECRETS.role)
    await client.query(`ALTER ROLE far PASSWORD E'${SECRETS.escaped.replace("'", "\\'")}'`)
    await logsIn('far', SECRETS.escaped)
    await client.query(`DO $do$ BEGIN EXECUTE 'ALTER ROLE far PASSWORD ''${SECRETS.nested}'''; END $do$`)
    await logsIn('far', SECRETS.nested)
    await client.query(`SELECT dblink_connect('literal', '${asFar()} password=${SECRETS.nested}')`)
    await client.query("SELECT dblink_connect('parameter', $1)", [`${asFar()} password=${SECRETS.nested}`])
    await client.query(`CREATE USER MAPPING FOR CURRENT_USER SERVER away OPTIONS (user 'far', password '${SECRETS.mapping}')`)
    const [mapping] = await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, 'SELECT umoptions FROM pg_user_mappings')
    expect(mapping?.umoptions).toContain(`password=${SECRETS.mapping}`)
    await client.query('CREATE TABLE users (name text, password text)')
    await client.query(`INSERT INTO users (name, password) VALUES ('bob', '${SECRETS.literal}')`)
    await client.query('INSERT INTO users (name, password) VALUES ($1, $2)', ['ann', SECRETS.parameter])
    await client.query(`INSERT INTO users VALUES ('run', '${job.password}')`)
    await client.query('SELECT * FROM users WHERE name = $1', [job.password])
    const { rows } = await client.query('SELECT password FROM users ORDER BY name')
    expect(rows.map(({ password }) => password)).toEqual([SECRETS.parameter, SECRETS.literal, job.password])
    // What the server refuses holds its secret all the same.
    await expect(client.query(`ALTER ROLE far PASSWORD "${SECRETS.typo}"`)).rejects.toMatchObject({ code: '42601' })
    await expect(client.query(`ALTER ROLE far PASSWORD '${SECRETS.typo}`)).rejects.toMatchObject({ code: '42601' })
  })

  it('do so from psql, which sends what it is given', (test) => {
    const psql = found('psql')
    needs(test, psql, 'psql (Debian: postgresql-client)')
    const { host, port, user, password, database } = shop.clientOf(job)
    const { status, stderr } = spawnSync(psql, ['-X', '-v', 'ON_ERROR_STOP=1', '-c', `ALTER ROLE far PASSWORD '${SECRETS.psql}'`], {
      env: { PATH: process.env.PATH, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database },
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return logsIn('far', SECRETS.psql)
  })

  it('are in no entry and no payload', async () => {
    const entries = await readTrail(shop.gateway.operator)
    const text = entries.map(wholeOf).join('\n')
    // The trail is there, and its payloads were opened.
    expect(operationsOf(entries).filter(({ statement }) => statement.startsWith('CREATE ROLE far'))).toHaveLength(1)
    for (const [what, secret] of Object.entries({ ...SECRETS, credential: job.password, handle: job.handle })) {
      for (let at = 0; at + 8 <= secret.length; at++) {
        const piece = secret.slice(at, at + 8)
        // The names in the list above tell the secrets apart; what they have in common is looked for as well.
        expect(`${what}: ${piece} ${text.includes(piece) && !isOurOwnWord(piece)}`).toBe(`${what}: ${piece} false`)
      }
    }
  })

  it('leave statements that can be read, and entries that say what was taken out', async () => {
    const entries = await readTrail(shop.gateway.operator)
    const statements = operationsOf(entries).map(({ statement }) => statement)
    expect(statements).toEqual(
      expect.arrayContaining([
        "CREATE ROLE far LOGIN PASSWORD '«redacted:password»'",
        "DO $do$ BEGIN EXECUTE 'ALTER ROLE far PASSWORD ''«redacted:password»'''; END $do$",
        `SELECT dblink_connect('literal', '${asFar()} password=«redacted:password»')`,
        "INSERT INTO users (name, password) VALUES ('bob', '«redacted:password»')",
        'INSERT INTO users (name, password) VALUES ($1, $2)',
        "INSERT INTO users VALUES ('run', '«redacted:pg-credential»')",
        '«redacted:statement»',
      ]),
    )
    const said = entries.flatMap(({ fields }) => (fields.redacted ?? []) as [string, string, number][])
    expect(new Set(said.map(([, kind]) => kind))).toEqual(new Set(['password', 'parameter', 'pg-credential', 'statement']))
    const parameters = entries.flatMap(({ payloads = [] }) => payloads).filter(({ name }) => name.startsWith('parameters.'))
    expect(parameters.filter((payload) => contentOf(payload).includes('«redacted:parameter»'))).toHaveLength(2)
    expect(parameters.filter((payload) => contentOf(payload).includes('ann'))).toHaveLength(1)
  })

  it('are told of where they are credentials of ours', async () => {
    // The target says one of them back, in a result, whose recording is in the trail a second later.
    const isShown = ({ fields }: EntryAnswer) => String(fields.in).startsWith('recording.')
    const leaked = async () => (await readTrail(shop.gateway.operator)).filter(({ kind }) => kind === 'credential.leaked')
    await expect.poll(async () => (await leaked()).filter(isShown).length, { timeout: 5_000 }).toBe(1)
    const entries = await readTrail(shop.gateway.operator)
    const told = entries.filter(({ kind }) => kind === 'credential.leaked')
    expect(told.filter(isShown).map(({ fields }) => fields.credential)).toEqual(['pg'])
    const leaks = told.filter((each) => !isShown(each))
    expect(leaks.map(({ fields }) => fields.credential)).toEqual(['pg', 'pg'])
    expect(leaks.map(({ fields }) => String(fields.in).split('.')[0])).toEqual(['statement', 'parameters'])
    for (const { fields } of leaks)
      expect(entries.some(({ kind, fields: { session } }) => kind === 'session.open' && session === fields.session)).toBe(true)
  })
})

type Payload = NonNullable<EntryAnswer['payloads']>[number]

function contentOf(payload: Payload): string {
  return 'encoding' in payload && payload.encoding === 'base64' ? Buffer.from(payload.content, 'base64').toString() : payload.content
}

function wholeOf({ kind, fields, payloads = [] }: EntryAnswer): string {
  return [kind, JSON.stringify(fields), ...payloads.map(contentOf)].join('\n')
}

/** Pieces of a secret that are words of the statements around it. */
function isOurOwnWord(piece: string): boolean {
  return ['password', 'application', 'parameter'].some((word) => word.includes(piece))
}
