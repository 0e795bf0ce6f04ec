import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Facts, Json, KubernetesFacts, Mask, MaskedUse, Operation } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { createPolicy } from './create-policy.ts'

const asker: Asker = {
  principal: { kind: 'job', issuer: 'github', subject: 's', groups: [] },
  resource: { name: 'cluster', kind: 'kubernetes', tags: [] },
}
const anything = { name: 'anything', effect: 'allow' as const, do: ['kubernetes.*'] }
const mask = (fields: readonly string[], more: Partial<Mask> = {}): Mask => ({
  ...{ name: 'm', columns: [], fields, detect: [], patterns: [], as: 'redact', unmaskedWrite: false, predicates: false },
  ...more,
})
const BARE: Partial<KubernetesFacts> = {
  group: '',
  version: 'v1',
  subresource: '',
  namespace: 'shop',
  name: 'db',
  path: '',
  labelSelector: '',
  fieldSelector: '',
}
const CLASSES: Readonly<Record<string, string>> = {
  get: 'get',
  list: 'list',
  create: 'create',
  update: 'update',
  patch: 'patch',
  deletecollection: 'deletecollection',
}
const facts = (verb: string, resource: string, more: Partial<KubernetesFacts> = {}): Facts => ({
  effects: [{ class: CLASSES[verb] ?? verb, action: verb }],
  k8s: { verb, resource, ...BARE, ...more },
})

function decided(known: Facts | undefined, masks: readonly Mask[]): MaskedUse | 'allow' {
  const operation: Operation = {
    protocol: 'kubernetes',
    form: 'request',
    statement: { text: new Uint8Array() },
    ...(known && { facts: known }),
  }
  const decision = createPolicy(
    [anything],
    {},
    masks.map((each) => ({ mask: each })),
  ).decide(asker, operation, 0)
  if (decision.effect === 'deny') expect(decision.rules).toEqual(['mask:m'])
  return decision.masked ?? (decision.effect as 'allow')
}
const patch = (type: 'json' | 'merge' | 'strategic' | 'apply', content: Json) => ({ patch: { type, content } })
const SECRETS = [mask(['secrets'])]
const ENVIRONMENT = [mask(['environment'])]
const b64 = (text: string) => Buffer.from(text).toString('base64')

