import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectorDoor } from '../../src/api/connectors/index.ts'
import { type ConnectorObserver, type Connectors, type ConnectorsOptions, openConnectors } from '../../src/connector/index.ts'
import { type ConnectorOptions, parseAllowed, type RunningConnector, startConnector } from '../../src/connector/target/index.ts'
import { Throttle } from '../../src/identity/index.ts'
import { embeddedConnectorStore, openDatabase } from '../../src/store/index.ts'
import { issueTestCertificates, type TestCertificates } from './test-certificates.ts'

/** What an observer was told, in order. */
export type Told = { readonly kind: keyof ConnectorObserver } & Record<string, unknown>

export interface ConnectorWorld {
  readonly connectors: Connectors
  readonly certificates: TestCertificates
  readonly url: URL
  readonly told: Told[]
  /** Names that are configured; may be changed. */
  readonly names: Set<string>
  /** One of a kind, or all of it. */
  of(kind: Told['kind']): readonly Told[]
  /** A connector in this process, enrolled with a token unless told otherwise; with a data folder of its own unless one is given. */
  connector(
    options?: Partial<Omit<ConnectorOptions, 'allow'>> & { readonly allow?: readonly string[]; readonly as?: string },
  ): Promise<RunningConnector>
  /** The same, once it is up. */
  up(options?: Parameters<ConnectorWorld['connector']>[0]): Promise<RunningConnector>
  folder(): string
  close(): Promise<void>
}

/** A door for connectors on loopback, with a store, a log in memory and real TLS; and connectors that dial it. */
export async function startConnectorWorld(
  options: Partial<ConnectorsOptions> & { readonly patience?: number } = {},
): Promise<ConnectorWorld> {
  const certificates = await issueTestCertificates(['localhost', 'other.localhost'])
  const folders: string[] = []
  const running: RunningConnector[] = []
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'gatescribe-connector-'))
    folders.push(made)
    return made
  }
  const database = openDatabase(folder())
  const told: Told[] = []
  const names = new Set(['plant-a', 'plant-b'])
  const connectors = openConnectors({
    store: embeddedConnectorStore(database),
    observer: remembering(told),
    isConfigured: (name) => names.has(name),
    verifyWorkload: () => Promise.reject(new Error('no workload here')),
    workloadRule: () => undefined,
    ...options,
  })
  const door = connectorDoor({
    connectors,
    names: ['localhost', 'other.localhost'],
    tls: { cert: certificates.server.certificate, key: certificates.server.key },
    throttle: new Throttle({ burst: 1_000, perSecond: 1_000 }),
    ...(options.patience !== undefined && { patience: options.patience }),
  })
  const url = new URL(`https://localhost:${await door.listen({ host: '127.0.0.1', port: 0 })}`)

  const world: ConnectorWorld = {
    ...{ connectors, certificates, url, told, names, folder },
    of: (kind) => told.filter((one) => one.kind === kind),
    async connector({ allow = [], as = 'plant-a', ...rest } = {}) {
      const needsToken = rest.token === undefined && rest.workloadToken === undefined && rest.data === undefined
      const token = needsToken ? (await connectors.offer(as, 'someone', 60_000)).token : rest.token
      const connector = await startConnector({
        ...{ gateway: url, ca: certificates.ca, data: folder(), version: '1.2.3', log: SILENT },
        ...rest,
        ...(token !== undefined && { token }),
        allow: allow.map(parseAllowed),
      })
      running.push(connector)
      return connector
    },
    async up(how) {
      const connector = await world.connector(how)
      await isUp(connector, connectors)
      return connector
    },
    async close() {
      connectors.close()
      await Promise.all(running.map((connector) => connector.stop()))
      await door.close()
      database.close()
      for (const made of folders) rmSync(made, { recursive: true, force: true })
    },
  }
  return world
}

/** Resolves when both ends say so. */
export async function isUp(connector: RunningConnector, { state }: Pick<Connectors, 'state'>, ms = 5_000): Promise<void> {
  const until = performance.now() + ms
  const { id } = connector.state()
  while (connector.state().phase !== 'up' || !state().some((link) => link.id === id && !link.draining)) {
    if (performance.now() > until) throw new Error(`the connector is not up: ${JSON.stringify(connector.state())}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }

function remembering(told: Told[]): ConnectorObserver {
  const tell = (kind: Told['kind']) => (about: object) => void told.push({ ...about, kind })
  const durably = (kind: Told['kind']) => async (about: object) => void told.push({ ...about, kind })
  return {
    ...{ offered: durably('offered'), enrolled: durably('enrolled'), revoked: durably('revoked') },
    ...{ up: tell('up'), down: tell('down'), refused: tell('refused'), stream: tell('stream'), streamEnd: tell('streamEnd') },
  }
}
