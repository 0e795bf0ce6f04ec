import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import type { Run, RunId } from '../operations/index.ts'
import { RunAccount, type SessionView } from '../runs/index.ts'
import { Records } from './records.ts'
import { RunRecords } from './run-records.ts'

let at: TestTrail
let records: Records
let runs: RunRecords
beforeEach(async () => {
  at = new TestTrail()
  const trail = await at.open()
  records = new Records(trail)
  runs = new RunRecords(trail, 'disk')
})
afterEach(() => at.remove())

/** Everything that must not be readable in an entry; each occurs in what is recorded below. */
const PRIVATE = {
  subject: 'repo:acme/reports:ref:refs/heads/main',
  repository: 'acme/reports',
  launcher: '4711-octocat',
  group: 'github/repo:acme/reports',
  address: '198.51.100.77',
  config: 'masterKey: file:./where-it-is.key',
  name: 'gw.internal.example',
}

const run: Run = {
  id: `run_${randomBytes(8).toString('hex')}` as RunId,
  principal: { kind: 'job', issuer: 'github', subject: PRIVATE.subject, groups: [PRIVATE.group] },
  facts: { repository: PRIVATE.repository, launcher: PRIVATE.launcher },
  startedAt: 1,
}

const session: SessionView = {
  id: 'ses_1',
  runId: run.id,
  resource: 'shop',
  client: { address: PRIVATE.address, tls: true },
  openedAt: 1,
  operations: 0,
}

it('writes each of its entries whole: none becomes a gap, and nothing private stands in them in clear', async () => {
  await records.gatewayStarted(
    { version: '1.0.0', node: '26.0.0', durability: 'disk', config: 'sha256:1', policy: 'sha256:2' },
    PRIVATE.config,
  )
  await records.configChanged({ from: 'sha256:1', to: 'sha256:3', policyFrom: 'sha256:2', policyTo: 'sha256:4' }, PRIVATE.config)
  records.configRefused('GS_CONFIG_INVALID', [
    { code: 'GS_CONFIG_INVALID', file: 'a.yaml', line: 1, column: 2, path: 'x', message: PRIVATE.config, next: 'write it' },
  ])
  records.configRefused('GS_IDENTITY_ISSUER', [])
  records.minted({ what: 'authority', reason: 'first', fingerprint: 'AB:CD', names: [PRIVATE.name] })
  records.minted({ what: 'leaf', names: [PRIVATE.name], fingerprint: 'AB:CD', serial: '01', expires: Date.now() })
  await records.secretChanged('operator', 'orders', 1)
  await records.secretChanged('operator', 'orders', undefined)
  records.signinRefused('token', 'GS_IDENTITY_AUDIENCE', PRIVATE.address, 'github')
  records.signinRefused('postgres', 'GS_IDENTITY_CREDENTIAL_UNKNOWN', PRIVATE.address)
  records.foreignCredential('postgres', PRIVATE.address)
  const account = new RunAccount(await runs.started(run), true)
  runs.joined(run, account)
  runs.killed(session, run, account, 'operator')
  await runs.over(run, 'revoked', account, { interrupted: false })
  records.gatewayStopped('asked')
  await new Promise((written) => at.trail!.whenDurable(written))

  const entries = await at.entries()
  expect(entries.map(({ kind }) => kind)).toEqual([
    'gateway.start',
    'config.changed',
    'config.refused',
    'config.refused',
    'ca.minted',
    'ca.minted',
    'secret.changed',
    'secret.changed',
    'signin.refused',
    'signin.refused',
    'credential.foreign',
    'run.start',
    'signin',
    'session.killed',
    'run.revoked',
    'run.end',
    'gateway.stop',
  ])
  const clear = entries.map(({ bytes }) => Buffer.from(bytes).toString()).join('\n')
  const sealed = entries.flatMap((entry) => entry.payloads().map(({ content }) => Buffer.from(content ?? []).toString())).join('\n')
  for (const [what, value] of Object.entries(PRIVATE)) {
    expect(`${what} ${clear.includes(value)}`).toBe(`${what} false`)
    expect(`${what} ${sealed.includes(value)}`).toBe(`${what} true`)
  }
})

it('tells of no stop where it told of no start', async () => {
  records.gatewayStopped('asked')
  await records.logSearched('operator', {}, { text: 'orders' })
  expect((await at.entries()).map(({ kind }) => kind)).not.toContain('gateway.stop')
})

it('takes secrets out of configurations, problems, names, searches and facts of runs, and says so; references stay readable', async () => {
  const secret = 'hunter2-Xyzzy9'
  const config = `masterKey: file:./master.key\npassword: "secret:orders-ro"\nlisten: { token: 0.0.0.0:8444 }\nother: postgres://bob:${secret}@h/d`
  const started = { version: '1.0.0', node: '26.0.0', durability: 'disk', config: 'sha256:1', policy: 'sha256:2' }
  const problem = { code: 'GS_CONFIG_INVALID', file: 'a.yaml', line: 1, column: 2, path: 'x', next: 'write it' } as const
  await records.gatewayStarted(started, config)
  await records.configChanged({ from: 'sha256:1', to: 'sha256:3', policyFrom: 'sha256:2', policyTo: 'sha256:4' }, config)
  records.configRefused('GS_CONFIG_INVALID', [{ ...problem, message: `password: ${secret} is no reference` }])
  records.minted({ what: 'leaf', names: [`https://a:${secret}@h`], fingerprint: 'AB:CD', serial: '01', expires: 1 })
  await records.logSearched('operator', {}, { text: `password=${secret}` })
  await runs.started({ ...run, facts: { url: `https://bob:${secret}@ci.example/1` } })
  const entries = await at.entries()
  expect(entries.map(({ kind, fields }) => [kind, fields.redacted])).toEqual([
    ['gateway.start', [['config', 'connection-string', 1]]],
    ['config.changed', [['config', 'connection-string', 1]]],
    ['config.refused', [['problems', 'password', 1]]],
    ['ca.minted', [['names', 'connection-string', 1]]],
    ['log.read', [['query', 'password', 1]]],
    ['run.start', [['run', 'connection-string', 1]]],
  ])
  const sealed = entries.flatMap((entry) => entry.payloads().map(({ content }) => Buffer.from(content ?? []).toString()))
  expect(sealed[0]).toBe(config.replace(secret, '«redacted:connection-string»'))
  expect(sealed.join('\n')).not.toContain(secret)
})
