import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readTarget } from '../../../src/protocols/kubernetes/request/index.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { ALLOW_KUBERNETES } from '../../parts/kubernetes-gateway.ts'
import { operationsOf, readTrail } from '../../parts/recorded.ts'
import { needs } from '../../parts/require.ts'
import { type RawAnswer, type RawDoor, rawRequest } from './raw-request.ts'
import { type RuledCluster, startRuledCluster } from './ruled-cluster.ts'

let world: RuledCluster
let door: RawDoor
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startRuledCluster([ALLOW_KUBERNETES])
  door = (await world.run()).door
})
afterAll(() => world?.stop())
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

const PODS = '/api/v1/namespaces/default/pods'

// K8-12. Everything is allowed here: what is refused is so for its spelling.
describe('a path or query that could be read in another way', () => {
  it.each([
    ['GET', '//api/v1/pods'],
    ['GET', `/api//v1/pods`],
    ['GET', '/api/v1/./pods'],
    ['GET', '/api/v1/namespaces/x/../default/pods'],
    ['GET', '/api/v1/namespaces/x/%2e%2e/default/pods'],
    ['GET', '/api/v1/namespaces/default%2Fpods'],
    ['GET', `${PODS}/y%2Fexec?command=id`],
    ['GET', `${PODS}/y%2fexec?command=id`],
    ['GET', `${PODS}/y%00`],
    ['GET', `${PODS}/%252e%252e`],
    ['GET', `${PODS};x=y`],
    ['GET', `${PODS}/`],
    ['POST', `${PODS}/y/exec/?command=id`],
    ['GET', `${PODS}/%ff`],
    ['GET', '/API/v1/pods'],
    ['GET', '/api/v1/Pods'],
    ['GET', '/api/v1/namespaces/Default/pods'],
    ['GET', `${PODS}\\..\\x`],
    ['POST', '/api/v1/watch/namespaces/default/pods'],
    ['GET', `${PODS}?watch=0&watch=1`],
    ['GET', `${PODS}?a=b;watch=1`],
    ['GET', `${PODS}?a=%`],
    ['GET', `${PODS}?limit=many`],
    ['POST', `${PODS}/y/exec?command=id&container=a&container=b`],
    ['OPTIONS', PODS],
    ['get', PODS],
    ['TRACE', PODS],
    ['GET', `https://kubernetes.default${PODS}`],
    ['GET', '/../../api/v1/pods'],
    ['GET', `/./r/cluster${PODS}`],
  ])('never reaches the API server: %s %s', async (method, target) => {
    const before = world.seen().length
    const { status } = await rawRequest(door, { method, target })
    expect(status === 0 || (status >= 400 && status < 500), String(status)).toBe(true)
    expect(world.seen().length).toBe(before)
  })

  it.each([
    ['GET', `${PODS}/%6eobody`, `${PODS}/nobody`],
    ['GET', '/apis/', '/apis'],
    ['GET', `${PODS}?labelSelector=a+in+(b)&&limit=5`, `${PODS}?labelSelector=a%20in%20%28b%29&limit=5`],
    ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3anode', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node'],
    ['POST', `${PODS}/y/exec?command=sh&stdout=1&command=-c&command=a+b`, `${PODS}/y/exec?command=sh&command=-c&command=a%20b&stdout=1`],
  ])('or reaches it in one spelling: %s %s', async (method, target, canonical) => {
    const before = world.seen().length
    await rawRequest(door, { method, target })
    expect(
      world
        .seen()
        .slice(before)
        .map(({ requestURI }) => requestURI),
    ).toContain(canonical)
  })

  it('is known to the cluster by the name of our own entry', async () => {
    const before = world.seen().length
    await rawRequest(door, { method: 'GET', target: '/api/v1/nodes', headers: ['Audit-ID: somebody-elses'] })
    const [event] = world.seen().slice(before)
    expect(event?.auditID).toMatch(/^ses_[A-Za-z0-9_-]+-1$/)
  })
})

