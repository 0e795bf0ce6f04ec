import { expect, it } from 'vitest'
import type { Config, ResourceConfig } from '../config/index.ts'
import type { ConnectorState, KnownConnector } from '../connector/index.ts'
import { connectorFindings, reachFindings } from './connector-findings.ts'
import { connectorOperator } from './connector-operator.ts'
import type { InForce } from './in-force.ts'

const at = Date.UTC(2026, 10, 27, 12)

const known = (id: string, more: Partial<KnownConnector> = {}): KnownConnector => ({
  ...{ id, name: 'plant-a', how: { by: 'token', offer: 'off_one', offeredBy: 'ada' }, enrolledAt: at, fingerprint: '00' },
  ...more,
})
const link = (id: string, more: Partial<ConnectorState> = {}): ConnectorState => ({
  ...{
    name: 'plant-a',
    id,
    tunnel: `tun_${id}`,
    version: '1.0.0',
    address: '10.0.0.7:1',
    since: at,
    streams: 0,
    bytesIn: 0,
    bytesOut: 0,
    draining: false,
  },
  ...more,
})
const resource = (name: string, via: string | undefined, host = 'orders.internal') =>
  ({ kind: 'postgres', name, host, port: 5432, ...(via && { via }) }) as unknown as ResourceConfig
const holding = (names: readonly string[], resources: readonly ResourceConfig[]) =>
  ({ config: { connectors: names.map((name) => ({ name })), resources } as unknown as Config }) as InForce

interface World {
  readonly known?: readonly KnownConnector[]
  readonly links?: readonly ConnectorState[]
  readonly names?: readonly string[]
  readonly resources?: readonly ResourceConfig[]
  readonly isOpen?: boolean
}

function findings({
  known: all = [],
  links = [],
  names = ['plant-a'],
  resources = [resource('orders-db', 'plant-a')],
  isOpen = true,
}: World) {
  const connectors = { known: () => all, state: () => links }
  return [...connectorFindings({ inForce: holding(names, resources), connectors, version: '1.0.0', isOpen })].map(
    ({ subject, level, found }) => `${level} ${subject}: ${found}`,
  )
}

it.each<[string, World, string]>([
  ['nobody is enrolled', {}, 'fail connectors plant-a: nobody is enrolled, and orders-db is behind it'],
  [
    'nobody is enrolled, and nothing waits for it',
    { resources: [] },
    'warn connectors plant-a: nobody is enrolled, and no resource is behind it',
  ],
  [
    'one that is enrolled never came',
    { known: [known('con_a')] },
    'fail connectors plant-a: none of 1 is connected (none ever was), and orders-db is behind it',
  ],
  [
    'one went away',
    { known: [known('con_a', { lastSeenAt: at })] },
    'fail connectors plant-a: none of 1 is connected (the last one until 2026-11-27T12:00:00.000Z), and orders-db is behind it',
  ],
  [
    'the only one drains',
    { known: [known('con_a')], links: [link('con_a', { draining: true })] },
    'fail connectors plant-a: all that are connected drain and take nothing new, and orders-db is behind it',
  ],
  [
    'one is up',
    { known: [known('con_a')], links: [link('con_a', { rttMs: 1.25 })] },
    'ok connectors plant-a: one is up, round trip 1.3 ms; orders-db is behind it. A second one would take over while it is down',
  ],
  [
    'two are up',
    { known: [known('con_a'), known('con_b')], links: [link('con_a'), link('con_b')] },
    'ok connectors plant-a: 2 links are up; orders-db is behind it',
  ],
  [
    'the gateway does not run',
    { known: [known('con_a')], isOpen: false },
    'ok connectors plant-a: 1 enrolled; who is there shows once the gateway runs',
  ],
])('says how a name stands where %s', (_, world, said) => {
  expect(findings(world)).toEqual([said])
})

it('does not count who is revoked, and says who is let in under a name that is gone', () => {
  expect(findings({ known: [known('con_a', { revokedAt: at })] })[0]).toContain('nobody is enrolled')
  expect(findings({ known: [known('con_b', { name: 'plant-z' })], names: [] })).toEqual([
    'warn connector con_b: is enrolled as plant-z, which the configuration has no more: its key opens nothing now, and will once the name is back',
  ])
})

