import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP, type WrittenConfig, type WrittenRule } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type Host, type Networks, startNetworks } from '../parts/network.ts'
import type { JobCredential } from '../parts/token-exchange.ts'
import { type RunningConnector, startConnectorProcess } from './connector-process.ts'
import { startTargets, type Targets, type Wanted } from './targets.ts'

export const ROLE = 'orders_app'
export const PASSWORD = 'open-sesame-77b1'
export const DATABASE = 'orders'
export const POD = 'web'
/** What the resources stand behind. */
export const NAME = 'plant-a'
/** Where the gateway's door for connectors is: the network is this test's own. */
const DOOR = 8446

export const ALLOW: WrittenRule = {
  name: 'orders-may',
  effect: 'allow',
  who: { groups: [JOB_GROUP] },
  do: ['postgres.*', 'postgres.backend', 'postgres.statistics', 'kubernetes.*', 'kubernetes.credential', 'model.*', 'http.*'],
}

export interface WorldOptions {
  /** By default PostgreSQL alone. */
  readonly wanted?: Wanted
  /** Last word on the configuration. @param file where secrets and CAs are written: a reference to the file */
  readonly adjust?: (config: WrittenConfig, file: (name: string, content: string) => string, target: Host) => void
}

/**
 * Two networks. This process is on the one outside, with the issuer, the gateway and every client, all on its loopback; real targets are on the
 * private one; connectors have a leg in each.
 */
export interface World {
  readonly networks: Networks
  readonly issuer: TestIssuer
  gateway: RunningGateway
  /** The host that the targets run in. */
  readonly target: Host
  readonly targets: Targets
  /** Every target's address and name, with its port. */
  readonly places: readonly (readonly [string, number])[]
  /** Starts a connector in a host of its own, and waits until its link is up. */
  connector(options?: { readonly words?: readonly string[]; readonly allow?: readonly string[] }): Promise<RunningConnector>
  /** Waits until so many links are up, as the gateway says. @returns the ms that it took. @throws after `patience` ms, by default 10,000 */
  linksUp(count: number, patience?: number): Promise<number>
  /** For `new Client(…)`: through the gateway as this job. */
  clientOf(job: JobCredential): { host: string; port: number; user: string; password: string; database: string }
  remove(): Promise<void>
}

export const POSTGRES = { role: ROLE, password: PASSWORD, database: DATABASE }

export async function startWorld({ wanted = { postgres: POSTGRES }, adjust }: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-private-'))
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return `file:${join(folder, name)}`
  }
  const networks = startNetworks(['outside', 'private'])
  const here = networks.plugIn('outside')
  const target = networks.host('target', ['private'])
  const [targets, issuer] = await Promise.all([startTargets(target, wanted), startIssuer()])
  const connectors: RunningConnector[] = []
  const resources = resourcesOf(targets, file)
  const gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      Object.assign(config.gateway, {
        listen: { postgres: '127.0.0.1:0', token: '127.0.0.1:0', https: '127.0.0.1:0', connectors: `${here}:${DOOR}` },
        tls: { names: ['localhost', 'gateway.internal'] },
      })
      Object.assign(config, { connectors: [{ name: NAME }], resources, rules: [ALLOW] })
      adjust?.(config, file, target)
    },
  }).catch(async (error) => {
    await removeOthers()
    throw error
  })
  async function removeOthers(): Promise<void> {
    for (const connector of connectors) await connector.remove()
    await targets.stop()
    await issuer.close()
    networks.unplug('outside')
    networks.remove()
    rmSync(folder, { recursive: true, force: true })
  }
  const names = Object.fromEntries([...NAMES, API].map((name) => [name, target.address('private')]))
  const places: (readonly [string, number])[] = [targets.postgres, targets.cluster, targets.model].flatMap((started, at) =>
    started ? [[target.address('private'), started.port] as const, [NAMES[at]!, started.port] as const] : [],
  )
  const world: World = {
    ...{ networks, issuer, gateway, target, targets, places },
    async connector({ words, allow = resources.map(({ address }) => placeOf(String(address))) } = {}) {
      const host = networks.host(`connector${connectors.length + 1}`, ['outside', 'private'])
      host.names({ ...names, 'gateway.internal': here })
      const { token } = await world.gateway.operator.enrolConnector({ name: NAME })
      const before = (await links(world)).length
      const connector = await startConnectorProcess({
        ...{ host, gateway: `https://gateway.internal:${DOOR}`, ca: world.gateway.ca, name: NAME, allow, token },
        ...(words && { words }),
      })
      connectors.push(connector)
      await world.linksUp(before + 1).catch((error) => {
        throw new Error(`${error.message}\n${connector.log()}\n${world.gateway.log().slice(-2_000)}`)
      })
      return connector
    },
    async linksUp(count, patience = 10_000) {
      const began = performance.now()
      for (;;) {
        const up = (await links(world)).length
        if (up === count) return performance.now() - began
        if (performance.now() - began > patience) throw new Error(`${up} links are up, not ${count}, after ${patience} ms`)
        await sleep(20)
      }
    },
    clientOf: ({ run, password }) => ({ host: '127.0.0.1', port: world.gateway.port, user: run, password, database: DATABASE }),
    remove: () => world.gateway.remove().finally(removeOthers),
  }
  return world
}

/** What another API is called there, which a test starts itself. */
export const API = 'api.internal'
/** What the targets are called beside them. */
const NAMES = ['orders.internal', 'kubernetes.default.svc', 'models.internal'] as const

function resourcesOf(targets: Targets, file: (name: string, content: string) => string): Record<string, unknown>[] {
  const { postgres, cluster, model } = targets
  const ca = (name: string, pem: string) => ({ ca: file(`${name}-ca.pem`, pem) })
  const of = (name: string, kind: string, address: string) => ({ name, kind, address, via: NAME })
  return [
    ...(postgres
      ? [
          {
            ...of('orders', 'postgres', `${NAMES[0]}:${postgres.port}`),
            ...{ aliases: [DATABASE], databases: { [DATABASE]: DATABASE } },
            tls: { verify: 'full', serverName: 'localhost', ...ca('postgres', postgres.ca) },
            credentials: [{ as: 'job', user: ROLE, password: file('password', PASSWORD) }],
          },
        ]
      : []),
    ...(cluster
      ? [
          {
            ...of('cluster', 'kubernetes', `https://${NAMES[1]}:${cluster.port}`),
            tls: ca('cluster', cluster.ca),
            credentials: [{ as: 'robot', token: file('cluster-token', cluster.token) }],
          },
        ]
      : []),
    ...(model
      ? [
          {
            ...of('model', 'model', `https://${NAMES[2]}:${model.port}/v1`),
            ...{ api: 'openai', tls: ca('model', model.ca) },
            credentials: [{ as: 'key', apiKey: file('model-key', model.key) }],
          },
        ]
      : []),
  ]
}

/** `host:port` of an address with or without a scheme and a path. */
function placeOf(address: string): string {
  return address.includes('://') ? new URL(address).host : address
}

/** Those that take new streams. */
async function links({ gateway }: World) {
  return (await gateway.operator.connectors()).flatMap((connector) => connector.links.filter(({ draining }) => !draining))
}
