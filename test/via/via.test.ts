import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { type ConnectorOptions, parseAllowed, type RunningConnector, startConnector } from '../../src/connector/target/index.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { AUDIENCE, JOB_GROUP } from '../parts/gateway-config.ts'
import { soon } from '../parts/https-door.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { readTrail } from '../parts/recorded.ts'
import { issueTestCertificates } from '../parts/test-certificates.ts'

/** Of tokens that enrol: jobs have another one. */
const ENROLS = 'https://gateway.test/connectors'
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

let folder: string
let issuer: TestIssuer
let postgres: RunningPostgres
let cluster: Server
let gateway: RunningGateway
let door: URL
let made = 0
const connectors: RunningConnector[] = []
const clients: Client[] = []
const targets = () => [`127.0.0.1:${postgres.port}`, `127.0.0.1:${(cluster.address() as AddressInfo).port}`]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-via-'))
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return `file:${join(folder, name)}`
  }
  const certificates = await issueTestCertificates()
  const { certificate: cert, key } = certificates.server
  cluster = createServer({ cert, key }, (asked, response) => {
    response.setHeader('content-type', 'application/json')
    if (!asked.url?.includes('watch'))
      return void response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] }))
    // One event now; the rest never.
    response.write(
      `${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: '1' } } })}\n`,
    )
  })
  await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve))
  ;[issuer, postgres] = await Promise.all([startIssuer(), startPostgres({ tls: true })])
  await postgres.query('CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 100) n')
  gateway = await startGateway({
    issuer,
    targets: [{ name: 'orders', server: postgres, user: 'postgres', databases: { orders: 'postgres' }, encrypted: true }],
    adjust(config) {
      config.gateway.drain = '2s'
      config.gateway.listen = { postgres: '127.0.0.1:0', https: '127.0.0.1:0', token: '127.0.0.1:0', connectors: '127.0.0.1:0' }
      const [orders] = config.resources
      const elsewhere = { name: 'elsewhere', aliases: ['elsewhere'], databases: { elsewhere: 'postgres' } }
      const pods = {
        ...{ name: 'cluster', kind: 'kubernetes', address: `https://${targets()[1]}`, via: 'plant-a' },
        tls: { ca: file('ca.pem', certificates.ca), serverName: 'localhost' },
        credentials: [{ as: 'robot', token: file('token', 'tok-5f1e2d3c4b') }],
      }
      config.resources = [{ ...orders, via: 'plant-a' }, { ...orders, ...elsewhere, address: '127.0.0.1:1', via: 'plant-a' }, pods]
      config.rules = [
        {
          name: 'all',
          effect: 'allow',
          who: { groups: [JOB_GROUP] },
          do: ['postgres.*', 'postgres.backend', 'postgres.statistics', 'kubernetes.*'],
        },
      ]
      const workload = { issuer: 'github', audience: ENROLS, accept: { repository_id: '987654', event_name: 'push' } }
      Object.assign(config, { connectors: [{ name: 'plant-a', workload }, { name: 'plant-b' }] })
    },
  })
  door = new URL(`https://localhost:${(await gateway.operator.status()).listening.connectors!.split(':').at(-1)}`)
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined)
  for (const connector of connectors.splice(0)) await connector.stop()
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([issuer?.close(), postgres?.stop()])
  cluster?.closeAllConnections()
  await new Promise((resolve) => (cluster ? cluster.close(resolve) : resolve(undefined)))
  rmSync(folder, { recursive: true, force: true })
})

/** A connector in this process; it is up, or refused for good. */
async function connect(options: Partial<ConnectorOptions> = {}, allow = targets()): Promise<RunningConnector> {
  made += 1
  const { token } = options.workloadToken ? { token: undefined } : await gateway.operator.enrolConnector({ name: 'plant-a' })
  const connector = await startConnector({
    ...{ gateway: door, ca: gateway.ca, data: join(folder, `connector-${made}`), version: '0.0.0-test', log: silent },
    ...{ allow: allow.map(parseAllowed), ...(token !== undefined && { token }), ...options },
  })
  connectors.push(connector)
  return connector
}

