import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { operationsOf, readTrail } from '../../parts/recorded.ts'
import { needs } from '../../parts/require.ts'
import { type RuledCluster, startRuledCluster, who } from './ruled-cluster.ts'

let world: RuledCluster
let env: { readonly KUBECONFIG: string }
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startRuledCluster([
    { name: 'may-look', effect: 'allow', who, do: ['kubernetes.get', 'kubernetes.list', 'kubernetes.create'] },
    { name: 'no-commands', effect: 'deny', who, do: ['kubernetes.exec'], say: 'Read the logs instead.' },
  ])
  await world.cluster.namespace('shop')
  await world.cluster.pod('web', { namespace: 'shop' })
  env = (await world.run()).env
})
afterAll(() => world?.stop())
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

const kubectl = (...words: string[]) => world.cluster.kubectl(['-n', 'shop', ...words], { env })
const operator = () => world.inFront.gateway.operator

it('says what kubectl asked for, and that a command that was refused was tried twice', async () => {
  expect(await kubectl('get', 'pod', 'web')).toMatchObject({ status: 0 })
  const refused = await kubectl('exec', 'web', '--', 'id', '-u')
  expect(refused.status).not.toBe(0)
  expect(refused.stderr).toContain('Read the logs instead.')
  const entries = await readTrail(operator())
  const operations = operationsOf(entries)
  const got = operations.find(({ statement }) => statement.startsWith('GET /api/v1/namespaces/shop/pods/web'))
  expect(got).toMatchObject({ form: 'request', effect: 'allow', rules: ['may-look'], status: 'completed' })
  const commands = operations.filter(({ statement }) => statement.includes('/pods/web/exec?'))
  expect(commands.map(({ effect, rules, status }) => [effect, ...rules, status])).toEqual([
    ['deny', 'no-commands', 'refused'],
    ['deny', 'no-commands', 'refused'],
  ])
  const [first, second] = commands
  const retries = entries.filter(({ fields }) => fields.session === second?.session).flatMap(({ fields }) => fields.retries ?? [])
  expect(retries).toEqual([[second?.number, first?.session, first?.number]])
})

it('is searched by what a request was about, and explains what was decided of it', async () => {
  const found: number[] = []
  for await (const line of operator().search({ object: 'shop/pods/web', action: 'run command' }, AbortSignal.timeout(10_000)))
    if (!('page' in line)) found.push(line.index)
  expect(found).toHaveLength(2)
  const { operations } = await operator().explainEntry({ entry: String(found[0]) })
  expect(operations).toMatchObject([
    {
      form: 'request',
      facts: { effects: [{ class: 'exec', action: 'run command' }], k8s: { verb: 'create', subresource: 'exec', command: ['id', '-u'] } },
      before: { decision: { effect: 'deny', rules: ['no-commands'] } },
      after: { decision: { effect: 'deny', rules: ['no-commands'] } },
    },
  ])
})

it('keeps no value of a Secret, and none of a command that shows itself as one', async () => {
  expect(await kubectl('create', 'secret', 'generic', 'db', '--from-literal=pin=correct-horse-battery')).toMatchObject({ status: 0 })
  await kubectl('exec', 'web', '--', 'psql', 'postgres://app:hunter2-hunter2@db/shop')
  const kept = JSON.stringify(await readTrail(operator()))
  expect(kept).toContain('/api/v1/namespaces/shop/secrets')
  for (const value of ['correct-horse-battery', Buffer.from('correct-horse-battery').toString('base64'), 'hunter2-hunter2'])
    expect(kept).not.toContain(value)
})

it('is one that the verifier has nothing to say against', async () => {
  const { keys } = await operator().logKeys()
  await world.inFront.gateway.stop()
  const command = join(import.meta.dirname, '../../../bin/gatescribe-verify.js')
  const words = [command, join(world.inFront.gateway.data, 'trail/log'), ...keys.flatMap(({ vkey }) => ['--key', vkey])]
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toMatch(/semantic/)
})
