import { createApprovals, type RunningApprovals } from '../approvals/index.ts'
import type { BreakGlass } from '../breakglass/index.ts'
import { createNamesAuthority, type NamesAuthority } from '../certificates/index.ts'
import type { Channels } from '../channels/index.ts'
import { adminUrlOf, type Config, type LoadedConfig } from '../config/index.ts'
import type { Connectors } from '../connector/index.ts'
import {
  type Connector,
  createConnector,
  createReferences,
  createSecretStore,
  loadMasterKey,
  type MasterKey,
  type References,
  type SecretStore,
} from '../credentials/index.ts'
import { createGuard, type Guard } from '../guard/index.ts'
import { openIdentityKeys, prepareIssuer, RunCredentials, TokenExchange, type Workloads } from '../identity/index.ts'
import type { People } from '../identity/people/index.ts'
import type { GatewayMeter, Metrics } from '../metrics/index.ts'
import { isBehindHttps, type Resource } from '../operations/index.ts'
import { createPins, type Pins } from '../pins/index.ts'
import type { PostgresAsk, PostgresTarget } from '../protocols/postgres/index.ts'
import { createLogin } from '../protocols/postgres/login/index.ts'
import { Recording } from '../recording/index.ts'
import { Budgets, LiveRuns } from '../runs/index.ts'
import {
  type EmbeddedDatabase,
  embeddedApprovalStore,
  embeddedAuthorityStore,
  embeddedBreakGlassStore,
  embeddedBudgetStore,
  embeddedCredentialStore,
  embeddedErasureRequests,
  embeddedHoldStore,
  embeddedPersonStore,
  embeddedPinStore,
  embeddedRetentionStore,
  embeddedRootKeyStore,
  embeddedRunStore,
  embeddedSecretStore,
  embeddedSpentTokens,
  openDatabase,
  openKeyStore,
  openPayloadStore,
} from '../store/index.ts'
import { type NewLogOrder, openTrail, type Trail } from '../trail/index.ts'
import { witnessFetch } from '../witness/index.ts'
import { dialVia, openConnectorRoom } from './connector-room.ts'
import { refuseEphemeral } from './durability.ts'
import { Evidence } from './evidence.ts'
import { Exporting } from './exporting/index.ts'
import { type HttpRooms, openHttpRooms } from './http-rooms.ts'
import { bearerPlanes } from './http-surface.ts'
import { InForce } from './in-force.ts'
import type { GatewayLog } from './log.ts'
import { payloadsAt } from './payloads-at.ts'
import { PeopleRecords } from './people-records.ts'
import { publishThread } from './publishing/index.ts'
import { Readings } from './readings.ts'
import { recordThread } from './recording/index.ts'
import { Records } from './records.ts'
import { asideThread, Retention } from './retention/index.ts'
import { RunRecords } from './run-records.ts'
import { Scanning } from './scanning/index.ts'
import { Searching } from './searching/index.ts'
import { givenTls, mintedTls, type ServingTls } from './serving-tls.ts'
import { SpanRecords } from './span-records.ts'
import { createSqlReading, type SqlReading } from './sql-reading.ts'
import { openMetrics } from './telling/index.ts'
import { pinModeOf, ToolRecords } from './tool-records.ts'
import { version } from './version.ts'
import { startWitnessing, type Witnessing, type WitnessSettings } from './witnessing.ts'

/** Bytes of a statement, where the configuration names no limit: what the relay assembles. */
const STATEMENT_BYTES = 16 * 1024 * 1024
/** How long a stop waits for the ends of runs to be recorded; ms. */
const ENDS_RECORDED_MS = 2_000

export interface OpenOptions {
  /** Sets the log aside that is there, and begins a new one. */
  readonly newLog?: NewLogOrder
}

