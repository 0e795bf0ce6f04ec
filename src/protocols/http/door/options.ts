import type { TlsOptions } from 'node:tls'
import type { LoginThrottle } from '../../../identity/index.ts'
import type { HttpResource, Run } from '../../../operations/index.ts'
import { STRANGER_LIMITS, type StrangerLimits } from '../../door/index.ts'
import type { HttpGuard, HttpPlane, OwnEndpoint } from '../plane.ts'
import type { Authenticators } from './identify.ts'

/** What the door says of itself; a pino logger fits. Never given content or secrets. */
export interface DoorLog {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** One has said who it is by its first request. */
export interface HttpsDoorLimits extends StrangerLimits {
  /** For the head of each further request, from its first byte; ms. Default 10,000. */
  readonly headMs: number
  /** A connection with nothing under way is closed after this; ms. Default 120,000, longer than clients keep theirs. */
  readonly idleMs: number
  /** For the next bytes of a body, while they are waited for; ms. Default 60,000. */
  readonly bodyMs: number
  /** Targets that one connection may speak to. Default 16. */
  readonly sessions: number
  /** Connections that one run may have at once. Default 1,000. */
  readonly connectionsPerRun: number
}

/** A connection whose client is known already: of its requests none says who it is from. */
export interface Vouched {
  readonly run: Run
  /** Of the client. */
  readonly address: string
  /** In lower case: what the client asked to be connected to, and the name that its TLS asked for. */
  readonly host: string
}

/** Where a request goes. */
export interface Selected {
  readonly resource: HttpResource
  /** What stands before the resource's own path: nothing where the host is the resource's, else `/r/<name>`. */
  readonly prefix: string
}

/** What the gateway answers itself. */
export interface Own {
  readonly endpoint: OwnEndpoint
  /** What stands before its own path. */
  readonly prefix: string
}

/** What anybody is told, whoever they are. */
export interface OpenAnswer {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
}

/** By the kind of resource. */
export type HttpPlanes = Readonly<Partial<Record<HttpResource['kind'], HttpPlane>>> & { readonly http: HttpPlane }

export interface HttpsDoorOptions {
  /** Certificates by server name, as `node:https` takes them. */
  readonly tls: TlsOptions
  readonly authenticators: Authenticators
  /** Refuses an address after too many failures. */
  readonly throttle: LoginThrottle
  /** Whom an address belongs to: one IPv6 host can choose from a whole network. */
  readonly peerOf: (address: string) => string
  /**
   * Where a request goes, from what it names. @returns undefined where nothing is selected
   * @throws CodedError where TLS server name and host disagree (421)
   */
  readonly route: (named: { readonly serverName: string | undefined; readonly host: string; readonly path: string }) => Selected | undefined
  /**
   * What the gateway itself answers, asked where no resource is selected and the host is one of its own names. @returns undefined where it is nothing
   */
  readonly own?: (named: { readonly host: string; readonly path: string }) => Own | undefined
  /**
   * What is said to whoever shows no credential: how to come by one. It must not show what is configured. @returns undefined where there is nothing to say
   */
  readonly openly?: (asked: { readonly method: string; readonly authority: string; readonly path: string }) => OpenAnswer | undefined
  readonly guard: HttpGuard
  /** What is of a kind without a plane is not reached here. */
  readonly planes: HttpPlanes
  /** A credential was presented and opened nothing: for the trail. No value that a client sent is in it. @param code `GS_…` */
  readonly onRefused: (refused: { readonly code: string; readonly address: string }) => void
  /** A credential was sent that is none of ours: perhaps somebody's real one. */
  readonly onForeignCredential: (address: string) => void
  readonly log: DoorLog
  readonly limits?: Partial<HttpsDoorLimits>
}

export const DEFAULT_LIMITS: HttpsDoorLimits = {
  ...STRANGER_LIMITS,
  headMs: 10_000,
  idleMs: 120_000,
  bodyMs: 60_000,
  sessions: 16,
  connectionsPerRun: 1_000,
}
