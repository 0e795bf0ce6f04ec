import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { needs } from '../../parts/require.ts'
import { rawRequest } from './raw-request.ts'
import { type RuledCluster, startRuledCluster, who } from './ruled-cluster.ts'

let world: RuledCluster
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startRuledCluster(
    [
      { name: 'everything', effect: 'allow', who, do: ['kubernetes.*'] },
      {
        name: 'as-jane',
        effect: 'allow',
        who,
        do: ['kubernetes.impersonate'],
        when: "k8s.asUser == 'jane' && k8s.asGroups.all(g, g == 'ops')",
      },
    ],
    {
      adjust(config) {
        const [first] = config.resources
        config.resources.push({ ...first, name: 'told', impersonate: true })
      },
    },
  )
})
afterAll(() => world?.stop())
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

const NODES = '/api/v1/nodes'

// K8-11
describe('who somebody claims to be', () => {
  it.each([
    [['X-Remote-User: admin', 'X-Remote-Group: system:masters'], 400],
    [['x-remote-extra-scopes: a'], 400],
    [['X_Remote_User: admin'], 400],
    [['Impersonate-User: system:admin'], 403],
    [['iMPERSONATE-uSER: system:kube-scheduler'], 403],
    [['Impersonate-User: jane', 'Impersonate-User: system:admin'], 403],
    [['Impersonate-User: jane', 'Impersonate-Group: system:masters'], 403],
    [['Impersonate-Group: ops'], 403],
    [['Impersonate-User: jane', 'Impersonate-Uid: 1'], 403],
    [['Impersonate-User: jane', 'Impersonate-Extra-Scopes: a'], 403],
    [['Impersonate-User: joe'], 403],
    [['Authorization: Bearer gs_k8s_nobody', 'Authorization: Bearer TOKEN'], 400],
  ] as const)('is never told to the cluster: %j', async (headers, status) => {
    const { door } = await world.run()
    const before = world.seen().length
    const answer = await rawRequest(door, {
      method: 'GET',
      target: NODES,
      headers: headers.map((line) => line.replace('TOKEN', door.token)),
    })
    expect([status, 401]).toContain(answer.status)
    expect(world.seen().length).toBe(before)
  })

  it.each([
    ['a connection header that would take our own away', ['Connection: close, Impersonate-User, Authorization, Audit-ID']],
    ['a header that proxies of the door say', ['X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4']],
  ] as const)('does not change what the cluster sees: %s', async (_, headers) => {
    const { door } = await world.run()
    const before = world.seen().length
    expect(
      (await rawRequest({ ...door, server: door.server.replace('/r/cluster', '/r/told') }, { method: 'GET', target: NODES, headers }))
        .status,
    ).toBe(403)
    const [event] = world.seen().slice(before)
    expect(event?.impersonatedUser?.username).toMatch(/^gatescribe:github:/)
    expect(JSON.stringify(event)).not.toContain('1.2.3.4')
  })

  it('is refused as a token in the query or in a sub-protocol', async () => {
    const { door } = await world.run()
    const token = Buffer.from(door.token).toString('base64url')
    const before = world.seen().length
    expect((await rawRequest(door, { method: 'GET', target: `${NODES}?access_token=x` })).status).toBeGreaterThanOrEqual(400)
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    const protocol = `Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.${token}, v5.channel.k8s.io`
    const target = '/api/v1/namespaces/default/pods/x/exec?command=id&stdout=1'
    expect((await rawRequest(door, { method: 'GET', target, headers: [...upgrade, protocol] })).status).toBeGreaterThanOrEqual(400)
    expect(world.seen().length).toBe(before)
  })
})

describe('kubectl --as', () => {
  it('is what a rule permits, said to the cluster by us', async () => {
    const { env } = await world.run()
    const before = world.seen().length
    const asJane = await world.cluster.kubectl(['auth', 'whoami', '-o', 'json', '--as=jane', '--as-group=ops'], { env })
    expect(asJane.stderr).toBe('')
    expect(JSON.parse(asJane.stdout).status.userInfo).toMatchObject({ username: 'jane', groups: expect.arrayContaining(['ops']) })
    expect(world.seen().slice(before).at(-1)?.impersonatedUser).toMatchObject({ username: 'jane' })
    for (const words of [['--as=joe'], ['--as=jane', '--as-group=admins'], ['--as=system:serviceaccount:kube-system:default']]) {
      const refused = await world.cluster.kubectl(['get', 'nodes', ...words], { env })
      expect(refused.status).not.toBe(0)
      expect(refused.stderr).toContain('Forbidden')
    }
  })

  it('has the rights that the cluster gives that user', async () => {
    const { env } = await world.run()
    const refused = await world.cluster.kubectl(['get', 'nodes', '--as=jane'], { env })
    expect(refused.stderr).toContain('User "jane" cannot list resource "nodes"')
  })
})

describe('a resource that tells the cluster who asks', () => {
  it('has the rights that the cluster gives them', async () => {
    const { door } = await world.run()
    const told = { ...door, server: door.server.replace('/r/cluster', '/r/told') }
    const refused = await rawRequest(told, { method: 'GET', target: NODES })
    expect(refused.status).toBe(403)
    expect(JSON.parse(refused.body).message).toMatch(/User "gatescribe:github:[^"]+" cannot list resource "nodes"/)
    await world.cluster.kubectl(['create', 'clusterrole', 'look', '--verb=list', '--resource=nodes'])
    await world.cluster.kubectl([
      'create',
      'clusterrolebinding',
      'look',
      '--clusterrole=look',
      '--group=gatescribe:github/repo:acme/reports',
    ])
    await expect.poll(async () => (await rawRequest(told, { method: 'GET', target: NODES })).status, { timeout: 10_000 }).toBe(200)
  })
})
