import { describe, expect, it } from 'vitest'
import type { PostgresResource } from '../operations/index.ts'
import { createResources } from './create-resources.ts'

const resource = (name: string, more: Partial<PostgresResource> = {}): PostgresResource => ({
  name,
  kind: 'postgres',
  host: 'db.internal',
  port: 5432,
  hosts: [`${name}.internal`],
  aliases: [`${name}-prod`],
  databases: new Map(),
  tags: [],
  ...more,
})
const resources = createResources([resource('orders', { databases: new Map([['orders-prod', 'orders_v2']]) }), resource('billing')])
const chosen = (selectors: Parameters<typeof resources.select>[0]) => resources.select(selectors)?.resource.name

it('is selected by option, by TLS server name without case, or by database alias', () => {
  expect(chosen({ option: 'orders', database: 'anything' })).toBe('orders')
  expect(chosen({ serverName: 'Billing.Internal.', database: 'anything' })).toBe('billing')
  expect(chosen({ serverName: 'gw.example.org', database: 'billing-prod' })).toBe('billing')
})

it('selects nothing by a name that nothing knows, not even where only one resource exists', () => {
  expect(chosen({})).toBeUndefined()
  expect(chosen({ serverName: 'gw.example.org', database: 'orders' })).toBeUndefined()
  expect(createResources([resource('only')]).select({ database: 'postgres' })).toBeUndefined()
  for (const name of ['__proto__', 'constructor', '']) expect(chosen({ option: name, serverName: name, database: name })).toBeUndefined()
})

it('does not go elsewhere when the option names what does not exist', () => {
  expect(chosen({ option: 'order', serverName: 'orders.internal', database: 'orders-prod' })).toBeUndefined()
})

it('refuses selectors that disagree, without naming what exists', () => {
  for (const selectors of [
    { option: 'orders', serverName: 'billing.internal' },
    { option: 'orders', database: 'billing-prod' },
    { serverName: 'orders.internal', database: 'billing-prod' },
  ]) {
    expect(() => resources.select(selectors)).toThrow(expect.objectContaining({ code: 'GS_RESOURCE_AMBIGUOUS' }))
    expect(() => resources.select(selectors)).not.toThrow(/orders|billing/)
  }
  expect(chosen({ option: 'orders', serverName: 'orders.internal', database: 'orders-prod' })).toBe('orders')
})

it("maps the client's database to the target's, and passes others as they are", () => {
  expect(resources.select({ database: 'orders-prod' })?.database).toBe('orders_v2')
  expect(resources.select({ option: 'orders', database: 'other' })?.database).toBe('other')
  expect(resources.select({ option: 'orders' })?.database).toBeUndefined()
})

it('hands out nothing of the credential that the configuration carries', () => {
  const configured = { ...resource('orders'), credentials: [{ as: 'reader', user: 'role' }] }
  expect(Object.keys(createResources([configured]).all[0]!)).not.toContain('credentials')
})

