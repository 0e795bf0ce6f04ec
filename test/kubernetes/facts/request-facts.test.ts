import { randomUUID } from 'node:crypto'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KubernetesError } from '../../../src/protocols/kubernetes/errors.ts'
import { readTarget } from '../../../src/protocols/kubernetes/request/index.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type AuditEvent, type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { needs } from '../../parts/require.ts'

/** May do nothing: whatever is asked comes to an entry in the audit log, and to nothing else. */
const NOBODY = 'nobody-token'

let cluster: RunningCluster | undefined
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  cluster = await startCluster({ tokens: [{ token: NOBODY, user: 'nobody', groups: [] }], audit: 'Metadata' })
})
afterAll(() => cluster?.stop())
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

interface Line {
  readonly method: string
  readonly target: string
}

/** Sends request lines exactly as they stand, over one connection each. @returns what the API server made of each; undefined where it would not even look at it */
async function audited(lines: readonly Line[]): Promise<readonly (AuditEvent | undefined)[]> {
  const ids = lines.map(() => randomUUID())
  for (let at = 0; at < lines.length; at += 8) {
    await Promise.all(lines.slice(at, at + 8).map((line, step) => send(line, ids[at + step] as string)))
  }
  const events = new Map(cluster?.audit().map((event) => [event.auditID, event]))
  return ids.map((id) => events.get(id))
}

function send({ method, target }: Line, id: string): Promise<void> {
  const { port, ca } = cluster as RunningCluster
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' }, () => {
      const head = [
        `${method} ${target} HTTP/1.1`,
        'Host: localhost',
        `Authorization: Bearer ${NOBODY}`,
        `Audit-ID: ${id}`,
        'Connection: close',
      ]
      socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
    })
    socket.resume()
    // Where it does not like a line it resets the connection: then nothing of it is audited, and the test says so.
    socket.once('error', () => resolve())
    socket.once('close', () => resolve())
  })
}

function read({ method, target }: Line) {
  const mark = target.indexOf('?')
  const [rawPath, rawQuery] = mark < 0 ? [target, undefined] : [target.slice(0, mark), target.slice(mark + 1)]
  try {
    return readTarget({ method, rawPath, rawQuery, headers: [], upgrade: false })
  } catch (error) {
    if (error instanceof KubernetesError) return undefined
    throw error
  }
}

/** What an audit event says that a request was, in the words of our own reading. */
function theirs({ verb, objectRef }: AuditEvent) {
  if (!objectRef) return { isResource: false, verb }
  const { apiGroup = '', apiVersion = '', resource = '', subresource = '', namespace = '', name = '' } = objectRef
  return { isResource: true, verb, group: apiGroup, version: apiVersion, resource, subresource, namespace, name }
}

function ours(info: NonNullable<ReturnType<typeof read>>['info']) {
  const { isResource, verb, group, version, resource, subresource, namespace, name } = info
  return isResource ? { isResource, verb, group, version, resource, subresource, namespace, name } : { isResource, verb }
}

const GET = (target: string): Line => ({ method: 'GET', target })
const PODS = '/api/v1/namespaces/x/pods'

