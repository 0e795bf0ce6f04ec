import { describe, expect, it } from 'vitest'
import type { KubernetesFacts } from '../../../operations/index.ts'
import { KubernetesError } from '../errors.ts'
import { factsOf, readTarget } from './read-request.ts'

interface Case {
  readonly headers?: readonly (readonly [string, string])[]
  readonly upgrade?: boolean
  readonly body?: unknown
}

/** `METHOD path?query`, as it stands in a request line. */
function read(line: string, { headers = [], upgrade = false, body }: Case = {}) {
  const [method = '', target = ''] = line.split(' ')
  const at = target.indexOf('?')
  const [rawPath, rawQuery] = at < 0 ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)]
  const request = readTarget({ method, rawPath, rawQuery, headers, upgrade })
  const facts = factsOf(request, body === undefined ? 'none' : { read: body as never })
  return { request, facts, k8s: facts.k8s as KubernetesFacts, actions: facts.effects.map(({ action }) => action) }
}

const summary = (line: string, more?: Case) => {
  const { k8s, actions } = read(line, more)
  const { verb, group, version, resource, subresource, namespace, name, path } = k8s
  return [verb, path || `${group}/${version}/${resource}${subresource && `/${subresource}`}`, namespace, name, actions.join(', ')]
}

describe('what a request is, as the API server sees it', () => {
  // The first four columns are what k8s.io/apiserver computes (endpoints/request), but for GET of a channel.
  it.each([
    ['GET /api/v1/namespaces', 'list', '/v1/namespaces', '', '', 'list'],
    ['GET /api/v1/namespaces/x', 'get', '/v1/namespaces', 'x', 'x', 'get object'],
    ['PUT /api/v1/namespaces/x/finalize', 'update', '/v1/namespaces/finalize', 'x', 'x', 'update subresource'],
    ['PATCH /api/v1/namespaces/x/status', 'patch', '/v1/namespaces/status', 'x', 'x', 'patch subresource'],
    ['GET /api/v1/namespaces/x/pods', 'list', '/v1/pods', 'x', '', 'list'],
    ['GET /api/v1/pods', 'list', '/v1/pods', '', '', 'list'],
    ['GET /api/v1/pods?watch=true', 'watch', '/v1/pods', '', '', 'watch'],
    ['GET /api/v1/pods?watch', 'watch', '/v1/pods', '', '', 'watch'],
    ['GET /api/v1/pods?watch=', 'watch', '/v1/pods', '', '', 'watch'],
    ['GET /api/v1/pods?watch=no', 'watch', '/v1/pods', '', '', 'watch'],
    ['GET /api/v1/pods?watch=False', 'list', '/v1/pods', '', '', 'list'],
    ['GET /api/v1/pods?watch=fal%C5%BFe', 'list', '/v1/pods', '', '', 'list'],
    ['GET /api/v1/pods?watch=0', 'list', '/v1/pods', '', '', 'list'],
    ['GET /api/v1/pods?Watch=1', 'list', '/v1/pods', '', '', 'list'],
    ['HEAD /api/v1/namespaces/x/pods/y', 'get', '/v1/pods', 'x', 'y', 'get object'],
    ['GET /api/v1/namespaces/x/pods/y?watch=1', 'get', '/v1/pods', 'x', 'y', 'get object'],
    ['GET /api/v1/namespaces/x/pods?fieldSelector=metadata.name%3Dy', 'list', '/v1/pods', 'x', 'y', 'list'],
    ['GET /api/v1/namespaces/x/pods?fieldSelector=spec.nodeName%3Dn,metadata.name%3D%3Dy&watch=1', 'watch', '/v1/pods', 'x', 'y', 'watch'],
    ['GET /api/v1/namespaces/x/pods?fieldSelector=metadata.name%21%3Dy', 'list', '/v1/pods', 'x', '', 'list'],
    ['GET /api/v1/namespaces/x/pods?fieldSelector=metadata.name%3Da%2Fb', 'list', '/v1/pods', 'x', '', 'list'],
    ['DELETE /api/v1/namespaces/x/pods?fieldSelector=metadata.name%3Dy', 'deletecollection', '/v1/pods', 'x', '', 'deletecollection'],
    ['DELETE /api/v1/namespaces/x/pods/y', 'delete', '/v1/pods', 'x', 'y', 'delete object'],
    ['GET /api/v1/watch/pods', 'watch', '/v1/pods', '', '', 'watch'],
    ['GET /api/v1/watch/namespaces/x/pods/y', 'watch', '/v1/pods', 'x', 'y', 'watch'],
    ['GET /apis/apps/v1/watch/namespaces/x/deployments', 'watch', 'apps/v1/deployments', 'x', '', 'watch'],
    ['POST /apis/apps/v1/namespaces/x/deployments', 'create', 'apps/v1/deployments', 'x', '', 'create object'],
    ['PUT /apis/apps/v1/namespaces/x/deployments/y/scale', 'update', 'apps/v1/deployments/scale', 'x', 'y', 'update subresource'],
    [
      'PUT /apis/coordination.k8s.io/v1/namespaces/x/leases/y',
      'update',
      'coordination.k8s.io/v1/leases',
      'x',
      'y',
      'create by update, update object',
    ],
    ['GET /apis/example.com/v1/namespaces/x/widgets/y/a/b', 'get', 'example.com/v1/widgets/a', 'x', 'y', 'unknown request'],
    ['GET /api', 'get', '/api', '', '', 'discover'],
    ['GET /api/', 'get', '/api', '', '', 'discover'],
    ['GET /apis/apps/v1/', 'get', '/apis/apps/v1', '', '', 'discover'],
    ['GET /openapi/v3/apis/apps/v1?hash=AB', 'get', '/openapi/v3/apis/apps/v1', '', '', 'openapi'],
    ['GET /version', 'get', '/version', '', '', 'server version'],
    ['GET /version/', 'get', '/version', '', '', 'server version'],
    ['GET /readyz/etcd', 'get', '/readyz/etcd', '', '', 'health'],
    ['GET /metrics', 'get', '/metrics', '', '', 'get path'],
    ['GET /logs/audit.log', 'get', '/logs/audit.log', '', '', 'read server logs'],
    ['POST /apis/apps/v1', 'post', '/apis/apps/v1', '', '', 'unknown request'],
    ['PUT /debug/flags/v', 'put', '/debug/flags/v', '', '', 'unknown request'],
    ['GET /apisx/apps/v1/pods', 'get', '/apisx/apps/v1/pods', '', '', 'get path'],
    ['GET /api/v1/namespaces/x/pods/y/log?follow=true', 'get', '/v1/pods/log', 'x', 'y', 'read logs'],
    ['GET /api/v1/namespaces/x/pods/y/exec?command=id', 'create', '/v1/pods/exec', 'x', 'y', 'run command'],
    ['POST /api/v1/namespaces/x/pods/y/exec?command=id', 'create', '/v1/pods/exec', 'x', 'y', 'run command'],
    ['GET /api/v1/namespaces/x/pods/y/attach', 'create', '/v1/pods/attach', 'x', 'y', 'attach'],
    ['POST /api/v1/namespaces/x/pods/y/portforward', 'create', '/v1/pods/portforward', 'x', 'y', 'portforward'],
    ['GET /api/v1/namespaces/x/pods/y/exec/more', 'get', '/v1/pods/exec', 'x', 'y', 'unknown request'],
    ['PATCH /api/v1/namespaces/x/pods/y/ephemeralcontainers', 'patch', '/v1/pods/ephemeralcontainers', 'x', 'y', 'debug'],
    ['POST /api/v1/namespaces/x/pods/y/eviction', 'create', '/v1/pods/eviction', 'x', 'y', 'evict'],
    ['POST /api/v1/namespaces/x/pods/y/binding', 'create', '/v1/pods/binding', 'x', 'y', 'create subresource'],
    [
      'POST /api/v1/namespaces/x/serviceaccounts/y/token',
      'create',
      '/v1/serviceaccounts/token',
      'x',
      'y',
      'create subresource, make token',
    ],
    ['GET /api/v1/namespaces/x/services/https:y:443/proxy/a/', 'get', '/v1/services/proxy', 'x', 'https:y:443', 'proxy service'],
    ['GET /api/v1/nodes/n/proxy/metrics/cadvisor', 'get', '/v1/nodes/proxy', '', 'n', 'proxy node'],
    ['GET /api/v1/nodes/n/proxy/exec/x/y/c?command=id', 'get', '/v1/nodes/proxy', '', 'n', 'run on node, proxy node'],
    ['POST /api/v1/nodes/n/proxy/run/x/y/c', 'create', '/v1/nodes/proxy', '', 'n', 'run on node, proxy node'],
    [
      'PUT /apis/certificates.k8s.io/v1/certificatesigningrequests/y/approval',
      'update',
      'certificates.k8s.io/v1/certificatesigningrequests/approval',
      '',
      'y',
      'approve certificate, update subresource',
    ],
    [
      'POST /apis/certificates.k8s.io/v1/certificatesigningrequests',
      'create',
      'certificates.k8s.io/v1/certificatesigningrequests',
      '',
      '',
      'approve certificate, create object',
    ],
    [
      'POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      'create',
      'rbac.authorization.k8s.io/v1/clusterrolebindings',
      '',
      '',
      'create object, change roles',
    ],
    [
      'DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
      'delete',
      'rbac.authorization.k8s.io/v1/clusterroles',
      '',
      'system:node',
      'change roles, delete object',
    ],
    [
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      'create',
      'authorization.k8s.io/v1/selfsubjectaccessreviews',
      '',
      '',
      'self review',
    ],
    ['POST /apis/authentication.k8s.io/v1/tokenreviews', 'create', 'authentication.k8s.io/v1/tokenreviews', '', '', 'review'],
    ['GET /apis/metrics.k8s.io/v1beta1/namespaces/x/pods', 'list', 'metrics.k8s.io/v1beta1/pods', 'x', '', 'list'],
  ])('%s', (line, ...expected) => {
    const actions = expected.pop()?.split(', ').sort()
    const [verb, what, namespace, name, found] = summary(line)
    expect([verb, what, namespace, name]).toEqual(expected)
    expect(found?.split(', ').sort()).toEqual(actions)
  })

  it('keeps every argument of a command, in order', () => {
    const { k8s, request } = read(
      'POST /api/v1/namespaces/x/pods/y/exec?stdout=1&command=sh&command=-c&container=c&command=a%0Ab+c%2Bd&command=',
    )
    expect(k8s.command).toEqual(['sh', '-c', 'a\nb c+d', ''])
    expect(k8s).toMatchObject({ container: 'c', stdin: false })
    expect(read('POST /api/v1/namespaces/x/pods/y/exec?command=sh&stdin=true').k8s.stdin).toBe(true)
    expect(request.query).toBe('command=sh&command=-c&command=a%0Ab%20c%2Bd&command=&container=c&stdout=1')
  })

  it('knows what writes are to the server: dry run, field manager, object', () => {
    const patch = [['content-type', 'application/apply-patch+yaml']] as const
    const applied = read('PATCH /api/v1/namespaces/x/configmaps/y?fieldManager=me&force=true&dryRun=All', {
      headers: patch,
      body: { data: { a: 'b' } },
    })
    expect(applied.actions).toEqual(['create by apply', 'apply'])
    expect(applied.k8s).toMatchObject({ dryRun: true, fieldManager: 'me', patch: { type: 'apply', content: { data: { a: 'b' } } } })
    const cbor = read('PATCH /api/v1/namespaces/x/configmaps/y', { headers: [['content-type', 'application/apply-patch+cbor']] })
    expect(cbor.actions).toEqual(['create by apply', 'apply'])
    const made = read('POST /api/v1/namespaces/x/pods', { headers: [['User-Agent', 'kubectl\u0007/v1.37 (x)']], body: { kind: 'Pod' } })
    expect(made.k8s).toMatchObject({ dryRun: false, fieldManager: 'kubectl', object: { kind: 'Pod' } })
    expect(read('POST /api/v1/namespaces/x/pods?dryRun=all').k8s).not.toHaveProperty('dryRun')
    expect(read('POST /api/v1/namespaces/x/pods').k8s).not.toHaveProperty('object')
  })

  it('never takes for a dry run what the server does all the same', () => {
    const dry = (line: string, body?: unknown) => read(line, { body }).k8s.dryRun
    expect(dry('DELETE /api/v1/namespaces/x/pods/y?dryRun=All')).toBe(true)
    expect(dry('DELETE /api/v1/namespaces/x/pods/y?dryRun=All', {})).toBe(false)
    expect(dry('DELETE /api/v1/namespaces/x/pods/y', { dryRun: ['All'] })).toBe(true)
    expect(dry('POST /api/v1/namespaces/x/pods/y/exec?command=id&dryRun=All')).toBe(false)
    expect(dry('POST /api/v1/namespaces/x/serviceaccounts/y/token?dryRun=All')).toBe(false)
    expect(dry('GET /api/v1/namespaces/x/pods/y?dryRun=All')).toBe(false)
    expect(dry('POST /api/v1/namespaces/x/pods/y/eviction', { deleteOptions: { dryRun: ['All'] } })).toBe(true)
    expect(dry('POST /apis/example.com/v1/namespaces/x/vms/y/start?dryRun=All')).toBeUndefined()
  })

  it('sees that an upgrade is more than reading, and that somebody else is to be whoever asks', () => {
    expect(read('GET /api/v1/namespaces/x/pods?watch=1', { upgrade: true }).actions).toEqual(['unknown upgrade', 'watch'])
    expect(read('GET /api/v1/namespaces/x/pods/y/exec?command=id', { upgrade: true }).actions).toEqual(['run command'])
    const { request, k8s } = read('GET /api/v1/namespaces/x/pods/y')
    expect(k8s).toMatchObject({ asUser: '', asGroups: [] })
    const asJane = factsOf(request, 'none', { user: 'jane', groups: ['ops'] })
    expect(asJane.k8s).toMatchObject({ asUser: 'jane', asGroups: ['ops'] })
    expect(asJane.effects).toEqual([
      { class: 'get', action: 'get object' },
      { class: 'impersonate', action: 'impersonate' },
    ])
  })

  it('finds the Secrets that a token is put into', () => {
    const put = 'PUT /api/v1/namespaces/x/secrets/y'
    expect(read(put, { body: { type: 'Opaque', data: {} } }).actions).toEqual(['update object'])
    expect(read(put, { body: { type: 'kubernetes.io/service-account-token' } }).actions).toContain('token secret')
    expect(read('POST /api/v1/namespaces/kube-system/secrets', { body: { type: 'bootstrap.kubernetes.io/token' } }).actions).toContain(
      'token secret',
    )
    const patch = (type: string, body: unknown) =>
      read('PATCH /api/v1/namespaces/x/secrets/y', { headers: [['content-type', type]], body }).actions
    expect(patch('application/merge-patch+json', { data: { a: 'b' } })).toEqual(['patch object'])
    expect(patch('application/merge-patch+json', { metadata: { annotations: { 'kubernetes.io/service-account.name': 'z' } } })).toContain(
      'token secret',
    )
    expect(patch('application/json-patch+json', [{ op: 'replace', path: '/data/a', value: 'b' }])).toEqual(['patch object'])
    expect(
      patch('application/json-patch+json', [{ op: 'add', path: '/metadata/annotations/kubernetes.io~1service-account.name', value: 'b' }]),
    ).toContain('token secret')
    expect(patch('application/json-patch+json', [{ op: 'add', path: '', value: {} }])).toContain('token secret')
    // In a form that is not read it may be one.
    expect(read(put).actions).toContain('token secret')
  })
})

