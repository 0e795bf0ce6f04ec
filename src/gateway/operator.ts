import type { GatewayStatus, Listening, LogStatus, Operator, ResourceAnswer, WitnessesStatus } from '../api/local/index.ts'
import type { ResourceConfig } from '../config/index.ts'
import { Secret } from '../credentials/index.ts'
import type { SignedInPerson } from '../identity/people/index.ts'
import type { CodedError, EgressResource } from '../operations/index.ts'
import type { Trail } from '../trail/index.ts'
import { approvalOperator } from './approving.ts'
import { breakGlassOperator } from './breaking-glass.ts'
import { type ConnectorDoorAddress, connectorOperator } from './connector-operator.ts'
import { doctor } from './doctor.ts'
import { GatewayError } from './errors.ts'
import { exportOperator } from './exporting/index.ts'
import { logOperator } from './log-keys.ts'
import { pastSessionOperator } from './past-sessions/index.ts'
import { toolOperator } from './pinning.ts'
import type { Reload } from './reload.ts'
import { replayOperator } from './replaying/index.ts'
import { personOperator } from './revoking-persons.ts'
import type { Rooms } from './rooms.ts'
import { searchTrail } from './search-trail.ts'
import { secretsOf } from './secrets-of.ts'
import { unavailable } from './unavailable.ts'
import { version } from './version.ts'
import type { Witnessing } from './witnessing.ts'

export interface OperatorParts {
  readonly rooms: Rooms
  readonly configPath: string
  readonly listening: () => Listening
  readonly draining: () => boolean
  readonly reload: Reload
  /** ms since the epoch */
  readonly startedAt: number
}

/** Whose doing something is. */
export interface Viewer {
  /** As entries name them. */
  readonly name: string
  /** Where it is known which person that is. */
  readonly person?: SignedInPerson
}

/** What an operator may do, over the rooms. What changes something, or reads the trail, is recorded first. */
export function operatorOf({ rooms, configPath, listening, draining, reload, startedAt }: OperatorParts, who: Viewer): Operator {
  const { inForce, readings, records, runs, secrets, trail } = rooms
  const viewer = who.name
  return {
    ...rooms.evidence.for(viewer),
    ...logOperator(rooms, viewer),
    ...rooms.retention.operator(viewer, who.person),
    ...replayOperator(rooms, viewer),
    ...approvalOperator(rooms, who),
    ...breakGlassOperator(rooms, who),
    ...personOperator(rooms, who),
    ...pastSessionOperator(rooms, viewer),
    ...toolOperator(rooms, who),
    ...connectorOperator(rooms, who, () => connectorDoor(rooms, listening())),
    ...rooms.scanning.operator(viewer),
    ...exportOperator(rooms.exporting, viewer),
    status: (): GatewayStatus => ({
      version: version(),
      origin: `${inForce.config.gateway.origin}/${inForce.config.gateway.instance}`,
      process: process.pid,
      startedAt,
      draining: draining(),
      configPath,
      policy: inForce.taken.policy.digest,
      trail: trail.state,
      log: { ...logStatus(trail), ...(rooms.witnessing && { witnesses: witnessesStatus(rooms.witnessing) }) },
      ...notAdmitting(unavailable(trail, draining())),
      listening: listening(),
      ...(rooms.breakGlass && { breakGlass: rooms.breakGlass.counts }),
    }),
    runs: () => runs.runs(),
    revokeRun: async (id) => runs.revoke(id, viewer),
    resumeRun: (id) => runs.resume(id, viewer),
    sessions: () => runs.sessions(),
    resources: () => inForce.config.resources.map(resourceAnswer),
    killSession: async (id) => runs.kill(id, viewer),
    async *readTrail({ before, ...reading }, signal) {
      const told = await readings.begin(viewer, reading)
      for await (const entry of trail.read({ from: reading.from, follow: reading.follow, signal, ...(before && { before }) })) {
        if (reading.follow) told(entry)
        yield entry
      }
    },
    searchTrail: (asked) => searchTrail(rooms, viewer, asked),
    async *reindex(checkOnly, signal) {
      const size = await records.logSearched(viewer, { reindex: checkOnly ? 'check' : 'build' }, {})
      yield* rooms.searching.reindex(checkOnly, size, signal)
    },
    secrets: async () => secrets.list(),
    async setSecret(name, value) {
      const secret = new Secret(Buffer.from(value).toString('utf8'))
      await records.secretChanged(viewer, name, secrets.nextVersion(name))
      secrets.set(name, secret)
      const view = secrets.list().find((known) => known.name === name)
      if (view === undefined) throw new Error('a secret that was just set is not there')
      return view
    },
    async removeSecret(name) {
      if (secretsOf(inForce.config).has(name)) throw new GatewayError('GS_GATEWAY_SECRET_IN_USE')
      if (!secrets.list().some((known) => known.name === name)) return false
      await records.secretChanged(viewer, name, undefined)
      return secrets.remove(name)
    },
    interceptionCa: async () => {
      if (rooms.interception === undefined) throw new GatewayError('GS_GATEWAY_NO_INTERCEPTION')
      return rooms.interception.certificate
    },
    namesCa: async () => {
      if (rooms.authority === undefined) throw new GatewayError('GS_GATEWAY_NO_NAMES_CA')
      return rooms.authority.certificate
    },
    reload,
    doctor: (signal) => doctor(rooms, listening().connectors !== undefined, signal),
  }
}