describe('of Secrets whose values are masked', () => {
  const secret = { kind: 'Secret', metadata: { name: 'db', labels: { a: 'b' } } }
  it.each([
    ['get', {}],
    ['list', { labelSelector: 'app=shop,tier in (a,b),!c', fieldSelector: 'metadata.name=db,type!=Opaque' }],
    ['watch', {}],
    ['delete', {}],
    ['deletecollection', {}],
    ['patch', patch('merge', { metadata: { labels: { a: 'c', b: null } } })],
    ['patch', patch('strategic', { metadata: { annotations: { a: '{"spec":{}}' }, $setElementOrder: [] } })],
    ['patch', patch('apply', secret)],
    [
      'patch',
      patch('json', [
        { op: 'add', path: '/metadata/labels/a', value: 'b' },
        { op: 'test', path: '/metadata/resourceVersion', value: '1' },
      ]),
    ],
    ['create', { object: secret }],
  ])('%s is allowed: %j', (verb, more) => {
    expect(decided(facts(verb, 'secrets', more as Partial<KubernetesFacts>), SECRETS)).toBe('allow')
  })

  it.each([
    ['create', { object: { ...secret, data: { p: b64('x') } } }],
    ['create', { object: { ...secret, stringData: { p: 'x' } } }],
    ['update', { object: { ...secret, data: { p: b64('[masked]') } } }],
    // What it leaves out is removed.
    ['update', { object: secret }],
    ['patch', patch('merge', { data: { p: b64('x') } })],
    ['patch', patch('merge', { data: { p: null } })],
    ['patch', patch('merge', { data: null })],
    ['patch', patch('merge', { stringData: { p: 'x' } })],
    ['patch', patch('strategic', { data: { $patch: 'replace' } })],
    ['patch', patch('apply', { ...secret, data: { p: b64('x') } })],
    [
      'patch',
      patch('merge', { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"p":"eA=="}}' } } }),
    ],
    ['patch', patch('json', [{ op: 'add', path: '/data/p', value: b64('x') }])],
    ['patch', patch('json', [{ op: 'replace', path: '/data', value: {} }])],
    ['patch', patch('json', [{ op: 'remove', path: '/data/p' }])],
    ['patch', patch('json', [{ op: 'remove', path: '/data' }])],
    [
      'patch',
      patch('json', [
        { op: 'add', path: '', value: secret },
        { op: 'add', path: '', value: { data: { p: 'x' } } },
      ]),
    ],
    ['patch', patch('json', [{ op: 'copy', from: '/metadata/name', path: '/data/p' }])],
    [
      'patch',
      patch('json', [
        { op: 'add', path: '/d~0ata', value: 'x' },
        { op: 'frobnicate', path: '/a' },
      ]),
    ],
    ['patch', patch('json', [{ op: 'add', path: '/metadata/annotations', value: { a: '{"data":{"p":"x"}}' } }])],
    ['patch', patch('json', [{ op: 'add', path: '/metadata/annotations/a', value: '{"data":{"p":"x"}}' }])],
    ['patch', patch('json', 'x')],
    ['patch', patch('json', [{ op: 'add', path: 'data/p', value: 'x' }])],
  ])('%s is refused as it writes: %j', (verb, more) => {
    expect(decided(facts(verb, 'secrets', more as Partial<KubernetesFacts>), SECRETS)).toBe('written')
  })

  it.each([
    ['test', '/data/p', b64('guess'), 'predicate'],
    ['test', '/data', { p: b64('guess') }, 'predicate'],
    ['test', '', { data: { p: b64('guess') } }, 'predicate'],
    ['test', '/data/p/x', 'guess', 'predicate'],
    ['test', '/metadata/annotations/a', '{"data":{"p":"guess"}}', 'predicate'],
  ] as const)('a patch is refused as it tests %s %s', (op, path, value, use) => {
    expect(decided(facts('patch', 'secrets', patch('json', [{ op, path, value }])), SECRETS)).toBe(use)
  })

  it.each([
    ['copy', '/data/p'],
    ['move', '/data'],
    ['copy', ''],
    ['copy', 'data'],
  ])('a patch is refused as it copies elsewhere: %s from %j', (op, from) => {
    expect(decided(facts('patch', 'secrets', patch('json', [{ op, from, path: '/metadata/annotations/a' }])), SECRETS)).toBe('source')
    // Also where it may be written: it would be shown where it comes to.
    expect(
      decided(facts('patch', 'secrets', patch('json', [{ op, from, path: '/metadata/annotations/a' }])), [
        mask(['secrets'], { unmaskedWrite: true }),
      ]),
    ).toBe('source')
  })

  it.each(['data.password=x', 'metadata.name=a,data.password!=x', 'data=x', 'stringData.a==b'])(
    'objects are not chosen by %s',
    (fieldSelector) => {
      for (const verb of ['list', 'watch', 'deletecollection'])
        expect(decided(facts(verb, 'secrets', { fieldSelector }), SECRETS)).toBe('predicate')
      expect(decided(facts('list', 'secrets', { fieldSelector }), [mask(['secrets'], { predicates: true })])).toBe('allow')
    },
  )

  it.each([
    ['a body that is not known', facts('create', 'secrets')],
    ['a patch that is not known', facts('patch', 'secrets')],
    ['a resource that is not known', { effects: [{ class: 'create', action: 'create' }], k8s: { verb: 'create' } }],
    [
      'selectors that are not known',
      { effects: [{ class: 'list', action: 'list' }], k8s: { verb: 'list', group: '', resource: 'secrets', subresource: '' } },
    ],
  ] satisfies [string, Facts][])('refused is %s', (_, known) => {
    expect(decided(known, SECRETS)).toBe('unknown')
  })

  it('everything else is not', () => {
    expect(decided(facts('create', 'configmaps'), SECRETS)).toBe('allow')
    expect(decided(facts('create', 'secrets', { group: 'example.com' }), SECRETS)).toBe('allow')
    expect(
      decided({ effects: [{ class: 'get', action: 'get path' }], k8s: { verb: 'get', path: '/healthz', resource: '' } }, SECRETS),
    ).toBe('allow')
    expect(decided({ effects: [{ class: 'create', action: 'create' }] }, [mask([])])).toBe('allow')
  })

  it('who may write what is masked writes anything but what stands for it', () => {
    const write = (as: Mask['as'], value: string) =>
      decided(facts('patch', 'secrets', patch('merge', { data: { p: value } })), [mask(['secrets'], { as, unmaskedWrite: true })])
    expect(write('redact', b64('new'))).toBe('allow')
    expect(write('redact', b64('[masked]'))).toBe('written')
    expect(write('redact', '[masked]')).toBe('written')
    expect(write('partial', b64('****2345'))).toBe('written')
    expect(write('partial', b64('****2345 and more'))).toBe('allow')
    expect(write({ fixed: 'hidden' }, b64('hidden'))).toBe('written')
    expect(write({ fixed: '' }, '')).toBe('allow')
    expect(decided(facts('update', 'secrets', { object: { data: { p: b64('x') } } }), [mask(['secrets'], { unmaskedWrite: true })])).toBe(
      'allow',
    )
    // Whether a value is what one thinks is still not told.
    expect(
      decided(facts('patch', 'secrets', patch('json', [{ op: 'test', path: '/data/p', value: 'x' }])), [
        mask(['secrets'], { unmaskedWrite: true }),
      ]),
    ).toBe('predicate')
  })
})

