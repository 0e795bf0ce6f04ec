/** Connectors beside private targets, and which names they answer for: docs/connector.md. */
export interface ConnectorOperator {
  /** Every connector that is enrolled, and every configured name that has none; sorted by name, the newest first within one. */
  connectors(): readonly ConnectorView[]
  /**
   * A token that enrols one connector under a configured name, once. Recorded first, without the token.
   * @param ttl ms @throws CodedError GS_GATEWAY_NO_CONNECTORS, GS_GATEWAY_NO_CONNECTOR_NAME
   */
  enrolConnector(name: string, ttl: number): Promise<ConnectorEnrolment>
  /**
   * Ends the links of a connector at once and lets it in no more, or takes back a token (`off_…`) that nobody used. Recorded.
   * @throws CodedError GS_GATEWAY_NO_CONNECTOR
   */
  revokeConnector(id: string, reason: string | undefined): Promise<void>
}

/** `nobody`: a configured name that no connector is enrolled under. */
export type ConnectorStanding = 'up' | 'draining' | 'down' | 'revoked' | 'nobody'

/** One connector, or a name without one. Times in ms since the epoch. */
export interface ConnectorView {
  readonly name: string
  readonly state: ConnectorStanding
  /** `con_…`; absent where there is nobody. */
  readonly id?: string
  /** Of the state. Absent where it was never up. */
  readonly since?: number
  readonly enrolledAt?: number
  /** By a token of an operator, or by the workload's own. */
  readonly enrolledBy?: 'token' | 'workload'
  /** Of its public key, SHA-256 in hex: what the connector says of itself too. */
  readonly fingerprint?: string
  /** Resources that stand behind its name. */
  readonly resources: readonly string[]
  /** Several while a process takes over from another. */
  readonly links: readonly ConnectorLink[]
}

export interface ConnectorLink {
  /** Of the connector's program, as it says itself. */
  readonly version: string
  /** Where it dials from. */
  readonly address: string
  /** ms since the epoch */
  readonly since: number
  /** Takes no new streams. */
  readonly draining: boolean
  readonly streams: number
  /** From targets, and to them; bytes. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Of a PING; absent before the first. */
  readonly rttMs?: number
}

/** What somebody needs who starts the connector. */
export interface ConnectorEnrolment {
  /** `off_…`, by which the token can be revoked as long as nobody used it. */
  readonly id: string
  readonly name: string
  /** Good for one enrolment; told once. */
  readonly token: string
  /** ms since the epoch */
  readonly expiresAt: number
  /** The door that it dials, as this gateway knows itself: `https://host:port`. */
  readonly gateway: string
  /** Whether the certificate of that door comes from a CA of the gateway's own, which the connector must be given. */
  readonly ownCa: boolean
  /** Where the resources behind this name are: `host:port`, what its allow-list needs. */
  readonly targets: readonly string[]
}
