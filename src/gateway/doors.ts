import type { Server } from 'node:https'
import type { Server as NetServer } from 'node:net'
import type { AdminDoor } from '../api/admin/index.ts'
import type { Listening, Operator } from '../api/local/index.ts'
import { type PlanesSurface, tokenDoor } from '../api/token/index.ts'
import { adminUrlOf, isLoopback, type ListenAddress } from '../config/index.ts'
import { addressKey, loginThrottle, Throttle } from '../identity/index.ts'
import type { HttpsDoor } from '../protocols/http/index.ts'
import { CancelRegistry, createPostgresDoor } from '../protocols/postgres/index.ts'
import { connectorDoorOf } from './connector-door.ts'
import { GatewayError } from './errors.ts'
import { bearerPlanes, type HttpSurface } from './http-surface.ts'
import type { GatewayLog } from './log.ts'
import { readMaskKey } from './mask-key.ts'
import type { Viewer } from './operator.ts'
import { reachableDatabases } from './postgres-surface.ts'
import type { Rooms } from './rooms.ts'
import { rowAnalyzer } from './row-analyzer.ts'
import { unavailable } from './unavailable.ts'
import { version } from './version.ts'

/** The listeners that jobs and people reach. */
export interface Doors {
  readonly listening: Listening
  /** Connections at each door at this moment. */
  connections(): Iterable<readonly [door: string, connections: number]>
  /** Accepts no new connections; what is live goes on. */
  closeToNew(): Promise<void>
  /** Closes what is left. */
  close(): Promise<void>
  /** Mints and presents what is near its end. */
  renewCertificates(): Promise<void>
}

/** All requests at the token door, per address: a launcher needs a few per minute. */
const TOKEN_DOOR_RATE = { burst: 120, perSecond: 10 }
/** The same at the admin door: a page asks for a few things at once, a script for one after the other. */
const ADMIN_DOOR_RATE = { burst: 200, perSecond: 20 }

export interface DoorParts {
  readonly draining: () => boolean
  /** What somebody may have done, in their name. */
  readonly operatorFor: (viewer: Viewer) => Operator
  /** Ends what is still streaming. */
  readonly closing: AbortSignal
}

