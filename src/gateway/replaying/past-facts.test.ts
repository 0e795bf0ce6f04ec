import { expect, it } from 'vitest'
import type { Facts, KubernetesFacts } from '../../operations/index.ts'
import { readFacts, unrecordedOfRequest } from './past-facts.ts'

const bytes = (facts: unknown) => Buffer.from(JSON.stringify(facts))
/** Every fact of a request that is recorded: one that is added must be read, too. */
const k8s: Required<Omit<KubernetesFacts, 'object' | 'patch'>> = {
  verb: 'create',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: 'exec',
  namespace: 'shop',
  name: 'web-0',
  path: '',
  command: ['sh'],
  container: '',
  stdin: true,
  asUser: '',
  asGroups: [],
  dryRun: false,
  fieldManager: '',
  labelSelector: '',
  fieldSelector: '',
}

it('reads facts of requests as they are recorded', () => {
  const facts: Facts = { effects: [{ class: 'exec', action: 'run command' }], k8s }
  expect(readFacts(bytes(facts))).toEqual(facts)
  const http = { method: 'GET', host: 'x', path: '/', query: '', headers: { accept: '*/*' } }
  expect(readFacts(bytes({ effects: [{ class: 'get', action: 'get' }], http }))).toMatchObject({ http })
})

it('does not read what another version writes', () => {
  expect(readFacts(bytes({ effects: [], k8s: { ...k8s, later: 1 } }))).toBeUndefined()
  expect(readFacts(bytes({ effects: [{ class: 'summon', action: 'x' }] }))).toBeUndefined()
})

it('knows what of a request is not in the record: what it brought, and what something was taken out of', () => {
  const of = (over: Partial<KubernetesFacts>) => unrecordedOfRequest({ effects: [], k8s: { ...k8s, ...over } })
  expect(of({})).toEqual(['k8s.object', 'k8s.patch', 'k8s.patchType'])
  expect(of({ verb: 'get' })).toEqual([])
  expect(of({ verb: 'list', labelSelector: 'a=«redacted:token»' })).toEqual(['k8s.labelSelector'])
  expect(of({ verb: 'get', command: ['a', '«redacted:password»'] })).toEqual(['k8s.command'])
  expect(unrecordedOfRequest({ effects: [], sql: { statements: 1 } })).toEqual([])
})

it('reads those of models, tools and the proxy, and knows that arguments of tools are not among them', () => {
  const model = { provider: 'openai', endpoint: 'chat', model: 'gpt-4o', tools: [], stream: false, estimatedTokens: 3 }
  const tool = { server: 'tickets', method: 'tools/call', name: 'close', uri: '' }
  const egress = { host: 'a.test', port: 443 }
  const all = { effects: [{ class: 'call', action: 'chat' }], model, tool, egress }
  expect(readFacts(bytes(all))).toEqual(all)
  expect(readFacts(bytes({ ...all, tool: { ...tool, arguments: {} } }))).toBeUndefined()
  expect(unrecordedOfRequest({ effects: [], tool })).toEqual(['tool.arguments'])
  expect(unrecordedOfRequest({ effects: [], tool: { ...tool, method: 'tools/list' } })).toEqual([])
  expect(unrecordedOfRequest({ effects: [], tool: { ...tool, method: 'x', name: '\u00abredacted:token\u00bb' } })).toEqual(['tool.name'])
})