/** Every room, built and joined; no door is open yet. */
export interface Rooms {
  readonly inForce: InForce
  readonly masterKey: MasterKey
  readonly trail: Trail
  readonly records: Records
  readonly readings: Readings
  readonly evidence: Evidence
  readonly searching: Searching
  readonly retention: Retention
  readonly exporting: Exporting
  /** Absent where the configuration names no witnesses. */
  readonly witnessing: Witnessing | undefined
  readonly secrets: SecretStore
  readonly references: References
  readonly runs: LiveRuns
  readonly credentials: RunCredentials
  readonly exchange: TokenExchange
  /** Absent where nobody signs in here. */
  readonly people: { readonly signIn: People; readonly records: PeopleRecords } | undefined
  /** Absent where nobody signs in here, so that nobody can be asked. */
  readonly approvals: RunningApprovals | undefined
  /** Absent where nobody signs in here. */
  readonly breakGlass: BreakGlass | undefined
  /** Who else is told of requests; absent where nobody can be asked. */
  readonly channels: Channels | undefined
  /** Absent where the operator brings a certificate. */
  readonly tls: ServingTls
  readonly authority: NamesAuthority | undefined
  /** Speaks for names of somebody else that are intercepted; undefined where none is. */
  readonly interception: NamesAuthority | undefined
  /** Absent where there is no door for connectors. */
  readonly connectors: Connectors | undefined
  /** Whose tokens enrol connectors; there where those are. */
  readonly workloads: Workloads | undefined
  readonly connector: Connector<PostgresAsk, PostgresTarget>
  readonly guard: Guard<PostgresAsk, PostgresTarget>
  /** Which tools of MCP servers somebody let pass. */
  readonly toolPins: Pins
  /** Absent where there is no https door. */
  readonly http: HttpRooms | undefined
  /** What jobs tell of themselves. */
  readonly spans: SpanRecords
  readonly sql: SqlReading
  readonly recording: Recording
  /** Absent where nobody reads them: then nothing is counted. */
  readonly metrics: Metrics | undefined
  readonly scanning: Scanning
  /** Writes what waits, closes the trail, gives up the data folder. @param stopped why a gateway that was started stops */
  close(stopped?: string): Promise<void>
}

/**
 * Builds the house from a configuration. The data folder is held from here on.
 * @throws CodedError where a part cannot stand: then everything that was opened is closed again
 */