describe('what a request is', () => {
  it('is what a real API server writes into its audit log, as it came and in our spelling', async () => {
    const lines = [
      ...[
        '/',
        '/api',
        '/api/',
        '/apis/',
        '/apis/apps/v1/',
        '/version',
        '/openapi/v3/apis/apps/v1',

        '/metrics',
        '/nothing/here',
      ].map(GET),
      ...['', '?watch', '?watch=', '?watch=0', '?watch=FALSE', '?watch=fal%C5%BFe', '?watch=no', '?Watch=1', '?%77atch=1'].map((query) =>
        GET(`${PODS}${query}`),
      ),
      ...[
        'metadata.name%3Dy',
        'metadata.name=y',
        'metadata.name%3D%3Dy,spec.nodeName%3Dn',
        'metadata.name%21%3Dy',
        'metadata.name%3D',
        'metadata.name%3Da%5C%2Cb',
      ].map((selector) => GET(`${PODS}?fieldSelector=${selector}`)),
      ...['metadata.name%3Da%2Fb', 'metadata.name%3D%2E%2E', 'metadata.name%3D%25'].map((selector) =>
        GET(`${PODS}?fieldSelector=${selector}`),
      ),
      ...['limit=5', 'limit=%2B5', 'limit=-1', 'timeoutSeconds=3'].map((limit) => GET(`${PODS}?${limit}&fieldSelector=metadata.name%3Dy`)),
      ...[
        `${PODS}/y`,
        `${PODS}/%79`,
        `${PODS}/y?watch=1`,
        `${PODS}/y/log`,
        `${PODS}/y/exec?command=a&command=b`,
        `${PODS}/y/proxy/a/b/`,
      ].map(GET),
      ...[
        '/api/v1/watch/pods',
        '/api/v1/watch/namespaces/x/pods/y',
        '/apis/apps/v1/watch/namespaces/x/deployments',
        '/api/v1/proxy/nodes/n/x',
      ].map(GET),
      ...['/api/v1/namespaces/x', '/api/v1/namespaces/x/status', '/api/v1/namespaces/x/finalize', '/api/v1/namespaces'].map(GET),
      ...['/api/v1/services/https:y:443', '/api/v1/namespaces/x/services/https:y:443/proxy', '/api/v1/nodes/n/proxy/exec/x/y/c'].map(GET),
      ...['/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3anode', '/apis/a.b.c/v1/namespaces/x/widgets/y/sub/more'].map(GET),
      ...['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'].flatMap((method) =>
        [PODS, `${PODS}/y`, `${PODS}/y/eviction`, '/api/v1/namespaces/x/finalize', '/apis/apps/v1'].map((target) => ({ method, target })),
      ),
    ]
    const asked = lines.map(read)
    expect(asked.every((request) => request !== undefined)).toBe(true)
    const raw = await audited(lines)
    const canonical = await audited(lines.map(({ method }, at) => ({ method, target: asked[at]?.target as string })))
    for (const [at, request] of asked.entries()) {
      const said = `${lines[at]?.method} ${lines[at]?.target}`
      expect([said, raw[at] && theirs(raw[at])]).toEqual([said, ours((request as NonNullable<typeof request>).info)])
      expect([said, canonical[at] && theirs(canonical[at])]).toEqual([said, ours((request as NonNullable<typeof request>).info)])
    }
  })

  it('is the same to both for whatever is not refused, however it is spelled', async () => {
    const word = fc.constantFrom(
      'api',
      'apis',
      'v1',
      'apps',
      'namespaces',
      'pods',
      'x',
      'y',
      'exec',
      'log',
      'proxy',
      'watch',
      'status',
      'finalize',
      'nodes',
      'secrets',
    )
    const odd = fc.constantFrom('', '.', '..', '%2e', '%2F', '%70ods', 'Pods', 'a;b', '%00', 'a%20b', 'system%3Ax', 'pods%2Fexec', 'x%252e')
    const segment = fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: odd })
    const path = fc.oneof(
      fc.array(segment, { maxLength: 8 }),
      fc.array(segment, { maxLength: 6 }).map((rest) => ['api', 'v1', ...rest]),
      fc.array(segment, { maxLength: 6 }).map((rest) => ['apis', 'apps', 'v1', ...rest]),
    )
    const parameter = fc.constantFrom(
      'watch',
      'watch=1',
      'watch=0',
      'fieldSelector=metadata.name%3Dy',
      'limit=5',
      'a;watch=1',
      'watch=%',
      'command=a+b',
      '',
      'dryRun=All',
    )
    const line = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'),
      target: fc
        .tuple(path, fc.array(parameter, { maxLength: 3 }))
        .map(([parts, query]) => `/${parts.join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}`),
    })
    const lines = fc.sample(line, { numRuns: 1_500 }).filter((each) => read(each) !== undefined)
    expect(lines.length).toBeGreaterThan(300)
    const [raw, canonical] = [await audited(lines), await audited(lines.map((each) => ({ ...each, target: read(each)?.target as string })))]
    let resources = 0
    for (const [at, each] of lines.entries()) {
      const { info } = read(each) as NonNullable<ReturnType<typeof read>>
      const said = `${each.method} ${each.target}`
      if (info.isResource) resources++
      expect([said, raw[at] && theirs(raw[at])]).toEqual([said, ours(info)])
      expect([said, canonical[at] && theirs(canonical[at])]).toEqual([said, ours(info)])
    }
    expect(resources).toBeGreaterThan(100)
  })
})
