import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ConnectorAnswer, FindingAnswer } from '../../src/api/local/index.ts'
import { builtCommand } from '../parts/built.ts'
import { cacheFolder } from '../parts/cache-folder.ts'
import { runCommand } from '../parts/command.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { boundToThisProcess } from '../parts/lifetime.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'

const ROLE = 'shop_app'
const PASSWORD = 'open-sesame-53c1'

// The command as an operator types it: enrolment, whether it is ready, what it may reach, how it ends. Networks and faults are test/connector's.
let server: RunningPostgres
let issuer: TestIssuer
let gateway: RunningGateway
let folder: string
let command: string
let door: string
const running: Connector[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-connector-'))
  command = await builtCommand()
  server = await startPostgres({ tls: true, hba: [`hostssl all ${ROLE} 127.0.0.1/32 scram-sha-256`] })
  await server.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`)
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [{ name: 'shop', server, user: ROLE, password: PASSWORD, databases: { postgres: 'postgres' }, encrypted: true }],
    adjust(config) {
      Object.assign(config.gateway, { listen: { postgres: '127.0.0.1:0', token: '127.0.0.1:0', connectors: '127.0.0.1:0' } })
      Object.assign(config, { connectors: [{ name: 'plant-a' }, { name: 'plant-b' }] })
      Object.assign(config.resources[0]!, { via: 'plant-a' })
    },
  })
  writeFileSync(join(folder, 'ca.pem'), gateway.ca)
  door = `https://localhost:${(await gateway.operator.status()).listening.connectors?.split(':').at(-1)}`
}, 60_000)
afterEach(async () => {
  for (const connector of running.splice(0)) await connector.end('SIGKILL')
  for (const { id, state } of await gateway.operator.connectors())
    if (id !== undefined && state !== 'revoked') await gateway.operator.revokeConnector(id, undefined)
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const target = () => `127.0.0.1:${server.port}`
const env = { HOME: '/nonexistent', XDG_CACHE_HOME: cacheFolder() }
const gatescribe = (...words: readonly string[]) => gatescribeIn({}, ...words)
const gatescribeIn = (more: Readonly<Record<string, string>>, ...words: readonly string[]) =>
  runCommand(process.execPath, [command, ...words], { cwd: folder, env: { ...env, ...more } })

interface Connector {
  readonly child: ChildProcess
  /** Fields of what it logged, each line. */
  log(): readonly Readonly<Record<string, unknown>>[]
  written(): string
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** @param words besides the gateway and its CA */
async function start(...words: readonly string[]): Promise<Connector> {
  const child = spawn(process.execPath, [command, 'connector', '--gateway', door, '--ca', 'ca.pem', '--log-format', 'json', ...words], {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] as const },
    env: { PATH: process.env.PATH, ...env },
  })
  const release = boundToThisProcess(child, folder)
  let written = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (piece: Buffer) => (written += piece))
  const gone = once(child, 'exit').then(([code]) => code as number | null)
  const connector: Connector = {
    child,
    written: () => written,
    ended: gone,
    log: () => written.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : [])),
    async end(signal) {
      child.kill(signal)
      const code = await gone
      release()
      return code
    },
  }
  running.push(connector)
  return connector
}

async function enrolled(data: string, ...words: readonly string[]): Promise<Connector> {
  const token = await gatescribe('connectors', 'enrol', 'plant-a', '-c', gateway.configPath, '--write', join(folder, `${data}.token`))
  expect(token).toMatchObject({ status: 0, stdout: '' })
  const connector = await start('--data', data, '--token-file', `${data}.token`, ...words)
  await until(async () => (await upNow()).length > 0)
  return connector
}

const upNow = async (): Promise<readonly ConnectorAnswer[]> => (await gateway.operator.connectors()).filter(({ state }) => state === 'up')

async function until(holds: () => Promise<boolean> | boolean, patience = 8_000): Promise<void> {
  const late = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > late) throw new Error(`not within ${patience} ms:\n${running.map(({ written }) => written()).join('\n')}`)
    await sleep(25)
  }
}