describe('a body with two meanings', () => {
  const configMap = (body: string, headers: readonly string[] = ['Content-Type: application/json']) =>
    rawRequest(door, { method: 'POST', target: '/api/v1/namespaces/default/configmaps', headers, body })

  it.each([
    ['a key that is there twice', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"metadata":{"labels":{}}}', []],
    ['what is no JSON', 'kind: ConfigMap', []],
    ['an encoding', '{}', ['Content-Encoding: gzip']],
    ['two types', '{}', ['Content-Type: application/yaml']],
  ] as const)('is refused for %s', async (_, body, headers) => {
    const before = world.seen().length
    const answer = await configMap(body, ['Content-Type: application/json', ...headers])
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'BadRequest', code: 400 })
    expect(world.seen().length).toBe(before)
  })

  it('passes where it has one, and is refused by the API server itself where that knows better', async () => {
    expect((await configMap('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"one-meaning"}}')).status).toBe(201)
    expect((await configMap(`{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`)).status).toBe(413)
  })
})

describe('whatever is asked for', () => {
  it('reaches the API server as it was judged, or not at all', { timeout: 240_000 }, async () => {
    const word = fc.constantFrom(
      'api',
      'apis',
      'v1',
      'apps',
      'namespaces',
      'pods',
      'x',
      'y',
      'log',
      'watch',
      'status',
      'nodes',
      'secrets',
      'configmaps',
    )
    const odd = fc.constantFrom('', '.', '..', '%2e', '%2F', '%70ods', 'Pods', 'a;b', '%00', 'a%20b', 'system%3Ax', 'pods%2Fexec', 'x%252e')
    const segment = fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: odd })
    const path = fc.oneof(
      fc.array(segment, { maxLength: 7 }),
      fc.array(segment, { maxLength: 5 }).map((rest) => ['api', 'v1', ...rest]),
      fc.array(segment, { maxLength: 5 }).map((rest) => ['apis', 'apps', 'v1', ...rest]),
    )
    const parameter = fc.constantFrom(
      'watch=0',
      'fieldSelector=metadata.name%3Dy',
      'limit=5',
      'a;watch=1',
      'watch=%',
      'labelSelector=a+in+(b)',
      '',
      'dryRun=All',
    )
    const line = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'PUT', 'PATCH'),
      target: fc
        .tuple(path, fc.array(parameter, { maxLength: 2 }))
        .map(([parts, query]) => `/${parts.join('/')}?timeoutSeconds=1${query.map((each) => `&${each}`).join('')}`),
    })
    const lines = fc.sample(line, { numRuns: 300 })
    let own = door
    const answers: RawAnswer[] = []
    const ask = (each: (typeof lines)[number], at: number) =>
      rawRequest(own, { ...each, headers: [`User-Agent: probe-${at}`, 'Content-Type: application/json'] })
    for (let at = 0; at < lines.length; at += 6) {
      // A run that is refused too often is suspended.
      if (at % 30 === 0) own = (await world.run()).door
      const some = lines.slice(at, at + 6).map((each, step) => ask(each, at + step))
      answers.push(...(await Promise.all(some)))
    }
    const events = new Map(world.seen().map((event) => [event.userAgent, event]))
    let forwarded = 0
    for (const [at, { method, target }] of lines.entries()) {
      const event = events.get(`probe-${at}`)
      const mark = target.indexOf('?')
      const parts = { method, rawPath: target.slice(0, mark), rawQuery: target.slice(mark + 1), headers: [], upgrade: false }
      let judged: ReturnType<typeof readTarget> | undefined
      try {
        judged = readTarget(parts)
      } catch {
        // Refused.
      }
      const said = `${method} ${target}`
      expect([said, event?.requestURI], answers[at]?.body.slice(0, 300)).toEqual([said, judged?.target])
      if (!event || !judged) continue
      forwarded++
      expect([said, event.verb, event.objectRef?.resource ?? '', event.objectRef?.name ?? '']).toEqual([
        said,
        judged.info.verb,
        judged.info.resource,
        judged.info.name,
      ])
    }
    expect(forwarded).toBeGreaterThan(60)
  })

  it('is in the trail where it was refused for its spelling, in our own words', async () => {
    const { run, door: own } = await world.run()
    await rawRequest(own, { method: 'GET', target: '/api/v1/namespaces/x/../hunter2/pods' })
    const entries = await readTrail(world.inFront.gateway.operator)
    const sessions = new Set(
      entries.filter(({ kind, fields }) => kind === 'session.open' && fields.run === run).map(({ fields }) => fields.session),
    )
    const [operation, ...more] = operationsOf(entries).filter(({ session }) => sessions.has(session))
    expect(more).toEqual([])
    expect(operation).toMatchObject({ form: 'unsupported', status: 'refused', statement: expect.stringContaining('dot segment') })
    expect(JSON.stringify(entries)).not.toContain('hunter2')
  })
})