describe('what has no single meaning is refused', () => {
  it.each([
    'GET //api/v1/pods',
    'GET /api//v1/pods',
    'GET /api/v1/./pods',
    'GET /api/v1/namespaces/x/../y/pods',
    'GET /api/v1/namespaces/x/%2e%2e/y/pods',
    'GET /api/v1/namespaces/x%2Fpods',
    'GET /api/v1/namespaces/x/pods/y%2Fexec',
    'GET /api/v1/namespaces/x/pods/y%2fexec?command=id',
    'GET /api/v1/namespaces/x/pods/y%00',
    'GET /api/v1/namespaces/x/pods/%252e',
    'GET /api/v1/namespaces/x/pods/y;a=b',
    'GET /api/v1/namespaces/x/pods/y%3Ba',
    'GET /api/v1/namespaces/x/pods/',
    'GET /api/v1/namespaces/x/pods/y/exec/?command=id',
    'GET /api/v1/namespaces/x/pods/y\\z',
    'GET /api/v1/namespaces/x/pods/%ff',
    'GET /api/v1/namespaces/x/pods/%e0%80%af',
    'GET /api/v1/namespaces/x/pods/é',
    'GET /api/v1/namespaces/x/pods/%C3%A9',
    'GET /api/v1/namespaces/x/pods/%zz',
    'GET /API/v1/pods',
    'GET /Apis/apps/v1/deployments',
    'GET /api/v1/Pods',
    'GET /api/v1/namespaces/X/pods',
    'GET /api/v1/namespaces/x/pods/y/Exec?command=id',
    'GET /api/v1/watch',
    'POST /api/v1/watch/namespaces/x/pods',
    'GET /healthz/',
    'GET /api/v1/pods?watch=0&watch=1',
    'GET /api/v1/pods?limit=ten',
    'GET /api/v1/pods?limit=9223372036854775808',
    'GET /api/v1/pods?a=b;watch=1',
    'GET /api/v1/pods?a=b%3',
    'GET /api/v1/pods?a=%ff',
    'GET /api/v1/pods?a=%00',
    'GET /api/v1/pods?fieldSelector=metadata.name',
    'GET /api/v1/pods?fieldSelector=metadata.name%3Da,metadata.name%3Db',
    'GET /api/v1/pods?fieldSelector=metadata.name%3Da%5C',
    'DELETE /api/v1/namespaces/x/pods/y?dryRun=All&dryRun=All',
    'POST /api/v1/namespaces/x/pods/y/exec?command=id&container=a&container=b',
    'OPTIONS /api/v1/pods',
    'get /api/v1/pods',
    'GET /api/v1/nodes/n/proxy/a//b',
    'GET /api/v1/nodes/n/proxy/a/%2e%2e/b',
    'GET /api/v1/nodes/n/proxy/a%2Fb',
  ])('%s', (line) => {
    expect(() => read(line)).toThrow(KubernetesError)
  })

  it('headers that one side reads first and another last', () => {
    const twice = [
      ['Content-Type', 'application/json'],
      ['content-type', 'application/yaml'],
    ] as const
    expect(() => read('POST /api/v1/namespaces/x/pods', { headers: twice })).toThrow(KubernetesError)
  })
})

describe('what has several spellings has one here', () => {
  it.each([
    ['GET /api/v1/namespaces/x/pods/%79', '/api/v1/namespaces/x/pods/y'],
    ['GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3anode', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node'],
    ['GET /api/v1/pods?watch=1&&labelSelector=a+in+(b)', '/api/v1/pods?labelSelector=a%20in%20%28b%29&watch=1'],
    ['GET /apis/', '/apis'],
    ['GET /api/v1/nodes/n/proxy/', '/api/v1/nodes/n/proxy/'],
    ['GET /api/v1/nodes/n/proxy/a%20b/?x=2&x=1', '/api/v1/nodes/n/proxy/a%20b/?x=2&x=1'],
    ['GET /', '/'],
  ])('%s', (line, target) => {
    expect(read(line).request.target).toBe(target)
    expect(read(`GET ${target}`).request.target).toBe(target)
  })
})
