import type { Connectors } from '../connector/index.ts'
import type { DialVia } from '../credentials/index.ts'
import { type Issuer, prepareWorkloads, type SpentTokens, Workloads } from '../identity/index.ts'
import { type EmbeddedDatabase, embeddedConnectorStore } from '../store/index.ts'
import type { Trail } from '../trail/index.ts'
import { ConnectorRecords } from './connector-records.ts'
import type { InForce } from './in-force.ts'
import type { Records } from './records.ts'

/** Connectors, and whose tokens enrol them. */
export interface ConnectorRoom {
  readonly connectors: Connectors
  readonly workloads: Workloads
}

interface Parts {
  readonly inForce: InForce
  readonly trail: Trail
  readonly records: Records
  readonly database: EmbeddedDatabase
  /** Those that prove jobs. */
  readonly issuers: readonly Issuer[]
  /** The same as of the token exchange: a token starts a run or enrols a connector, and that once. */
  readonly spent: SpentTokens
}

/** @returns undefined where there is no door for connectors: then no resource is behind one */
export async function openConnectorRoom({ inForce, trail, records, database, issuers, spent }: Parts): Promise<ConnectorRoom | undefined> {
  if (inForce.config.gateway.listen.connectors === undefined) return undefined
  // Loaded where there is such a door only.
  const { openConnectors } = await import('../connector/index.ts')
  const workloads = new Workloads({ prepared: prepareWorkloads(inForce.config.connectors, issuers), spent })
  const connectors = openConnectors({
    store: embeddedConnectorStore(database),
    observer: new ConnectorRecords(trail, records),
    isConfigured: (name) => inForce.config.connectors.some((each) => each.name === name),
    verifyWorkload: async (name, token, _address, shownBefore) => {
      const { subject, ...whose } = await workloads.verify(name, token, shownBefore)
      return { ...whose, subject: trail.pseudonym(whose.issuer, subject) }
    },
    workloadRule: (name) => workloads.rule(name),
  })
  return { connectors, workloads }
}

/** The way to what is behind connectors, as credentials take it. */
export const dialVia =
  (connectors: Pick<Connectors, 'dial'>): DialVia =>
  (name, { host, port }, of) =>
  (signal) =>
    connectors.dial(name, host, port, of, signal)