/** Opens the plane first: whoever gets a credential at the token door can use it at once. @throws GatewayError GS_GATEWAY_ADDRESS */
export async function openDoors(rooms: Rooms, log: GatewayLog, parts: DoorParts): Promise<Doors> {
  const { draining } = parts
  const { credentials, evidence, exchange, guard, inForce, records, references, runs, sql, tls, authority } = rooms
  const { listen } = inForce.config.gateway
  const postgres =
    listen.postgres &&
    createPostgresDoor({
      tls,
      authenticator: credentials.postgres(),
      throttle: loginThrottle(),
      peerOf: addressKey,
      select: (selectors) => inForce.taken.resources.select(selectors),
      guard,
      sql: (session) => sql.open(session),
      maskKey: () => readMaskKey(inForce.config, references),
      analyzer: rowAnalyzer(() => inForce.config),
      cancels: new CancelRegistry(),
      log,
      onRefused: ({ code, address }) => records.signinRefused('postgres', code, address),
      onForeignPassword: (address) => records.foreignCredential('postgres', address),
    })
  const host = tls.names[0] ?? (listen.postgres ?? listen.https ?? listen.token).host
  const databases = listen.postgres &&
    postgres && { host, port: await bind('postgres', listen.postgres, () => postgres.listen(listen.postgres!)) }
  const https = await planesInHttp(rooms, log, host).catch(async (error: unknown) => {
    await postgres?.close()
    throw error
  })
  /** Of every door: the proxy carries nothing back to one. */
  const ports = new Set<number>()
  const proxy = await forwardProxy(rooms, log, { host, ports, behind: https?.door }).catch(async (error: unknown) => {
    await Promise.all([postgres?.close(), https?.door.close()])
    throw error
  })
  const surface: PlanesSurface = {
    postgres: { ...databases, reachable: (run) => reachableDatabases(inForce, run) },
    ...(https && { https: https.surface }),
    ...(proxy && { proxy: () => proxy.surface }),
  }
  const token = tokenDoor({
    exchange,
    credentials,
    runs,
    receipt: (run) => evidence.ownReceipt(run),
    account: (run) => evidence.account(run),
    names: tls.names,
    ...surface,
    ca: () => tls.ca,
    unavailable: () => unavailable(rooms.trail, draining()),
    tls: tls.options(),
    throttle: new Throttle(TOKEN_DOOR_RATE),
    failures: loginThrottle(),
    logger: log,
  })
  const tokenSeats = seats(token.server.server)
  const bound: { token?: number } = {}
  const at = { postgres: databases, https: https?.surface, surface, token: () => `https://${text(host, bound.token ?? listen.token.port)}` }
  const admin = await people(rooms, log, parts, at)
  const adminSeats = admin && seats(admin.server.server)
  const dialled = await connectorDoorOf(rooms, log)
  const closeAll = () =>
    Promise.all([postgres?.close(), https?.door.close(), proxy?.door.close(), token.close(), admin?.close(), dialled?.door.close()])
  try {
    const tokenPort = await bind('token', listen.token, () => token.listen(listen.token))
    bound.token = tokenPort
    const adminPort = listen.admin && admin && (await bind('admin', listen.admin, () => admin.listen(listen.admin!)))
    const dialledPort = dialled && (await bind('connectors', dialled.address, () => dialled.door.listen(dialled.address)))
    for (const port of [databases?.port, https?.surface.port, proxy?.surface.port, tokenPort, adminPort, dialledPort])
      if (port !== undefined) ports.add(port)
    return {
      listening: {
        ...(adminPort !== undefined && { admin: text(listen.admin!.host, adminPort) }),
        ...(databases && { postgres: text(listen.postgres!.host, databases.port) }),
        ...(https && { https: https.listening }),
        ...(proxy && { proxy: proxy.listening }),
        token: text(listen.token.host, tokenPort),
        ...(dialledPort !== undefined && { connectors: text(listen.connectors!.host, dialledPort) }),
      },
      connections() {
        const doors = { postgres, https: https?.door, proxy: proxy?.door, token: tokenSeats, admin: adminSeats }
        return Object.entries(doors).flatMap(([door, open]) => (open ? [[door, open.connections] as const] : []))
      },
      async closeToNew() {
        await Promise.all([postgres?.closeToNew(), https?.door.closeToNew(), proxy?.door.closeToNew()])
      },
      async close() {
        await closeAll()
      },
      async renewCertificates() {
        await Promise.all([authority?.renew(), rooms.interception?.renew()])
        for (const server of [token.server.server, admin?.server.server])
          (server as Partial<Server> | undefined)?.setSecureContext?.(tls.options())
        https?.door.setTls(tls.options())
        proxy?.door.setTls(tls.options())
        dialled?.door.setTls(tls.options())
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Counts connections of a server that does not say how many it has. */
function seats(server: NetServer): { readonly connections: number } {
  const taken = { connections: 0 }
  server.on('connection', (socket) => {
    taken.connections++
    socket.once('close', () => void taken.connections--)
  })
  return taken
}

/** The https door, listening; undefined where there is none. */
async function planesInHttp(rooms: Rooms, log: GatewayLog, host: string) {
  const address = rooms.inForce.config.gateway.listen.https
  if (address === undefined || rooms.http === undefined) return undefined
  const [{ httpsDoor }, { httpSurface }] = await Promise.all([import('./https-door.ts'), import('./http-surface.ts')])
  const door = await httpsDoor(rooms, rooms.http, log)
  const port = await bind('https', address, () => door.listen(address))
  return { door, listening: text(address.host, port), surface: httpSurface(rooms.inForce, { host, port }) }
}

/** The forward proxy, listening; undefined where there is none. */
async function forwardProxy(
  rooms: Rooms,
  log: GatewayLog,
  { host, ports, behind }: { readonly host: string; readonly ports: ReadonlySet<number>; readonly behind: HttpsDoor | undefined },
) {
  const { interception } = rooms
  const address = rooms.inForce.config.gateway.listen.proxy
  if (address === undefined || rooms.http === undefined) return undefined
  const { proxyDoor } = await import('./proxy-door.ts')
  const door = await proxyDoor(rooms, rooms.http, log, { ownPorts: () => ports, behind })
  const port = await bind('proxy', address, () => door.listen(address))
  const surface = { host, port, ...(interception && { ca: interception.certificate }) }
  return { door, listening: text(address.host, port), surface }
}

/** The admin door, not listening yet; undefined where nobody signs in here. */
async function people(
  { inForce, people, channels, runs, credentials, tls, trail }: Rooms,
  log: GatewayLog,
  { operatorFor, closing, draining }: DoorParts,
  at: {
    readonly postgres: ListenAddress | undefined
    readonly https: HttpSurface | undefined
    readonly surface: PlanesSurface
    readonly token: () => string
  },
): Promise<AdminDoor | undefined> {
  const { gateway } = inForce.config
  const origin = adminUrlOf(gateway)
  if (people === undefined || origin === undefined) return undefined
  const local = isLoopback(gateway.listen.admin!.host)
  // Loaded where there is such a door only.
  const [{ adminDoor }, { ownRuns }] = await Promise.all([import('../api/admin/index.ts'), import('./own-runs.ts')])
  const resource = (name: string) => inForce.taken.resources.get(name)
  return adminDoor({
    people: people.signIn,
    operatorFor: (person) => operatorFor({ name: trail.pseudonym(person.person.issuer, person.person.subject), person }),
    ownRuns: ownRuns(
      { people: people.signIn, runs, credentials, resource },
      { ...at, ca: () => tls.ca, bearer: () => bearerPlanes(inForce.config) },
    ),
    origin,
    names: [new URL(origin).hostname, ...(local ? ['localhost', '127.0.0.1', '::1'] : tls.names)],
    ...(!local && { tls: tls.options() }),
    throttle: new Throttle(ADMIN_DOOR_RATE),
    logger: log,
    closing,
    version: version(),
    slack: channels && ((request) => channels.slack(request)),
    unavailable: () => unavailable(trail, draining()),
  })
}

async function bind<T>(door: keyof Listening, { host, port }: ListenAddress, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined || code.startsWith('GS_')) throw cause
    throw new GatewayError('GS_GATEWAY_ADDRESS', `The ${door} door cannot listen on ${text(host, port)} (${code}).`, { cause })
  }
}

function text(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