describe('a request', () => {
  const http = (name: string, hosts: string[] = []) =>
    ({ name, kind: 'http', host: 'h', port: 443, hosts, basePath: '', tags: [] }) as const
  const cluster = { ...http('prod-cluster'), kind: 'kubernetes', impersonate: false } as const
  const behind = createResources([resource('orders'), cluster, http('tickets', ['Tickets.internal'])])
  const own = new Set(['gw.example.org', '127.0.0.1', '::1'])
  const routed = (host: string, path: string, serverName?: string) => {
    const found = behind.route({ host, path, serverName }, own)
    return found && [found.resource.name, found.prefix]
  }

  it('selects by a host, or by a path under the gateway’s own names', () => {
    expect(routed('gw.example.org', '/r/prod-cluster/api/v1', 'gw.example.org')).toEqual(['prod-cluster', '/r/prod-cluster'])
    expect(routed('GW.example.org.', '/r/prod-cluster')).toEqual(['prod-cluster', '/r/prod-cluster'])
    expect(routed('[::1]', '/r/tickets/')).toEqual(['tickets', '/r/tickets'])
    expect(routed('tickets.internal', '/r/prod-cluster/', 'tickets.internal')).toEqual(['tickets', ''])
  })

  it('selects nothing by a name that nothing knows, or that is of another plane', () => {
    for (const [host, path] of [
      ['gw.example.org', '/'],
      ['gw.example.org', '/api/v1'],
      ['gw.example.org', '/r/orders/'],
      ['gw.example.org', '/r/prod-clusters'],
      ['gw.example.org', '/r/prod%2dcluster/'],
      ['gw.example.org', '//r/prod-cluster/'],
      ['gw.example.org', '/x/../r/prod-cluster/'],
      ['other.example.org', '/r/prod-cluster/'],
      ['orders.internal', '/'],
      ['', '/r/prod-cluster/'],
    ] as const)
      expect(routed(host, path)).toBeUndefined()
  })

  it('is misdirected where its server name is another, also one that selects the same', () => {
    for (const [host, serverName] of [
      ['gw.example.org', 'tickets.internal'],
      ['tickets.internal', 'gw.example.org'],
      ['unknown', 'gw.example.org'],
    ] as const)
      expect(() => routed(host, '/r/tickets/', serverName)).toThrow(expect.objectContaining({ code: 'GS_RESOURCE_MISDIRECTED' }))
  })

  it('never reaches a database, nor a database client a cluster', () => {
    expect(behind.select({ option: 'prod-cluster' })).toBeUndefined()
    expect(behind.select({ serverName: 'tickets.internal' })).toBeUndefined()
    expect(behind.postgres('tickets')).toBeUndefined()
    expect(behind.get('tickets')?.kind).toBe('http')
  })
})

describe('what goes through the forward proxy', () => {
  const port = (number: number, plain = false) => ({ port: number, plain })
  const code = {
    ...({ name: 'code', kind: 'egress', tags: [], private: false } as const),
    hosts: [
      { name: 'a.test', ports: [port(443), port(22, true)] },
      { name: '*.wild.test', ports: [port(443)] },
    ],
  }
  const exact = { ...code, name: 'exact', hosts: [{ name: 'one.wild.test', ports: [port(443)] }] }
  const model = {
    ...({ name: 'openai', kind: 'model', api: 'openai', usage: 'ask', prices: new Map(), tags: [] } as const),
    ...{ host: 'h', port: 443, basePath: '/v1', hosts: ['api.models.test'], intercept: true },
  }
  const resources = createResources([code, exact, model])
  const at = (host: string, number: number) => resources.destination({ host, port: number })
  const nameAt = (host: string, number: number) => {
    const found = at(host, number)
    return (
      found && ('intercepted' in found ? `${found.intercepted.name}, intercepted` : `${found.resource.name}${found.plain ? ', plain' : ''}`)
    )
  }

  it('is found by its name and port, exactly before by a star, and what is intercepted first', () => {
    expect(nameAt('a.test', 443)).toBe('code')
    expect(nameAt('a.test', 22)).toBe('code, plain')
    expect(nameAt('two.wild.test', 443)).toBe('code')
    expect(nameAt('one.wild.test', 443)).toBe('exact')
    expect(nameAt('api.models.test', 443)).toBe('openai, intercepted')
    for (const [host, number] of [
      ['a.test', 80],
      ['wild.test', 443],
      ['a.b.wild.test', 443],
      ['test', 443],
      ['api.models.test', 80],
    ] as const)
      expect(at(host, number), host).toBeUndefined()
  })

  it('is asked below the path of the address, where it is intercepted', () => {
    const route = (path: string) => resources.route({ serverName: 'api.models.test', host: 'api.models.test', path }, new Set(['gw.test']))
    expect(route('/v1/models')).toMatchObject({ resource: { name: 'openai' }, prefix: '/v1' })
    expect(route('/v1')).toMatchObject({ prefix: '/v1' })
    for (const path of ['/', '/v10/models', '/models', '/V1/models', '/v1x']) expect(route(path), path).toBeUndefined()
  })
})