it('says of a connector that it is of another version', () => {
  expect(findings({ known: [known('con_a')], links: [link('con_a', { version: '0.9.0' })] })[1]).toBe(
    'warn connector con_a: says that it is version 0.9.0; this gateway is 1.0.0',
  )
})

it('tries each of several connectors of a name, and names the one that does not open a target', async () => {
  const said = async (links: readonly ConnectorState[]) => {
    const asked: unknown[] = []
    const connectors = {
      state: () => links,
      async examine(...words: readonly unknown[]) {
        asked.push(words.slice(0, 4))
        return [
          { id: 'con_a', tunnel: 'tun_a' },
          { id: 'con_b', tunnel: 'tun_b', code: 'GS_CONNECTOR_TARGET_NOT_ALLOWED' as const },
        ]
      },
    }
    const found: string[] = []
    const behind = { name: 'orders-db', host: 'fd00::7', port: 5432, via: 'plant-a' }
    for await (const { level, subject, found: sentence } of reachFindings({ connectors }, behind, AbortSignal.timeout(1_000)))
      found.push(`${level} ${subject}: ${sentence}`)
    return { found, asked }
  }
  expect(await said([link('con_a'), link('con_b')])).toEqual({
    found: [
      'warn connector con_b: does not open [fd00::7]:5432 of orders-db [GS_CONNECTOR_TARGET_NOT_ALLOWED]; another one of plant-a may',
    ],
    asked: [['plant-a', 'fd00::7', 5432, { resource: 'orders-db' }]],
  })
  // Of one alone, logging in to the resource says it.
  expect(await said([link('con_a'), link('con_b', { draining: true })])).toEqual({ found: [], asked: [] })
})

it('lists names and who answers for them, and offers what a connector needs to know', async () => {
  const asked: unknown[] = []
  const operator = connectorOperator(
    {
      inForce: holding(
        ['plant-b', 'plant-a'],
        [resource('orders-db', 'plant-a'), resource('stock-db', 'plant-a', 'fd00::7'), resource('near', undefined)],
      ),
      connectors: {
        known: () => [known('con_old', { revokedAt: at }), known('con_a', { enrolledAt: at - 1 }), known('con_b'), known('con_c')],
        state: () => [link('con_a'), link('con_b', { draining: true, since: at - 5 }), link('con_b')],
        async offer(...words) {
          asked.push(words)
          return { id: 'off_one', token: 'secret', expiresAt: at }
        },
        async revoke(...words) {
          asked.push(words)
          return words[0] === 'con_a'
        },
      },
    },
    { name: 'ada' },
    () => ({ url: 'https://gw:8446', ownCa: true }),
  )
  const brief = operator.connectors().map(({ name, id, state, links, since }) => [name, id, state, links.length, since && since - at])
  expect(brief).toEqual([
    ['plant-a', 'con_b', 'up', 2, 0],
    ['plant-a', 'con_a', 'up', 1, 0],
    ['plant-a', 'con_c', 'down', 0, undefined],
    ['plant-a', 'con_old', 'revoked', 0, 0],
    ['plant-b', undefined, 'nobody', 0, undefined],
  ])
  expect(operator.connectors()[0]?.resources).toEqual(['orders-db', 'stock-db'])
  expect(await operator.enrolConnector('plant-a', 60_000)).toEqual({
    ...{ id: 'off_one', token: 'secret', expiresAt: at, name: 'plant-a', gateway: 'https://gw:8446', ownCa: true },
    targets: ['orders.internal:5432', '[fd00::7]:5432'],
  })
  await expect(operator.enrolConnector('plant-z', 60_000)).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_CONNECTOR_NAME' })
  await operator.revokeConnector('con_a', 'retired')
  await expect(operator.revokeConnector('con_z', undefined)).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_CONNECTOR' })
  expect(asked).toEqual([
    ['plant-a', 'ada', 60_000],
    ['con_a', 'ada', 'retired'],
    ['con_z', 'ada', undefined],
  ])
})

it('says that there is no door where there is none', async () => {
  const operator = connectorOperator({ inForce: holding(['plant-a'], []), connectors: undefined }, { name: 'ada' }, () => undefined)
  expect(operator.connectors()).toEqual([])
  await expect(operator.enrolConnector('plant-a', 60_000)).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_CONNECTORS' })
})