function connectorDoor({ inForce, tls }: Rooms, { connectors: at }: Listening): ConnectorDoorAddress | undefined {
  const { connectors: configured } = inForce.config.gateway.listen
  if (at === undefined || configured === undefined) return undefined
  const host = tls.names[0] ?? configured.host
  return { url: `https://${host.includes(':') ? `[${host}]` : host}${at.slice(at.lastIndexOf(':'))}`, ownCa: tls.ca !== undefined }
}

/** Whom it logs in as is no secret to who may read it; where the secret stands is nobody's business. */
function resourceAnswer(resource: ResourceConfig): ResourceAnswer {
  if (resource.kind === 'egress') return egressAnswer(resource)
  const { name, kind, host, port, tls, hosts, tags } = resource
  const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const covered = (classes: readonly string[] | undefined) => classes && { for: [...classes] }
  const shared = { name, kind, tls: tls.verify, hosts: [...hosts], tags: [...tags] }
  if (resource.kind === 'postgres')
    return {
      ...{ ...shared, address: at, aliases: [...resource.aliases], databases: Object.fromEntries(resource.databases) },
      credentials: resource.credentials.map(({ as, user, for: classes }) => ({ as, user, ...covered(classes) })),
    }
  return {
    ...{ ...shared, address: at + resource.basePath, aliases: [], databases: {} },
    credentials: resource.credentials.map(({ as, opens, for: classes }) => ({ as, by: opens.by, ...covered(classes) })),
  }
}

function egressAnswer({ name, kind, hosts, tags }: EgressResource): ResourceAnswer {
  const written = hosts.flatMap((host) => host.ports.map(({ port, plain }) => `${host.name}:${port}${plain ? '/plain' : ''}`))
  return { ...{ name, kind, address: '', tls: 'off' }, hosts: written, ...{ aliases: [], databases: {}, tags: [...tags], credentials: [] } }
}

function logStatus({ name, proven }: Trail): LogStatus {
  const { size, minimum, age } = proven
  return { name, size, minimum, checkpointAge: Math.round(age) }
}

function witnessesStatus({ need, compared, age, states }: Witnessing): WitnessesStatus {
  const of = states.map(({ name, url, size, error }) => ({
    ...{ name, url },
    ...(size === undefined ? {} : { size }),
    ...(error === undefined ? {} : { error: error.code }),
  }))
  return { need, asked: compared, age: Math.round(age), of }
}

function notAdmitting(why: CodedError | undefined): Pick<GatewayStatus, 'unavailable'> {
  return why ? { unavailable: why.code } : {}
}