describe('of pods whose environment is masked', () => {
  const pod = (env: Json) => ({ spec: { containers: [{ name: 'a', image: 'i', env }] } })
  const deployment = { group: 'apps' }
  it.each([
    ['create', 'pods', { object: pod([{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }]) }],
    ['create', 'pods', { object: { spec: { containers: [{ name: 'a', image: 'i' }] } } }],
    ['update', 'deployments', { ...deployment, object: { spec: { replicas: 3 } } }],
    [
      'patch',
      'deployments',
      { ...deployment, ...patch('strategic', { spec: { template: { spec: { containers: [{ name: 'a', image: 'new' }] } } } }) },
    ],
    ['patch', 'deployments', { ...deployment, ...patch('merge', { spec: { replicas: null }, metadata: { labels: null } }) }],
    ['patch', 'deployments', { ...deployment, subresource: 'scale', ...patch('merge', { spec: { replicas: 3 } }) }],
    ['create', 'pods', { subresource: 'exec', command: ['printenv'] }],
    ['create', 'pods', { subresource: 'eviction' }],
    [
      'patch',
      'pods',
      patch('json', [
        { op: 'replace', path: '/spec/containers/0/image', value: 'i' },
        { op: 'remove', path: '/metadata/labels/a' },
      ]),
    ],
    ['patch', 'pods', patch('json', [{ op: 'test', path: '/metadata/resourceVersion', value: '7' }])],
    ['patch', 'pods', { subresource: 'status', ...patch('strategic', { status: { conditions: [{ type: 'Ready' }] } }) }],
    ['update', 'pods', { subresource: 'status', object: { ...pod([{ name: 'A', value: '[masked]' }]), status: { phase: 'Running' } } }],
  ])('%s of %s is allowed: %j', (verb, resource, more) => {
    expect(decided(facts(verb, resource, more as Partial<KubernetesFacts>), ENVIRONMENT)).toBe('allow')
  })

  it.each([
    ['create', 'pods', { object: pod([{ name: 'A', value: 'x' }]) }],
    ['update', 'pods', { object: pod([{ name: 'A', value: '[masked]' }]) }],
    ['create', 'cronjobs', { group: 'batch', object: { spec: { jobTemplate: { spec: { template: pod([{ name: 'A', value: 'x' }]) } } } } }],
    [
      'patch',
      'pods',
      {
        subresource: 'ephemeralcontainers',
        ...patch('strategic', { spec: { ephemeralContainers: [{ name: 'd', env: [{ name: 'A', value: 'x' }] }] } }),
      },
    ],
    ['patch', 'deployments', { ...deployment, ...patch('strategic', { spec: { template: pod([{ name: 'A', value: 'x' }]) } }) }],
    ['patch', 'deployments', { ...deployment, ...patch('strategic', { spec: { template: pod([{ name: 'A', $patch: 'delete' }]) } }) }],
    [
      'patch',
      'deployments',
      { ...deployment, ...patch('merge', { spec: { template: { spec: { containers: [{ name: 'a', env: null }] } } } }) },
    ],
    ['patch', 'pods', patch('json', [{ op: 'add', path: '/spec/containers/0/env/-', value: { name: 'A', value: 'x' } }])],
    ['patch', 'pods', patch('json', [{ op: 'replace', path: '/spec/containers/0/env/0/value', value: 'x' }])],
    ['patch', 'pods', patch('json', [{ op: 'remove', path: '/spec/containers/0/env' }])],
  ])('%s of %s is refused as it writes: %j', (verb, resource, more) => {
    expect(decided(facts(verb, resource, more as Partial<KubernetesFacts>), ENVIRONMENT)).toBe('written')
  })

  it('is nothing that Kubernetes itself has elsewhere; of what others define nobody knows', () => {
    for (const resource of ['services', 'serviceaccounts', 'configmaps'])
      expect(decided(facts('create', resource), ENVIRONMENT)).toBe('allow')
    expect(decided(facts('create', 'leases', { group: 'coordination.k8s.io' }), ENVIRONMENT)).toBe('allow')
    expect(decided(facts('create', 'widgets', { group: 'example.com' }), ENVIRONMENT)).toBe('unknown')
    expect(decided(facts('create', 'pods'), ENVIRONMENT)).toBe('unknown')
  })

  it('a patch that copies or tests what holds some is refused', () => {
    const of = (operation: Json) => decided(facts('patch', 'pods', patch('json', [operation])), ENVIRONMENT)
    expect(of({ op: 'copy', from: '/spec/containers/0/env/0/value', path: '/metadata/labels/a' })).toBe('source')
    expect(of({ op: 'copy', from: '/spec', path: '/metadata/labels' })).toBe('source')
    expect(of({ op: 'test', path: '/spec/containers/0/env/0/value', value: 'guess' })).toBe('predicate')
    expect(of({ op: 'test', path: '/spec', value: pod([{ name: 'A', value: 'guess' }]).spec })).toBe('predicate')
  })

  it('going back to what was read is refused, with unmaskedWrite too, as kubectl rollout undo would write what was shown', () => {
    const undo = patch('json', [{ op: 'replace', path: '/spec/template', value: pod([{ name: 'A', value: '[masked]' }]) }])
    const of = (unmaskedWrite: boolean) =>
      decided(facts('patch', 'deployments', { group: 'apps', ...undo }), [mask(['environment'], { unmaskedWrite })])
    expect([of(false), of(true)]).toEqual(['written', 'written'])
  })

  it('what a kubelet says of its pods is refused, as nobody knows its form', () => {
    expect(decided(facts('get', 'nodes', { subresource: 'proxy' }), ENVIRONMENT)).toBe('unknown')
    expect(decided(facts('get', 'nodes', { subresource: 'proxy' }), SECRETS)).toBe('allow')
  })
})