export async function openRooms(loaded: LoadedConfig, log: GatewayLog, { newLog }: OpenOptions = {}): Promise<Rooms> {
  const { gateway } = loaded.config
  const masterKey = await loadMasterKey(gateway.masterKey, createReferences({ env: process.env }))
  const closers: (() => void | Promise<void>)[] = []
  const closeAll = async () => {
    for (const close of closers.reverse()) await close()
  }
  try {
    const database = openDatabase(gateway.data)
    closers.push(() => database.close())
    refuseEphemeral(gateway.data)
    const keys = openKeyStore(gateway.data)
    closers.push(() => keys.close())
    const metrics = await openMetrics(loaded.config)
    const asked = loaded.config.trail.witnesses && Promise.withResolvers<void>()
    const trail = await openTrail({
      folder: gateway.data,
      keys,
      masterKey: masterKey.sealer('trail'),
      origin: gateway.origin,
      instance: gateway.instance,
      log,
      payloads: openPayloadStore,
      publishing: publishThread,
      erasingAside: asideThread(gateway.data),
      meter: metrics?.trail,
      ...(newLog && { newLog }),
      ...(asked && { mayBeSigned: asked.promise }),
    })
    closers.push(() => trail.close())
    const witnessing = asked && (await witnessed(loaded.config.trail.witnesses!, trail, log, asked.resolve, closers))
    const searching = new Searching({ folder: gateway.data, origin: gateway.origin, trail, masterKey, log })
    closers.push(() => searching.close())
    const rooms = await join(loaded, { database, masterKey, trail, witnessing, metrics, log })
    closers.push(() => rooms.runs.close())
    closers.push(() => rooms.recording.close())
    closers.push(() => rooms.connectors?.close())
    // Behind what ends as approvals close, which is told yet.
    closers.push(() => rooms.channels?.close())
    closers.push(() => rooms.approvals?.close())
    closers.push(() => rooms.breakGlass?.stop())
    closers.push(() => rooms.people?.signIn.close())
    closers.push(() => rooms.sql.close())
    const stores = {
      holds: embeddedHoldStore(database),
      state: embeddedRetentionStore(database),
      requests: embeddedErasureRequests(database),
    }
    const retention = new Retention({ ...rooms, ...stores, folder: gateway.data, searching, log })
    closers.push(() => retention.stop())
    const exporting = exportingOf(loaded.config, trail, rooms, log)
    closers.push(() => exporting.close())
    return {
      ...rooms,
      searching,
      retention,
      exporting,
      witnessing,
      async close(stopped) {
        // On a slow disk, sessions that were cut learn only now what became of their last operations.
        await new Promise<void>((told) => trail.whenDurable(() => told()))
        rooms.guard.stop()
        rooms.http?.guard.stop()
        rooms.spans.stop()
        rooms.approvals?.close()
        await rooms.runs.recorded(ENDS_RECORDED_MS)
        rooms.readings.stop()
        if (stopped !== undefined) rooms.records.gatewayStopped(stopped)
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function witnessed(
  settings: WitnessSettings,
  trail: Trail,
  log: GatewayLog,
  allow: () => void,
  closers: (() => void | Promise<void>)[],
): Promise<Witnessing> {
  const fetch = witnessFetch()
  closers.push(() => fetch.close())
  const witnessing = await startWitnessing({ settings, trail, fetch, log, allow })
  closers.push(() => witnessing.close())
  return witnessing
}

function exportingOf(
  { gateway, exports }: Config,
  trail: Trail,
  { references }: { readonly references: References },
  log: GatewayLog,
): Exporting {
  const { data: folder, origin, instance } = gateway
  return new Exporting({ ...{ folder, origin, instance, exports, trail, references, log }, version: version() })
}

interface Opened {
  readonly database: EmbeddedDatabase
  readonly masterKey: MasterKey
  readonly trail: Trail
  readonly witnessing: Witnessing | undefined
  readonly metrics: Metrics | undefined
  readonly log: GatewayLog
}

async function join(loaded: LoadedConfig, { database, masterKey, trail, witnessing, metrics, log }: Opened) {
  const { config } = loaded
  const inForce = new InForce(loaded)
  const meter: GatewayMeter | undefined = metrics?.gateway
  const records = new Records(trail, meter)
  const readings = new Readings(trail)
  const secrets = createSecretStore(embeddedSecretStore(database), masterKey.sealer('secrets'), Date.now)
  const references = createReferences({ env: process.env, secrets })
  const adminUrl = config.gateway.listen.admin && adminUrlOf(config.gateway)
  const link = (id: string) => `${adminUrl}/approvals/${id}`
  const approvals =
    adminUrl === undefined
      ? undefined
      : createApprovals({
          store: embeddedApprovalStore(database),
          sealer: masterKey.sealer('approvals'),
          trail,
          runs: { run: (id) => runs.run(id), expect: (id) => runs.expect(id) },
          settings: () => inForce.config.approvals,
          link,
          recorded: (place) => payloadsAt(trail, place),
        })
  const spans = new SpanRecords(trail, { expect: (id) => runs.expect(id) })
  const runs: LiveRuns = new LiveRuns({
    store: embeddedRunStore(database),
    observer: new RunRecords(trail, config.gateway.durability, (run, account) => {
      approvals?.runEnded(run, account)
      spans.runEnded(run)
    }),
    budgets: new Budgets({
      settings: config.budgets,
      store: embeddedBudgetStore(database),
      pseudonym: (issuer, name) => trail.pseudonym(issuer, name),
      meter: metrics?.budgets,
    }),
  })
  const evidence = new Evidence(trail, runs, () => witnessing?.submit())
  const identityKeys = openIdentityKeys(embeddedRootKeyStore(database), masterKey.sealer('identity'))
  const credentials = new RunCredentials(identityKeys, embeddedCredentialStore(database), runs)
  const issuers = config.issuers.map((settings) => prepareIssuer(settings))
  const spent = embeddedSpentTokens(database)
  const exchange = new TokenExchange({
    issuers,
    runIdKey: identityKeys.runIds,
    runs,
    credentials,
    planes: () => bearerPlanes(inForce.config),
    spent,
    onRefused: ({ code, address, signedBy }) => records.signinRefused('token', code, address, signedBy?.issuer),
  })
  const peopleRecords = new PeopleRecords(trail, meter)
  // Loaded where people sign in only: a gateway without them starts sooner.
  const room = config.gateway.listen.admin && (await import('../identity/people/index.ts'))
  const people = room && {
    signIn: new room.People({
      prepared: room.preparePeople(config.people, config.roles),
      store: embeddedPersonStore(database),
      spent,
      sealer: masterKey.sealer('people'),
      secretOf: async (reference) => (await references.secret(reference)).secret.reveal(),
      observer: peopleRecords,
      nameOf: (issuer, subject) => trail.pseudonym(issuer, subject),
    }),
    records: peopleRecords,
  }
  const channels =
    approvals && (await import('./channels.ts')).openChannels({ approvals, link, people: people?.signIn, runs, records, references, log })
  channels?.use(config.approvals.channels)
  if (people) (await import('./own-runs.ts')).endWithSignIns({ people: people.signIn, runs })
  const glass = people && (await import('../breakglass/index.ts'))
  const breakGlass =
    glass &&
    new glass.BreakGlass({
      store: embeddedBreakGlassStore(database),
      trail,
      settings: () => inForce.config.breakGlass,
      resources: () => inForce.breakable(),
      isRevoked: (person) => people.signIn.isRevoked(person),
      recorded: (place) => payloadsAt(trail, place),
    })
  const authority = config.gateway.tls.certificate
    ? undefined
    : await createNamesAuthority({
        // A client that verifies the name it connects to must be shown that name, also where the name selects a resource.
        names: [...config.gateway.tls.names, ...ownHosts(config.resources)],
        store: embeddedAuthorityStore(database, masterKey.sealer('names authority')),
        now: Date.now,
        minted: (minted) => records.minted(minted),
      })
  const intercepted = config.resources.flatMap((resource) => (isBehindHttps(resource) && resource.intercept ? resource.hosts : []))
  // With an authority of its own: whoever trusts the gateway's names trusts nobody to speak for others.
  const interception =
    intercepted.length === 0
      ? undefined
      : await createNamesAuthority({
          names: intercepted,
          purpose: 'interception',
          store: embeddedAuthorityStore(database, masterKey.sealer('interception authority'), 'interception'),
          now: Date.now,
          minted: (minted) => records.minted(minted, 'interception'),
        })
  const { names, certificate } = config.gateway.tls
  const tls = authority ? mintedTls(authority, names) : await givenTls(certificate!, names, references)
  const connecting = await openConnectorRoom({ inForce, trail, records, database, issuers, spent })
  const dialling = connecting && { dialVia: dialVia(connecting.connectors) }
  const connector = createConnector<PostgresAsk, PostgresTarget>({
    resource: (name) => inForce.taken.configured.postgres.get(name),
    login: createLogin(),
    references,
    ...dialling,
  })
  const recording = new Recording({ trail, settings: () => inForce.config.recording, startThread: recordThread, log })
  const governing = {
    policy: () => inForce.taken.policy,
    ...{ runs, trail, recording, openings: breakGlass?.openings, meter: metrics?.guard, now: Date.now },
    ...(approvals && { asking: { approvals, hold: (protocol: Resource['kind']) => inForce.config.approvals.hold[protocol] } }),
  }
  const guard = createGuard<PostgresAsk, PostgresTarget>({
    ...governing,
    connect: (...asked) => connector.connect(...asked),
  })
  const { https, proxy } = config.gateway.listen
  const http = (https ?? proxy) && (await openHttpRooms(governing, inForce, { references, ...dialling }))
  const toolPins = createPins({
    store: embeddedPinStore(database),
    records: new ToolRecords(trail, log),
    mode: (name) => pinModeOf(inForce.taken.configured.http.get(name)),
    now: Date.now,
  })
  const sql = createSqlReading({
    connector,
    records,
    statementBytes: config.limits.statementBytes ?? STATEMENT_BYTES,
    masks: () => inForce.config.masks.length > 0,
  })
  return {
    inForce,
    scanning: new Scanning({ inForce, connector, trail }),
    sql,
    spans,
    masterKey,
    trail,
    records,
    readings,
    evidence,
    secrets,
    references,
    runs,
    credentials,
    exchange,
    people,
    approvals,
    breakGlass,
    channels,
    tls,
    authority,
    interception,
    connectors: connecting?.connectors,
    workloads: connecting?.workloads,
    connector,
    recording,
    metrics,
    guard,
    toolPins,
    http,
  }
}

/** Names of resources that are the gateway's to answer for: those that are only intercepted are somebody else's. */
function ownHosts(resources: Config['resources']): readonly string[] {
  return resources.flatMap((resource) =>
    resource.kind === 'egress' || (isBehindHttps(resource) && resource.intercept) ? [] : resource.hosts,
  )
}
