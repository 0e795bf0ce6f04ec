import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Ran, type RunOptions, runCommand } from '../parts/command.ts'
import { writtenKubeconfig } from '../parts/kubeconfig.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { readTrail } from '../parts/recorded.ts'
import { found, needs } from '../parts/require.ts'
import type { RunningConnector } from './connector-process.ts'
import { countInMemory } from './memory.ts'
import { expectUnreachable, isOnOwnNetwork, needsOwnNetwork } from './own-network.ts'
import { DATABASE, NAME, PASSWORD, POD, POSTGRES, startWorld, type World } from './world.ts'

const hasCluster = kubernetesBinaries() !== undefined
/** Nothing listens there, and nothing leads there. */
const CLOSED = 'orders.internal:9'
const OTHER = 'payroll.internal:5432'

let world: World
let connector: RunningConnector

beforeEach(needsOwnNetwork)
beforeAll(async () => {
  if (!isOnOwnNetwork()) return
  world = await startWorld({
    wanted: { postgres: POSTGRES, model: true, ...(hasCluster && { cluster: { pod: POD } }) },
    adjust(config) {
      const orders = config.resources[0]!
      for (const [name, address] of Object.entries({ closed: CLOSED, other: OTHER })) {
        config.resources.push({ ...orders, name, address, aliases: [name], databases: { [name]: name } })
      }
    },
  })
  const allowed = world.places.flatMap(([name, port]) => (name.includes('internal') || name.includes('svc') ? [`${name}:${port}`] : []))
  connector = await world.connector({ allow: [...allowed, CLOSED] })
})
afterAll(async () => {
  await connector?.remove()
  await world?.remove()
})

async function psql(words: readonly string[], { database = DATABASE, ...options }: RunOptions & { database?: string } = {}): Promise<Ran> {
  const { host, port, user, password } = world.clientOf(await world.gateway.credential())
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database, PGSSLMODE: 'disable' }
  return runCommand('psql', ['-XAtq', ...words], { ...options, env })
}

async function kubectl(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { planes } = await world.gateway.credential()
  const { credential, resources } = planes.kubernetes!
  const { url } = resources.find(({ name }) => name === 'cluster')!
  const path = join(world.gateway.folder, 'kubeconfig')
  writeFileSync(path, writtenKubeconfig({ server: url, ca: world.gateway.ca, user: { token: credential } }), { mode: 0o600 })
  return runCommand(kubernetesBinaries()!.kubectl, words, {
    ...options,
    env: { KUBECONFIG: path, HOME: world.gateway.folder, ...options.env },
  })
}

/** The SDK of a provider of models, in a run of its own. */
async function client(): Promise<OpenAI> {
  const { credential, resources, host } = (await world.gateway.credential()).planes.model!
  const dispatcher = new Agent({
    connect: { ca: world.gateway.ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  return new OpenAI({
    ...{ baseURL: resources.find(({ name }) => name === 'model')!.url, apiKey: credential, maxRetries: 0 },
    fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher } as never)) as never,
  })
}
const QUESTION = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'How many orders are late?' }] }