it('labels that are masked choose no objects', () => {
  const labels = [mask(['pods:metadata.labels["example.com/customer"]'])]
  for (const labelSelector of [
    'example.com/customer=a',
    'a=b,example.com/customer in (x,y)',
    '!example.com/customer',
    'example.com/customer',
  ])
    expect(decided(facts('list', 'pods', { labelSelector }), labels)).toBe('predicate')
  expect(decided(facts('list', 'pods', { labelSelector: 'app in (example.com/customer,b)' }), labels)).toBe('allow')
})

it('gives the same answer to what sets a masked field however it is dressed', () => {
  const path = fc.constantFrom('merge' as const, 'strategic' as const, 'apply' as const)
  const rest = fc.dictionary(fc.constantFrom('metadata', 'spec', 'kind', 'status'), fc.jsonValue() as fc.Arbitrary<Json>)
  fc.assert(
    fc.property(path, rest, fc.string(), fc.string(), (type, others, name, value) => {
      const content = { ...others, data: { [name]: value } } as Json
      expect(decided(facts('patch', 'secrets', patch(type, content)), SECRETS)).toBe('written')
      const operations = [{ op: 'add', path: `/data/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, value }]
      expect(decided(facts('patch', 'secrets', patch('json', operations)), SECRETS)).toBe('written')
    }),
  )
})

it('reads what is as deep as a body can be', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`) as Json
  expect(decided(facts('patch', 'secrets', patch('merge', deep)), SECRETS)).toBe('allow')
})
