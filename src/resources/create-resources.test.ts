import { expect, it } from 'vitest'
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