async function session(): Promise<Client> {
  const { run, password } = await gateway.credential()
  const client = new Client({ host: '127.0.0.1', port: gateway.port, user: run, password, database: 'postgres' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** `once` would take the error that it ends with for its own. */
const ended = (client: Client) => new Promise<void>((resolve) => client.once('end', resolve))
const answers = async (client: Client) => (await client.query('SELECT 1 AS one')).rows

it('enrols with a token, is ready, carries sessions, and lets them finish when it is told to stop', async () => {
  const connector = await enrolled('a', '--allow', target(), '--health', '127.0.0.1:0', '--json')
  const [said] = connector.log() as readonly { gateway?: string; health?: string }[]
  expect(said?.gateway).toBe(door)
  const { health } = said!
  expect((await fetch(`http://${health}/readyz`)).status).toBe(200)
  const status = await gatescribe('connector', '--data', 'a', '--status', '--json')
  const [known] = await upNow()
  expect(JSON.parse(status.stdout)).toMatchObject([{ state: 'up', ready: true, id: known?.id, name: 'plant-a' }])
  expect((await gatescribe('connectors', 'ls', '-c', gateway.configPath)).stdout).toMatch(/plant-a +up +con_.*\nplant-b +nobody/)

  const client = await session()
  expect(await answers(client)).toEqual([{ one: 1 }])
  connector.child.kill('SIGTERM')
  await until(async () => (await gatescribe('connector', '--data', 'a', '--status')).status === 1)
  expect((await fetch(`http://${health}/readyz`)).status).toBe(503)
  expect(await answers(client)).toEqual([{ one: 1 }])
  await expect(session()).rejects.toMatchObject({ detail: 'GS_CONNECTOR_ABSENT' })
  await client.end()
  expect(await connector.ended).toBe(0)
  expect(readdirSync(join(folder, 'a')).filter((name) => name.endsWith('.sock'))).toEqual([])
  expect((await gatescribe('connector', '--data', 'a', '--status')).status).toBe(3)
})

it('comes back with its key alone, and hands over to a process beside it that shares it, without a session cut', async () => {
  const first = await enrolled('b', '--allow', target())
  const token = readFileSync(join(folder, 'b.token'), 'utf8').trim()
  const client = await session()
  rmSync(join(folder, 'b.token'))
  const second = await start('--data', 'b', '--token-file', 'b.token', '--allow', target())
  await until(async () => (await upNow())[0]?.links.length === 2)
  first.child.kill('SIGTERM')
  await until(async () => (await upNow())[0]?.links.some(({ draining }) => draining) ?? false)
  const other = await session()
  expect([await answers(client), await answers(other)]).toEqual([[{ one: 1 }], [{ one: 1 }]])
  await client.end()
  expect(await first.ended).toBe(0)
  expect(await answers(other)).toEqual([{ one: 1 }])
  await other.end()
  // A token is for one key, once; and nobody writes it down.
  writeFileSync(join(folder, 'stolen.token'), token)
  const again = await start('--data', 'thief', '--token-file', 'stolen.token', '--allow', target())
  expect(await again.ended).toBe(77)
  expect(again.written()).toContain('GS_CONNECTOR_TOKEN_INVALID')
  expect([first, second, again].map(({ written }) => written()).join() + gateway.log()).not.toContain(token)
})

it('reaches what its list says, which is read again on SIGHUP, and says what it refused', async () => {
  const config = join(folder, 'c.yaml')
  const allow = (...targets: readonly string[]) => writeFileSync(config, JSON.stringify({ allow: targets }))
  allow('orders.internal:5432')
  const connector = await enrolled('c', '--config', config)
  await expect(session()).rejects.toMatchObject({ detail: 'GS_CONNECTOR_TARGET_NOT_ALLOWED' })
  const found: FindingAnswer[] = []
  for await (const finding of gateway.operator.doctor(AbortSignal.timeout(20_000))) found.push(finding)
  expect(found).toContainEqual(
    expect.objectContaining({ subject: 'resource shop', level: 'fail', found: expect.stringContaining('GS_CONNECTOR_TARGET_NOT_ALLOWED') }),
  )
  expect(found).toContainEqual(expect.objectContaining({ subject: 'connectors plant-b', level: 'warn' }))
  allow(target())
  connector.child.kill('SIGHUP')
  await until(() => connector.written().includes('was read again'))
  const client = await session()
  expect(await answers(client)).toEqual([{ one: 1 }])
  allow('not a target')
  connector.child.kill('SIGHUP')
  await until(() => connector.written().includes('stays as it is'))
  expect(await answers(client)).toEqual([{ one: 1 }])
  const cut = ended(client)
  allow('orders.internal:5432')
  connector.child.kill('SIGHUP')
  await cut
})

it('ends where it is let in no more, with its sessions, and says so', async () => {
  const connector = await enrolled('d', '--allow', target())
  // Several: a socket to a target that stays open keeps the process from ending.
  const clients = await Promise.all(Array.from({ length: 5 }, session))
  const cut = Promise.all(clients.map(ended))
  const [known] = await upNow()
  const revoked = await gatescribe('connectors', 'revoke', known!.id!, '--reason', 'machine retired', '-c', gateway.configPath)
  expect(revoked.status).toBe(0)
  await cut
  expect(await connector.ended).toBe(77)
  expect(connector.written()).toContain('GS_CONNECTOR_REVOKED')
  expect(await (await start('--data', 'd', '--allow', target())).ended).toBe(77)
})

it('says before it starts what is wrong', async () => {
  const check = (...words: readonly string[]) =>
    // Nothing of a machine's own convenience lets it believe somebody else.
    gatescribeIn(
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      'connector',
      '--gateway',
      door,
      '--ca',
      'ca.pem',
      '--allow',
      target(),
      '--check',
      ...words,
    )
  expect(await check('--data', 'none')).toMatchObject({ status: 78, stderr: expect.stringContaining('GS_CLI_CONNECTOR_SETTINGS') })
  writeFileSync(join(folder, 'x.token'), 'gs_con_0\n')
  expect(await check('--data', 'none', '--token-file', 'x.token')).toMatchObject({ status: 0, stdout: expect.stringContaining(door) })
  expect(await check('--data', 'none', '--token-file', 'x.token', '--allow', '*:5432')).toMatchObject({
    ...{ status: 78, stderr: expect.stringContaining('GS_CONNECTOR_ALLOW') },
  })
  expect(existsSync(join(folder, 'none'))).toBe(false)
  writeFileSync(join(folder, 'other-ca.pem'), server.certificates!.ca)
  expect(await check('--data', 'none', '--token-file', 'x.token', '--ca', 'other-ca.pem')).toMatchObject({
    ...{ status: 1, stderr: expect.stringContaining('GS_CONNECTOR_GATEWAY_UNTRUSTED') },
  })
  const { token } = (await gateway.operator.status()).listening
  expect(
    await check('--data', 'none', '--token-file', 'x.token', '--gateway', `https://localhost:${token!.split(':').at(-1)}`),
  ).toMatchObject({ status: 1, stderr: expect.stringContaining('GS_CONNECTOR_GATEWAY_ANSWER') })
  expect(await check('--data', 'none', '--token-file', 'x.token', '--gateway', `https://localhost:${await freePort()}`)).toMatchObject({
    ...{ status: 1, stderr: expect.stringContaining('GS_CONNECTOR_GATEWAY_UNREACHABLE') },
  })
})