const up = async (options?: Partial<ConnectorOptions>, allow?: readonly string[]): Promise<RunningConnector> => {
  const connector = await connect(options, allow as string[] | undefined)
  await soon(() => connector.state().phase).toBe('up')
  return connector
}

async function client(database: string, change: ClientConfig = {}): Promise<Client> {
  const { run, password } = await gateway.credential()
  const { host, port } = gateway
  const made = new Client({ host, port, user: run, password, database, ...change })
  made.on('error', () => undefined)
  clients.push(made)
  await made.connect()
  return made
}

/** Of the resource `cluster`, as a run may reach it. */
async function ask(
  path: string,
): Promise<{ readonly status: number; readonly answer: IncomingMessage; readonly text: () => Promise<string> }> {
  const { planes } = await gateway.credential()
  const { credential, resources } = planes.kubernetes!
  const url = new URL(resources.find(({ name }) => name === 'cluster')!.url)
  const headers = { authorization: `Bearer ${credential}`, host: url.host }
  const sent = request({
    host: '127.0.0.1',
    port: url.port,
    servername: 'localhost',
    ca: gateway.ca,
    path: url.pathname + path,
    headers,
    agent: false,
  })
  const answer = await new Promise<IncomingMessage>((resolve, reject) => sent.once('error', reject).once('response', resolve).end())
  return { status: answer.statusCode!, answer, text: async () => Buffer.concat(await answer.toArray()).toString() }
}

async function entries(of: (entry: EntryAnswer) => boolean = () => true): Promise<readonly EntryAnswer[]> {
  return (await readTrail(gateway.operator)).filter(of)
}
const kinds = (all: readonly EntryAnswer[]) => all.map(({ kind }) => kind)

describe('through a connector', () => {
  it('a database answers with TLS that ends in the gateway, and the stream is in the log before what went over it', async () => {
    const connector = await up()
    const asked = await client('orders')
    const { rows } = await asked.query(
      'SELECT count(*)::int AS n, (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS ssl FROM orders',
    )
    expect(rows).toEqual([{ n: 100, ssl: true }])
    await asked.end()
    const { id } = connector.state()
    await soon(async () => kinds(await entries(({ fields }) => fields.connector === id))).toContain('connector.stream.end')
    const all = await entries()
    const stream = all.find(({ kind, fields }) => kind === 'connector.stream' && fields.connector === id && fields.session !== undefined)!
    const intent = all.find(({ kind, fields }) => kind === 'operation.intent' && fields.session === stream.fields.session)!
    expect(stream.fields).toMatchObject({ name: 'plant-a', resource: 'orders' })
    expect(stream.index).toBeLessThan(intent.index)
    expect(stream.payloads).toMatchObject([{ name: 'target', content: targets()[0] }])
    const about = all.filter(({ kind, fields }) => kind !== 'connector.stream' && fields.connector === id)
    expect(kinds(about).slice(0, 2)).toEqual(['connector.enrolled', 'connector.up'])
    const end = about.find(({ kind, fields }) => kind === 'connector.stream.end' && fields.stream === stream.fields.stream)!
    expect(end.fields).toMatchObject({ resource: 'orders', session: stream.fields.session, why: expect.any(String) })
    expect(Number(end.fields.bytesIn)).toBeGreaterThan(100)
  })

  it('a statement is cancelled, and a large result is whole', async () => {
    await up()
    const asked = await client('orders')
    const { rows } = await asked.query("SELECT repeat('x', 1000) AS x FROM generate_series(1, 20000)")
    expect(rows.every(({ x }) => x.length === 1000) && rows.length).toBe(20_000)
    const sleeping = asked.query('SELECT pg_sleep(60)')
    await sleep(200)
    const { processID, secretKey } = asked as unknown as { processID: number; secretKey: number }
    const cancelling = new Client({ host: gateway.host, port: gateway.port }) as unknown as {
      connection: {
        connect(port: number, host: string): void
        once(name: string, then: () => void): void
        cancel(pid: number, key: number): void
      }
    }
    cancelling.connection.once('connect', () => cancelling.connection.cancel(processID, secretKey))
    cancelling.connection.connect(gateway.port, gateway.host)
    await expect(sleeping).rejects.toMatchObject({ code: '57014' })
  })

  it('a cluster answers, and its answer goes on', async () => {
    await up()
    const listed = await ask('/api/v1/namespaces/default/pods')
    expect([listed.status, JSON.parse(await listed.text())]).toMatchObject([200, { kind: 'PodList' }])
    const watched = await ask('/api/v1/namespaces/default/pods?watch=true')
    const [event] = (await new Promise((resolve) => watched.answer.once('data', (chunk: Buffer) => resolve([chunk])))) as [Buffer]
    expect(JSON.parse(event.toString())).toMatchObject({ type: 'BOOKMARK' })
    watched.answer.destroy()
  })

  it('the gateway itself reads what names mean, and samples what a scan is for', async () => {
    await up()
    const lines = []
    for await (const line of gateway.operator.scanResource('orders', {}, new AbortController().signal)) lines.push(line)
    expect(lines.at(-1)).toMatchObject({ report: { resource: 'orders', relations: 1 } })
    const own = await entries(
      ({ kind, fields }) => kind === 'connector.stream' && fields.resource === 'orders' && fields.session === undefined,
    )
    expect(own.length).toBeGreaterThan(0)
    const read = await entries(({ kind, fields }) => kind === 'catalog.outcome' && fields.resource === 'orders')
    expect(read.at(-1)!.fields.outcome).toBe('read')
  })

  it('doctor logs in, and finds nothing broken', async () => {
    await up()
    const findings = []
    for await (const finding of gateway.operator.doctor(new AbortController().signal)) findings.push(finding)
    const about = JSON.stringify(findings.filter((finding) => JSON.stringify(finding).includes('orders')))
    expect(about).not.toMatch(/GS_TARGET_|GS_CONNECTOR_/)
  })
})