describe('behind a connector', () => {
  it('the gateway cannot open a connection to any of the targets', () => expectUnreachable(world.gateway.pid, world.places))

  describe('psql', () => {
    beforeEach((test) => needs(test, found('psql'), 'psql (Debian: postgresql-client)'))

    it('asks a database that sees the connector, and TLS that does not end there', async () => {
      const asked = await psql(['-c', 'SELECT inet_client_addr(), ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'])
      expect(asked).toMatchObject({ status: 0, stdout: `${connector.host.address('private')}|t|TLSv1.3\n` })
    })

    it('reads a large result and writes one, whole', async () => {
      const words = ['CREATE TABLE numbers AS SELECT n, md5(n::text) AS sum FROM generate_series(1, 200000) n']
      expect(await psql(['-c', words[0]!])).toMatchObject({ status: 0, stderr: '' })
      const read = await psql(['-c', 'COPY numbers TO STDOUT'])
      expect(read.stdout.length).toBeGreaterThan(7_000_000)
      const input = `CREATE TABLE copied (LIKE numbers);\nCOPY copied FROM STDIN;\n${read.stdout}\\.\nSELECT count(*) FROM copied JOIN numbers USING (n, sum);\n`
      expect(await psql([], { input })).toMatchObject({ status: 0, stdout: '200000\n', stderr: '' })
    })

    it('cancels a statement, which takes a connection of its own', async () => {
      const statement = `DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(60); END $$`
      const cancelled = await psql(['-c', statement], { until: /begun/ })
      expect(cancelled.stderr).toMatch(/canceling statement due to user request/)
      expect(cancelled.ms).toBeLessThan(5_000)
    })

    it.each([
      ['other', 'GS_CONNECTOR_TARGET_NOT_ALLOWED'],
      ['closed', 'GS_CONNECTOR_TARGET_UNREACHABLE'],
    ])('is told in its own words why it does not come to the database %s', async (database, code) => {
      const refused = await psql(['-c', 'SELECT 1'], { database })
      expect(refused.status).toBe(2)
      expect(refused.stderr).toContain(code)
    })
  })

  describe('kubectl', () => {
    beforeEach((test) => needs(test, hasCluster, KUBERNETES_PARTS))

    it('lists, makes and removes', async () => {
      expect((await kubectl(['get', 'pods', '-o', 'name'])).stdout).toBe(`pod/${POD}\n`)
      expect(await kubectl(['create', 'configmap', 'prices', '--from-literal=tea=30'])).toMatchObject({ status: 0 })
      expect((await world.targets.kubectl(['get', 'configmap', 'prices', '-o', 'jsonpath={.data.tea}'])).stdout).toBe('30')
      expect(await kubectl(['delete', 'configmap', 'prices'])).toMatchObject({ status: 0 })
    })

    it('runs a command in a pod and watches', async () => {
      expect(await kubectl(['exec', '-i', POD, '--', 'tr', 'a-z', 'A-Z'], { input: 'ink\n' })).toMatchObject({ status: 0, stdout: 'INK\n' })
      const watching = kubectl(['get', 'configmaps', '--watch', '-o', 'name'], { until: /seen-from-here/ })
      await sleep(700)
      await world.targets.kubectl(['create', 'configmap', 'seen-from-here'])
      expect((await watching).stdout).toContain('configmap/seen-from-here\n')
    })

    it.each([
      ['WebSocket', 'true'],
      ['SPDY', 'false'],
    ])('gives a command half a megabyte over %s and has it back, with its exit code', async (_, KUBECTL_REMOTE_COMMAND_WEBSOCKETS) => {
      const input = 'ink and paper\n'.repeat(40_000)
      const ran = await kubectl(['exec', '-i', POD, '--', 'sh', '-c', 'tr a-z A-Z; echo done >&2; exit 7'], {
        input,
        env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS },
      })
      expect(ran.status).toBe(7)
      expect(ran.stdout === input.toUpperCase()).toBe(true)
      expect(ran.stderr).toContain('done\n')
    })
  })

  describe('the SDK of a provider of models', () => {
    it('has its answer', async () => {
      const answer = await (await client()).chat.completions.create(QUESTION)
      expect(answer.choices[0]?.message.content).toBe('Four orders are late.')
    })

    it('has it piece by piece, as it is said', async () => {
      const pieces: number[] = []
      let text = ''
      for await (const { choices } of await (await client()).chat.completions.create({ ...QUESTION, stream: true })) {
        text += choices[0]?.delta.content ?? ''
        pieces.push(performance.now())
      }
      expect(text).toBe('Four orders are late.')
      // The provider waits 20 ms before each.
      expect(pieces.at(-1)! - pieces[0]!).toBeGreaterThan(40)
    })
  })

  it('a connector sees nothing but what is encrypted', async () => {
    const secret = `sees-${'nothing'}-of-${process.pid}-0123456789`
    await psql(Array.from({ length: 50 }, () => ['-c', `SELECT '${secret}', repeat('x', 20000)`]).flat())
    expect(countInMemory(world.gateway.pid, secret)).toBeGreaterThan(0)
    for (const needle of [secret, PASSWORD]) expect(countInMemory(connector.pid, needle)).toBe(0)
    expect(countInMemory(connector.pid, NAME)).toBeGreaterThan(0)
  })

  it('every stream is in the trail, with its resource, its beginning and its end', async () => {
    const entries = await readTrail(world.gateway.operator)
    const of = (kind: string) => entries.filter((entry) => entry.kind === kind).map(({ fields }) => fields)
    expect(of('connector.enrolled')).toEqual([expect.objectContaining({ name: NAME, enrolledBy: 'token' })])
    expect(of('connector.up')).toHaveLength(1)
    expect(new Set(of('connector.stream').map(({ resource }) => resource))).toEqual(
      new Set(['orders', 'model', ...(hasCluster ? ['cluster'] : [])]),
    )
    const large = of('connector.stream.end').filter(({ bytesIn }) => Number(bytesIn) > 7_000_000)
    expect(large).toHaveLength(1)
  })
})

describe('a connector that is killed', () => {
  beforeEach((test) => needs(test, hasCluster, KUBERNETES_PARTS))

  it('ends what kubectl and the SDK had under way, with an error; once it is there again both work', async () => {
    const patience = 20_000
    const under = [kubectl(['exec', POD, '--', 'sleep', '60'], { patience }), kubectl(['get', 'pods', '--watch'], { patience })]
    const slowly = [{ role: 'user' as const, content: 'How many orders are late? Say it slowly.' }]
    const model = await client()
    const said = (async () => {
      for await (const _ of await model.chat.completions.create({ ...QUESTION, messages: slowly, stream: true }));
      return 'all'
    })().catch((error: Error) => error)
    const isUnderWay = async () =>
      (await world.gateway.operator.connectors()).flatMap(({ links }) => links).some(({ streams }) => streams >= 3)
    for (let waited = 0; !(await isUnderWay()); waited += 50) {
      if (waited > 10_000) throw new Error('nothing is under way')
      await sleep(50)
    }
    await sleep(500)
    const killed = performance.now()
    await connector.kill9()
    const [executed, watched] = await Promise.all(under)
    expect(await said).toBeInstanceOf(Error)
    expect(performance.now() - killed).toBeLessThan(5_000)
    expect(executed!.status).toBe(1)
    expect(executed!.stderr).not.toBe('')
    // It had what there was.
    expect(watched!.stdout).toContain(POD)

    const again = performance.now()
    connector = await connector.again()
    expect((await kubectl(['get', 'pods', '-o', 'name'])).stdout).toBe(`pod/${POD}\n`)
    expect((await (await client()).chat.completions.create(QUESTION)).choices[0]?.message.content).toBe('Four orders are late.')
    expect(performance.now() - again).toBeLessThan(5_000)
  })
})
