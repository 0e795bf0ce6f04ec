import { expect, it } from 'vitest'
import type { KubernetesFacts } from '../operations/index.ts'
import { requestFacts } from './request-facts.ts'

const exec: KubernetesFacts = {
  verb: 'create',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: 'exec',
  namespace: 'shop',
  name: 'web-0',
  path: '',
  command: ['sh', '-c', 'rm -rf /data'],
  container: '',
}
const facts = (k8s: KubernetesFacts) => Object.fromEntries(requestFacts([{ effects: [], k8s }]).map(([name, ...values]) => [name, values]))

it('says of a request to a cluster what it is about, each argument of a command on its own', () => {
  expect(facts(exec)).toEqual({
    verb: ['create'],
    'kind of object': ['pods/exec (v1)'],
    namespace: ['shop'],
    name: ['web-0'],
    command: ['sh', '-c', 'rm -rf /data'],
  })
})

it('says that a request names no object, and what is not known', () => {
  expect(
    facts({
      verb: 'deletecollection',
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
      subresource: '',
      namespace: '',
      name: '',
      labelSelector: 'a=b',
      dryRun: true,
    }),
  ).toEqual({
    verb: ['deletecollection'],
    'kind of object': ['deployments (apps/v1)'],
    namespace: ['none: of the cluster, or of all namespaces'],
    name: ['none: all that match'],
    'label selector': ['a=b'],
    'dry run': ['yes: nothing is stored'],
  })
  expect(facts({ verb: 'create', resource: 'secrets', name: '' })).toMatchObject({ name: ['as the request says'] })
  expect(facts({ verb: 'patch', resource: 'pods' })).toMatchObject({
    'kind of object': ['pods (not known/not known)'],
    name: ['not known'],
  })
  expect(facts({ verb: 'get', path: '/metrics' })).toEqual({ verb: ['get'], path: ['/metrics'] })
})

it('says of an HTTP request its method, host and path', () => {
  const http = { method: 'DELETE', host: 'api.example', path: '/v1/things/1', query: 'force=1', headers: { accept: '*/*' } }
  expect(requestFacts([{ effects: [], http }])).toEqual([
    ['method', 'DELETE'],
    ['host', 'api.example'],
    ['path', '/v1/things/1'],
    ['query', 'force=1'],
  ])
})
