import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { readTrail } from '../../parts/recorded.ts'
import { needs } from '../../parts/require.ts'
import { rawRequest } from './raw-request.ts'
import { type RuledCluster, startRuledCluster, who } from './ruled-cluster.ts'

let world: RuledCluster
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startRuledCluster([
    {
      name: 'look-at-shop',
      effect: 'allow',
      who,
      do: ['kubernetes.get', 'kubernetes.list', 'kubernetes.watch', 'kubernetes.logs'],
      when: "k8s.namespace == 'shop'",
    },
    { name: 'work-in-lab', effect: 'allow', who, do: ['kubernetes.*'], when: "k8s.namespace == 'lab'" },
    { name: 'few-commands', effect: 'deny', do: ['kubernetes.exec'], when: "!(k8s.command == ['id'])", say: 'Run id, or read the logs.' },
    {
      name: 'only-trial',
      effect: 'allow',
      who,
      do: ['kubernetes.create', 'kubernetes.update', 'kubernetes.patch'],
      when: "k8s.namespace == 'shop' && k8s.dryRun",
    },
  ])
  await world.cluster.namespace('shop')
  await world.cluster.namespace('lab')
  await world.cluster.pod('web', { namespace: 'lab' })
})
afterAll(() => world?.stop())
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

const kubectl = async (...words: string[]) => world.cluster.kubectl(words, { env: (await world.run()).env })

describe('a refusal', () => {
  it('is what kubectl prints, with the next step', async () => {
    const { status, stderr } = await kubectl('-n', 'shop', 'delete', 'pod', 'web')
    expect(status).toBe(1)
    expect(stderr).toContain('Error from server (Forbidden)')
    expect(stderr).toContain('No rule allows this')
    expect(stderr).toContain('[GS_POLICY_DENIED]')
  })

  it.each([
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
  ])('of a command says whose rule it is, by %s', async (_, more) => {
    const { env } = await world.run()
    const before = world.seen().filter(({ objectRef }) => objectRef?.subresource === 'exec').length
    const { status, stderr } = await world.cluster.kubectl(['-n', 'lab', 'exec', 'web', '--', 'sh', '-c', 'id'], {
      env: { ...env, ...more },
    })
    expect(status).not.toBe(0)
    expect(stderr).toContain('few-commands')
    expect(stderr).toContain('Run id, or read the logs.')
    expect(world.seen().filter(({ objectRef }) => objectRef?.subresource === 'exec').length).toBe(before)
    const allowed = await world.cluster.kubectl(['-n', 'lab', 'exec', 'web', '--', 'id'], { env: { ...env, ...more } })
    expect(allowed).toMatchObject({ status: 0, stdout: expect.stringContaining('uid=') })
  })

  it('of a WebSocket, and the SPDY that kubectl tries behind it, are two attempts at one thing', async () => {
    const { env, run } = await world.run()
    await world.cluster.kubectl(['-n', 'lab', 'exec', 'web', '--', 'whoami'], { env })
    const entries = await readTrail(world.inFront.gateway.operator)
    const sessions = new Set(
      entries.filter(({ kind, fields }) => kind === 'session.open' && fields.run === run).map(({ fields }) => fields.session),
    )
    const intents = entries.filter(({ kind, fields }) => kind === 'operation.intent' && sessions.has(fields.session))
    expect(JSON.stringify(intents)).toContain('retries')
  })

  it('of a list of all namespaces says how to ask for one, alike as list, watch and table', async () => {
    for (const words of [
      ['get', 'pods', '-A'],
      ['get', 'pods', '-A', '-w'],
      ['get', 'pods', '-A', '-o', 'json'],
    ]) {
      const { stderr } = await kubectl(...words)
      expect(stderr).toContain('use -n <namespace>')
    }
    expect((await kubectl('-n', 'shop', 'get', 'pods')).status).toBe(0)
  })

  it('is not told to a dry run, and is to what only looks like one', async () => {
    const { door } = await world.run()
    const configMap = (name: string) => JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name } })
    const post = async (query: string, name: string) =>
      (
        await rawRequest(door, {
          method: 'POST',
          target: `/api/v1/namespaces/shop/configmaps${query}`,
          headers: ['Content-Type: application/json'],
          body: configMap(name),
        })
      ).status
    expect(await post('?dryRun=All', 'a')).toBe(201)
    expect(await post('', 'a')).toBe(403)
    expect(await post('?dryRun=', 'a')).toBe(403)
    expect((await world.cluster.request('GET', '/api/v1/namespaces/shop/configmaps/a')).status).toBe(404)
  })

  it('is a Status to whoever is not known, too', async () => {
    const { door } = await world.run()
    const answer = await rawRequest(door, { method: 'GET', target: '/api/v1/pods', headers: ['Authorization: Bearer gs_k8s_wrong'] })
    expect(answer.status).toBe(401)
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' })
  })
})

// K8-14
describe('what one may do', () => {
  it('is what the cluster and the rules both allow', async () => {
    const can = async (...words: string[]) => (await kubectl('auth', 'can-i', ...words)).stdout.trim()
    expect(await can('get', 'pods', '-n', 'shop')).toBe('yes')
    expect(await can('delete', 'pods', '-n', 'shop')).toMatch(/^no/)
    expect(await can('delete', 'pods', '-n', 'lab')).toBe('yes')
    expect(await can('create', 'pods', '--subresource=exec', '-n', 'shop')).toMatch(/^no/)
    expect(await can('*', '*')).toMatch(/^no/)
    expect(await can('create', 'serviceaccounts', '--subresource=token', '-n', 'lab')).toMatch(/^no/)
  })

  it('is never all of it in a list', async () => {
    const { stdout, stderr } = await kubectl('auth', 'can-i', '--list', '-n', 'shop')
    expect(`${stdout}${stderr}`).toContain('incomplete')
  })
})
