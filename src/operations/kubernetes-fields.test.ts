import { describe, expect, it } from 'vitest'
import { coversResource, type FieldPlace, fieldPlaces, objectFields } from './kubernetes-fields.ts'

describe('a field is', () => {
  it.each([
    ['secrets:data.*', '', 'secrets', [{ name: 'data' }, 'any']],
    ['secrets:data["tls.key"]', '', 'secrets', [{ name: 'data' }, { name: 'tls.key' }]],
    [
      'pods:spec.containers[*].env[*].value',
      '',
      'pods',
      [{ name: 'spec' }, { name: 'containers' }, 'any', { name: 'env' }, 'any', { name: 'value' }],
    ],
    ['widgets.example.com:spec.**.token', 'example.com', 'widgets', [{ name: 'spec' }, 'deep', { name: 'token' }]],
    ['*:**.password', '*', '*', ['deep', { name: 'password' }]],
    ['*.example.com:$special', 'example.com', '*', [{ name: '$special' }]],
  ])('%s', (text, group, resource, path) => {
    expect(objectFields(text)).toEqual([{ text, group, resource, path }])
  })

  it.each([
    ...[
      '',
      'secret',
      'secrets:',
      ':data',
      'secrets',
      'Secrets:data',
      'secrets:data.',
      'secrets:.data',
      'secrets:data..a',
      'secrets:data[0]',
      'secrets:data["a]',
    ],
    ...['secrets:data.**', 'secrets:**', 'secrets:data.**.**.a', 'secrets:data a', '*.!:a', 'pods.!:a', `secrets:${'a.'.repeat(24)}a`],
  ])('not %j, unless it has a name of its own', (text) => {
    expect(objectFields(text) === undefined || text === 'secrets').toBe(true)
  })
})

it('is of a resource in its group, in any where the group is not known', () => {
  const [field] = objectFields('deployments.apps:spec') ?? []
  expect(['apps', undefined, '', 'extensions'].map((group) => coversResource(field!, group, 'deployments'))).toEqual([
    true,
    true,
    false,
    false,
  ])
  const environment = objectFields('environment') ?? []
  const covered = (group: string, resource: string) => environment.some((each) => coversResource(each, group, resource))
  expect([
    covered('', 'pods'),
    covered('apps', 'daemonsets'),
    covered('example.com', 'anything'),
    covered('extensions', 'deployments'),
  ]).toEqual([true, true, true, true])
  expect([covered('', 'services'), covered('apps', 'scales'), covered('coordination.k8s.io', 'leases')]).toEqual([false, false, false])
})

describe('a place', () => {
  const places = (...texts: string[]) =>
    fieldPlaces(texts.flatMap((text) => (objectFields(text) ?? []).map((field) => [field, text] as const)))
  const at = (root: FieldPlace<string>, path: string) =>
    path.split('.').reduce((place, name) => (name === '[]' ? place.element() : place.member(name)), root)

  it.each([
    ['secrets:data.*', 'data.a', 'secrets:data.*'],
    ['secrets:data.*', 'data', undefined],
    ['secrets:data.*', 'data.a.b.[]', 'secrets:data.*'],
    ['secrets:data.*', 'metadata.data.a', undefined],
    ['pods:**.env.*.value', 'spec.containers.[].env.[].value', 'pods:**.env.*.value'],
    ['pods:**.env.*.value', 'env.a.value', 'pods:**.env.*.value'],
    ['pods:**.env.*.value', 'env.env.[].value', 'pods:**.env.*.value'],
    ['pods:**.env.*.value', 'spec.env.value', undefined],
    ['pods:a.**.b.**.c', 'a.x.b.y.z.c', 'pods:a.**.b.**.c'],
    ['pods:a.**.b.**.c', 'a.b.c', 'pods:a.**.b.**.c'],
    ['pods:a.**.b.**.c', 'a.c.b', undefined],
  ])('of %s, %s is %s', (text, path, owner) => {
    expect(at(places(text), path).owner).toBe(owner)
  })

  it('belongs to the first of several, and is the same for the same', () => {
    const root = places('secrets:data.a', 'secrets:data.*', 'secrets:**.b')
    expect([at(root, 'data.a').owner, at(root, 'data.x').owner, at(root, 'spec.b').owner]).toEqual([
      'secrets:data.a',
      'secrets:data.*',
      'secrets:**.b',
    ])
    expect(at(root, 'metadata.x')).toBe(at(root, 'status.y.z'))
  })

  it('tells whether something is below, and whether that is certain', () => {
    const root = places('secrets:data.*', 'pods:**.env.*.value')
    const said = (path: string) => [at(root, path).live, at(root, path).certain]
    expect(said('data')).toEqual([true, true])
    expect(said('spec.containers.[]')).toEqual([true, false])
    expect(said('spec.containers.[].env')).toEqual([true, true])
    expect([places('secrets:data.*').member('metadata').live, places().live]).toEqual([false, false])
  })
})
