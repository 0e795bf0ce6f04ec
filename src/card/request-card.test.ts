import { expect, it } from 'vitest'
import type { KubernetesFacts, ModelFacts } from '../operations/index.ts'
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

it('says of a request to a model which one, with what it is offered, and how large it is', () => {
  const model: ModelFacts = {
    ...{ provider: 'openai', endpoint: 'chat', model: 'gpt-4o', tools: ['run_sql', 'search'] },
    ...{ stream: true, estimatedTokens: 812, maxTokens: 4096 },
  }
  expect(requestFacts([{ effects: [], model, http: { method: 'POST', host: 'h', path: '/x' } }])).toEqual([
    ['model', 'gpt-4o'],
    ['asked for', 'chat of openai'],
    ['tools offered', 'run_sql', 'search'],
    ['tokens sent', 'about 812'],
    ['tokens answered', 'at most 4096'],
  ])
  expect(requestFacts([{ effects: [], model: { provider: 'anthropic', endpoint: 'messages', toolCalls: ['drop_table'] } }])).toEqual([
    ['model', 'not known'],
    ['calls', 'drop_table'],
  ])
})

it('says of a message of MCP which tool of which server it calls, and of the proxy which host', () => {
  const tool = { server: 'tickets', method: 'tools/call', name: 'close', arguments: { id: 7 }, uri: '' }
  expect(requestFacts([{ effects: [], tool }])).toEqual([
    ['server', 'tickets'],
    ['method', 'tools/call'],
    ['tool', 'close'],
  ])
  expect(requestFacts([{ effects: [], egress: { host: 'api.github.com', port: 443 } }])).toEqual([
    ['host', 'api.github.com'],
    ['port', '443'],
  ])
})
