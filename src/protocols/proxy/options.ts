import type { TlsOptions } from 'node:tls'
import type { BearerAuthenticator, LoginThrottle } from '../../identity/index.ts'
import type { EgressResource, HttpResource, Run } from '../../operations/index.ts'
import { STRANGER_LIMITS, type StrangerLimits } from '../door/index.ts'
import type { HttpGuard } from '../http/index.ts'
import type { Intercepting } from './intercept.ts'
import type { Surroundings } from './reach.ts'
import type { Authority } from './read-connect.ts'
import type { Resolve } from './resolver.ts'

/** Where a connection goes. */
export type Destination =
  /** As it is. `plain`: something else than TLS may be spoken there. */
  | { readonly resource: EgressResource; readonly plain: boolean }
  /** To the gateway itself, in the name of somebody else. */
  | { readonly intercepted: HttpResource }

/** What the proxy says of itself; a pino logger fits. Never given content or secrets. */
export interface ProxyLog {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** One has said who it is by its CONNECT. */
export interface ProxyLimits extends StrangerLimits {
  /** From the answer to CONNECT to the whole ClientHello; ms. Default 10,000. */
  readonly helloMs: number
  /** Connections of one run, at once. Default 256. */
  readonly perRun: number
}

export const DEFAULT_LIMITS: ProxyLimits = {
  ...STRANGER_LIMITS,
  helloMs: 10_000,
  perRun: 256,
}

export interface ProxyOptions {
  /** Certificates by server name, as `node:https` takes them. */
  readonly tls: TlsOptions
  readonly authenticator: BearerAuthenticator
  /** Refuses an address after too many failures. */
  readonly throttle: LoginThrottle
  /** Whom an address belongs to: one IPv6 host can choose from a whole network. */
  readonly peerOf: (address: string) => string
  /** @returns undefined where no resource names it */
  readonly destination: (authority: Authority) => Destination | undefined
  readonly guard: HttpGuard
  readonly ownPorts: Surroundings['ownPorts']
  /** Default: the system's, few at once. */
  readonly resolve?: Resolve
  /** Answers in the name of somebody else; absent: nothing is intercepted. */
  readonly intercepting?: Intercepting
  /** A run wanted to go where no resource leads: for the trail. */
  readonly onUnknown: (run: Run, authority: Authority) => void
  /** A credential was presented and opened nothing: for the trail. @param code `GS_…` */
  readonly onRefused: (refused: { readonly code: string; readonly address: string }) => void
  /** A credential was sent that is none of ours: perhaps somebody's real one. */
  readonly onForeignCredential: (address: string) => void
  readonly log: ProxyLog
  readonly limits?: Partial<ProxyLimits>
}
