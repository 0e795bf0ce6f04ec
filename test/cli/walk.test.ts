import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { AUDIENCE } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { testSurroundings } from '../parts/surroundings.ts'

/** What differs from one run to the next is left out: places, times, ids, and names of rules. */
const shape = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/^ *\d+ {2}[-0-9:.TZ]+/, 'N AT')
        .replace(/ses_\w+/, 'ses_')
        .replace(/\([\w-]+\)/, '(rule)')
        .replace(/sha256:[0-9a-f]+…?/, 'sha256:')
        .replaceAll(/\d+ bytes|[\d.]+ ms/g, 'some'),
    )

/** Every command as an operator and a job would use it, against a whole gateway, a real PostgreSQL and a real issuer. */
describe('the commands against a whole gateway', () => {
  let server: RunningPostgres
  let issuer: TestIssuer
  let gateway: RunningGateway

  beforeAll(async () => {
    server = await startPostgres()
    issuer = await startIssuer()
    await server.query('CREATE ROLE app LOGIN CREATEROLE')
    // Before the gateway begins, which reads now and then what there is.
    await server.query('CREATE TABLE public.orders (id integer)')
    await server.query('GRANT SELECT ON public.orders TO app')
    gateway = await startGateway({
      issuer,
      targets: [{ name: 'orders-db', server, user: 'app', databases: { 'orders-prod': 'postgres' } }],
    })
    writeFileSync(join(gateway.folder, 'ca.pem'), gateway.ca)
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all([server?.stop(), issuer?.close()])
  })

  async function gatescribe(line: string, env: Record<string, string> = {}) {
    const surroundings = testSurroundings({ folder: gateway.folder, env })
    const code = await run(line.split(' '), surroundings)
    return { code, ...surroundings.printed }
  }

  /** `gatescribe token`, with the token of a CI run. */
  async function token(runId: string, how = '') {
    const env = { GATESCRIBE_ID_TOKEN: await issuer.mint({ aud: AUDIENCE, run_id: runId }) }
    return gatescribe(`token --gateway https://localhost:${gateway.tokenPort} --ca ca.pem${how}`, env)
  }

  async function connect(environment: Record<string, string>): Promise<Client> {
    const { PGPORT, PGUSER, PGPASSWORD } = environment
    const client = new Client({
      host: 'localhost',
      port: Number(PGPORT),
      user: PGUSER,
      password: PGPASSWORD,
      database: 'orders-prod',
      ssl: { ca: gateway.ca },
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  it('gives a job its environment, shows what it does, and ends it', async () => {
    const { code, out } = await token('101', ' --json')
    expect(code).toBe(0)
    const { run: runId, environment } = JSON.parse(out)
    const client = await connect(environment)
    await client.query('SELECT 42 AS answer')

    expect((await gatescribe('runs ls')).out).toMatch(new RegExp(`${runId} +live +1 `))
    const [session] = JSON.parse((await gatescribe(`sessions ls --json --run ${runId}`)).out).sessions
    expect(session).toMatchObject({ resource: 'orders-db', operations: 1, client: { tls: true } })
    const trail = await gatescribe(`trail tail --run ${runId} --kind operation --payloads`)
    expect(trail.out).toMatch(/operation\.intent .*allow \(reports-may\)/)
    expect(trail.out).toContain('      SELECT 42 AS answer\n')

    expect((await gatescribe(`sessions kill ${session.id}`)).code).toBe(0)
    await expect(client.query('SELECT 1')).rejects.toThrow()
    expect((await gatescribe(`runs revoke ${runId}`)).code).toBe(0)
    await expect(connect(environment)).rejects.toThrow()
    const again = await token('101')
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^GS_RUNS_OVER: .+\nnext: .+/) })
  })

  it('shows what happened as docs/start.md does', async () => {
    const { run: runId, environment } = JSON.parse((await token('150', ' --json')).out)
    const client = await connect(environment)
    await client.query('select count(*) from orders')
    await client.end()
    const { out } = await gatescribe(`trail tail --run ${runId} --kind operation --payloads`)
    const page = readFileSync(join(import.meta.dirname, '../../docs/start.md'), 'utf8')
    const [, shown = ''] = /\$ gatescribe trail tail --kind operation --payloads\n(.*?)```/s.exec(page) ?? []
    expect(shape(out)).toEqual(shape(shown))
  })

  it('writes the environment to a file that only its owner can read, and prints no secret then', async () => {
    const { code, out, err } = await token('102', ' --write-env job.env')
    const path = join(gateway.folder, 'job.env')
    expect(code).toBe(0)
    expect(out + err).not.toContain('gs_')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const environment = Object.fromEntries(
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split('=')),
    )
    const client = await connect(environment)
    await client.end()
  })

  it('tells a token for somebody else from a gateway that cannot be trusted', async () => {
    const env = { GATESCRIBE_ID_TOKEN: await issuer.mint({ aud: 'https://elsewhere.example.org' }) }
    const line = `token --gateway https://localhost:${gateway.tokenPort}`
    expect((await gatescribe(`${line} --ca ca.pem`, env)).err).toMatch(/^GS_IDENTITY_/)
    expect((await gatescribe(line, env)).err).toMatch(/^GS_TOKEN_DOOR_UNREACHABLE/)
    expect((await gatescribe(line)).err).toMatch(/^GS_LAUNCH_NO_IDENTITY/)
  })

  it('finds what is doubtful: the role that the gateway logs in with', async () => {
    const findings = (await gatescribe('doctor --json')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(findings).toContainEqual(
      expect.objectContaining({ subject: 'resource orders-db', level: 'warn', found: 'Its role app has CREATEROLE.' }),
    )
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([])
  })

  it('seals secrets while the gateway runs, and while it does not', async () => {
    writeFileSync(join(gateway.folder, 'secret.txt'), 'correct horse battery staple\n')
    expect((await gatescribe('secret set one --from-file secret.txt')).out).toContain('version 1')
    await gateway.stop()
    expect((await gatescribe('secret set one --from-file secret.txt')).out).toContain('version 2')
    expect(await gatescribe('runs ls')).toMatchObject({ code: 3 })
    gateway = await gateway.again()
    expect((await gatescribe('secret ls')).out).toMatch(/^one +2 /m)
    expect((await gatescribe('trail tail --kind secret.changed')).out.trim().split('\n')).toHaveLength(2)
  })
})