describe('without a way there', () => {
  it('a client is told that the connector may not open the target, and what to do', async () => {
    await up()
    const told = { code: '08004', detail: 'GS_CONNECTOR_TARGET_NOT_ALLOWED', hint: expect.stringContaining('allow-list') }
    await expect(client('elsewhere')).rejects.toMatchObject(told)
  })

  it('one whose target is not there is told that', async () => {
    await up({}, [...targets(), '127.0.0.1:1'])
    await expect(client('elsewhere')).rejects.toMatchObject({ code: '08001', detail: 'GS_CONNECTOR_TARGET_UNREACHABLE' })
  })

  it('a request is answered 503 and when to come back, and has not happened', async () => {
    const { status, answer, text } = await ask('/api/v1/namespaces/default/pods')
    expect([status, answer.headers['retry-after']]).toEqual([503, '1'])
    expect(await text()).toContain('GS_CONNECTOR_ABSENT')
    const outcome = async () => (await entries(({ kind }) => kind === 'operation.outcome')).at(-1)!
    await soon(async () => JSON.stringify((await outcome()).fields.outcomes)).toMatch(/^\[\[1,"failed"/)
  })
})

describe('a workload identity', () => {
  const tokens = (claims: object) => ({ name: 'plant-a', workloadToken: () => issuer.mint({ aud: ENROLS, ...claims }) })

  it('enrols where its claims are those of the configuration, under no name of its own', async () => {
    const connector = await up(tokens({}))
    const [enrolled] = await entries(({ kind, fields }) => kind === 'connector.enrolled' && fields.connector === connector.state().id)
    expect(enrolled!.fields).toMatchObject({ enrolledBy: 'workload', issuer: 'github', subject: expect.stringMatching(/^[\w-]+$/) })
    expect(JSON.stringify(enrolled!.fields)).not.toContain('acme/reports')
  })

  it.each([
    ['the token of a job', { aud: AUDIENCE }],
    ['of another repository', { repository_id: '1' }],
    ['of an event that strangers can trigger', { event_name: 'pull_request' }],
  ])('does not with %s, and that is in the log', async (_, claims) => {
    const connector = await connect(tokens(claims))
    await soon(() => connector.state().lastError?.code).toBe('GS_CONNECTOR_WORKLOAD_REFUSED')
    const refused = await entries(({ kind }) => kind === 'connector.refused')
    expect(refused.map(({ fields }) => fields.code)).toContain('GS_CONNECTOR_WORKLOAD_REFUSED')
    expect(connector.state().phase).not.toBe('up')
  })

  it('is out as soon as the configuration accepts it no more, and back once it does', async () => {
    const connector = await up(tokens({}))
    const { id } = connector.state()
    const { connectors: before } = gateway.config as unknown as { connectors: { workload?: object }[] }
    const accept = { repository_id: '1', event_name: 'push' }
    await gateway.reconfigure({
      connectors: before.map((each) => (each.workload ? { ...each, workload: { ...each.workload, accept } } : each)),
    } as never)
    await soon(() => connector.state().lastError?.code).toBe('GS_CONNECTOR_WORKLOAD_REFUSED')
    const said = (await entries(({ fields }) => fields.connector === id)).map(({ kind, fields }) => [kind, fields.why ?? fields.code])
    expect(said).toContainEqual(['connector.down', 'workload'])
    expect(said).toContainEqual(['connector.refused', 'GS_CONNECTOR_WORKLOAD_CHANGED'])
    await gateway.reconfigure({ connectors: before } as never)
    await soon(() => connector.state().phase).toBe('up')
  })
})

describe('what is live', () => {
  it('is cut when its connector is revoked, and new sessions are refused', async () => {
    const connector = await up()
    const asked = await client('orders')
    const { id } = connector.state()
    await gateway.operator.revokeConnector(id, 'lost')
    await expect(asked.query('SELECT 1')).rejects.toThrow()
    await expect(client('orders')).rejects.toMatchObject({ code: '57P03', detail: 'GS_CONNECTOR_ABSENT' })
    expect(kinds(await entries(({ fields }) => fields.connector === id))).toEqual(
      expect.arrayContaining(['connector.down', 'connector.revoked']),
    )
  })

  it('goes on as connectors are added, and ends where the resource stands elsewhere now', async () => {
    await up()
    const asked = await client('orders')
    const written = gateway.config as unknown as { connectors: object[]; resources: Record<string, unknown>[] }
    const { connectors, resources } = { ...written }
    await gateway.reconfigure({ connectors: [...connectors, { name: 'plant-c' }] } as never)
    expect((await asked.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await gateway.reconfigure({
      resources: resources.map((each) => (each.name === 'orders' ? { ...each, via: undefined } : each)),
    } as never)
    await expect(asked.query('SELECT 1')).rejects.toThrow()
    expect((await (await client('orders')).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await gateway.reconfigure({ resources } as never)
    await expect(gateway.reconfigure({ connectors: [{ name: 'plant-b' }] } as never)).rejects.toThrow()
    await gateway.reconfigure({ connectors } as never)
  })

  it('goes on while the gateway drains, and the log says how everything ended', async () => {
    const { id } = (await up()).state()
    const asked = await client('orders')
    const answer = asked.query("SELECT 'done' AS word, pg_sleep(1)")
    await sleep(200)
    const [code] = await Promise.all([gateway.stop(), answer.finally(() => asked.end())])
    expect([code, (await answer).rows[0].word]).toEqual([0, 'done'])
    gateway = await gateway.again()
    const all = await entries()
    const ends = all.filter(({ kind, fields }) => fields.connector === id && /end|down/.test(kind))
    expect(ends.map(({ kind, fields }) => [kind, fields.why]).at(-1)).toEqual(['connector.down', 'stopping'])
    const streams = (kind: string) =>
      all.filter((each) => each.kind === kind && each.fields.connector === id).map(({ fields }) => fields.stream)
    expect(streams('connector.stream.end').sort()).toEqual(streams('connector.stream').sort())
    expect(all.find(({ kind, index }) => kind === 'gateway.stop' && index > ends.at(-1)!.index)).toBeDefined()
  })
})
