/** How somebody became a connector. */
export type EnrolledBy =
  /** `offer` and `offeredBy` of the token that was spent. */
  | { readonly by: 'token'; readonly offer: string; readonly offeredBy: string }
  /** The name of its workload, as identity/ derives it: no claim's text. */
  | ({ readonly by: 'workload' } & ProvenWorkload)

export interface ProvenWorkload {
  /** By its configured name. */
  readonly issuer: string
  readonly subject: string
  /** Which rule took it: while another one is in force, it has to be shown again. */
  readonly rule: string
  /** Identifies the token, and is none: the same key may show the same one again. */
  readonly token: string
}

/** One TLS connection of one connector. */
export interface TunnelFacts {
  /** `tun_…` */
  readonly tunnel: string
  /** `con_…` */
  readonly connector: string
  readonly name: string
  readonly address: string
}

export interface StreamFacts extends TunnelFacts {
  /** `str_…` */
  readonly stream: string
  readonly resource: string
  readonly session?: string
  /** `host:port` */
  readonly target: string
}

/** Why a link is down. */
export type DownReason =
  /** The connector or the network closed it. */
  | 'closed'
  /** Nothing came for longer than a link may be silent. */
  | 'silent'
  /** What came is no HTTP/2 as it was agreed on. */
  | 'protocol'
  | 'revoked'
  /** The configuration has the name no more. */
  | 'unconfigured'
  /** The rule that it was taken in by, as a workload, is in force no more. */
  | 'workload'
  /** The connector drained and its streams ended. */
  | 'drained'
  | 'stopping'

/** Why a stream is over. */
export type StreamEnd =
  /** Both sides ended. */
  | 'ended'
  /** The gateway had no more use for it. */
  | 'dropped'
  /** The target, or the connector, broke it off. */
  | 'reset'
  /** Its link went down. */
  | 'link-down'

/**
 * Told of everything that belongs into the log. What returns a promise is durable once that resolves; the rest is in order before whatever
 * is told or recorded after it.
 */
export interface ConnectorObserver {
  offered(offer: { readonly offer: string; readonly name: string; readonly offeredBy: string; readonly expiresAt: number }): Promise<void>
  enrolled(connector: {
    readonly connector: string
    readonly name: string
    readonly address: string
    readonly how: EnrolledBy
  }): Promise<void>
  /** A connector, or an offer that nobody used. Its links are down already. */
  revoked(revoked: {
    readonly id: string
    readonly name: string
    readonly revokedBy: string
    readonly reason?: string
    readonly streams: number
  }): Promise<void>
  up(tunnel: TunnelFacts & { readonly version: string }): void
  down(tunnel: TunnelFacts & { readonly why: DownReason; readonly ms: number; readonly bytesIn: number; readonly bytesOut: number }): void
  /** A bad enrolment or proof. `connector` and `name` where they are known here, and only then. */
  refused(refused: { readonly code: string; readonly address: string; readonly connector?: string; readonly name?: string }): void
  /** A connector opened the target: told before anybody gets the stream. */
  stream(stream: StreamFacts): void
  /** From the target, and to it; bytes. */
  streamEnd(
    stream: StreamFacts & { readonly why: StreamEnd; readonly ms: number; readonly bytesIn: number; readonly bytesOut: number },
  ): void
}
