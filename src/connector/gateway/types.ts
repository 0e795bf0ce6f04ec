import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ConnectorCode } from '../errors.ts'
import type { ConnectorObserver, ProvenWorkload } from './observer.ts'
import type { ConnectorStore, StoredConnector } from './store.ts'

/** One link that is up. */
export interface ConnectorState {
  /** What resources name in `via`. */
  readonly name: string
  /** `con_…`; several links may be of one connector, while a new process takes over from an old one. */
  readonly id: string
  /** `tun_…` */
  readonly tunnel: string
  /** Of the connector's program, as it says itself: at most 64 printable characters. */
  readonly version: string
  readonly address: string
  /** ms since the epoch */
  readonly since: number
  readonly streams: number
  /** From targets, and to them; bytes. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly draining: boolean
  /** Of the last PING; absent before the first answer. */
  readonly rttMs?: number
}

/** Of one name, since the gateway started. */
export interface ConnectorTotals {
  /** Links that came up. */
  readonly connects: number
  /** Streams that were opened. */
  readonly streams: number
  /** Streams that could not be opened. */
  readonly refused: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** The gateway's end of all links: what dialling, metrics and the operator see. */
export interface Tunnels {
  /**
   * Opens a stream of bytes to a target behind the connectors of a name: at the one with the fewest open streams, at another where that one
   * cannot or goes away meanwhile. Waits at most 2 s for one to come (back).
   * @returns it ends half (`end()`), is reset by `destroy(error)`, and emits `error` where the other side breaks off; that it does is nobody's crash
   * @throws ConnectorError GS_CONNECTOR_ABSENT, _TARGET_NOT_ALLOWED, _TARGET_UNREACHABLE, _BUSY, _CLOSED, _STOPPING; or the signal's reason
   */
  dial(
    via: string,
    host: string,
    port: number,
    of: { readonly resource: string; readonly session?: string },
    signal: AbortSignal,
  ): Promise<Duplex>
  /** Links that are up. */
  state(): readonly ConnectorState[]
  totals(): ReadonlyMap<string, ConnectorTotals>
}

/** Whether one link opens a target. */
export interface Examined {
  /** `con_…` */
  readonly id: string
  /** `tun_…` */
  readonly tunnel: string
  /** Why it does not. */
  readonly code?: ConnectorCode
}

/** A connector that is, or was, enrolled. */
export interface KnownConnector extends Omit<StoredConnector, 'publicKey'> {
  /** SHA-256 of its public key, lower-case hex: what the connector prints too. */
  readonly fingerprint: string
}

/** What somebody who wants to be a connector sends. */
export interface Enrolment {
  /** Needed with a workload token; beside an enrolment token it must be the token's own. */
  readonly name?: string
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  /** Signature over the exporter's bytes of this TLS connection. */
  readonly proof: Uint8Array
  readonly with: { readonly token: string } | { readonly workloadToken: string }
}

/** The TLS connection that a request came on. */
export interface Channel {
  readonly address: string
  /** RFC 9266 `tls-exporter`: 32 bytes that both ends of this connection know, and no other connection has. */
  readonly binding: Uint8Array
}

/** Who a connector proved to be, for this connection. */
export interface Proven {
  readonly id: string
  readonly name: string
  readonly version: string
}

/** Enrolment, links, revocation. One for a gateway. */
export interface Connectors extends Tunnels {
  /**
   * Which links of a name open a target: each is tried, where `dial` is content with one, and what opens is closed at once.
   * @throws the signal's reason
   */
  examine(via: string, host: string, port: number, of: { readonly resource: string }, signal: AbortSignal): Promise<readonly Examined[]>
  /** Every connector that was ever enrolled, the oldest first. */
  known(): readonly KnownConnector[]
  /**
   * A token that enrols one connector of a configured name, once; recorded first.
   * @param by pseudonym @param ttl ms @throws ConnectorError GS_CONNECTOR_NAME_UNKNOWN
   */
  offer(name: string, by: string, ttl: number): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: number }>
  /** Cuts a connector's links at once and lets it in no more, or takes back an offer (`off_…`). @returns false where there is no such one */
  revoke(id: string, by: string, reason?: string): Promise<boolean>
  /** @throws ConnectorError where it is refused; that is recorded */
  enrol(enrolment: Enrolment, channel: Channel): Promise<{ readonly id: string; readonly name: string }>
  /**
   * Checks a connector's proof for this connection. @param id `con_…`
   * @throws ConnectorError GS_CONNECTOR_UNKNOWN, _REVOKED, _NAME_UNKNOWN, _WORKLOAD_CHANGED, _PROOF_INVALID, _BUSY, _STOPPING; that is recorded
   */
  prove(claim: { readonly id: string; readonly proof: Uint8Array; readonly version: string }, channel: Channel): Proven
  /** Speaks HTTP/2 on a connection that switched to it, as its client. */
  attach(proven: Proven, socket: TLSSocket): void
  /** After a reload: links of names that are configured no more are cut, and of workloads that another rule took in than the one in force. */
  settingsChanged(): void
  /** Opens no stream any more; links stay for what is open. */
  drain(): void
  /** Ends all links. */
  close(): void
}

export interface ConnectorsOptions {
  readonly store: ConnectorStore
  readonly observer: ConnectorObserver
  /** Whether the configuration in force has a connector of that name. */
  readonly isConfigured: (name: string) => boolean
  /**
   * Whose workload token this is, where it may enrol a connector of that name. Refuses by throwing: what is thrown is told to nobody but the
   * log of the process.
   * @param shownBefore what identifies the token that the same key enrolled with: that one is not spent for it
   */
  readonly verifyWorkload: (name: string, token: string, address: string, shownBefore?: string) => Promise<ProvenWorkload>
  /** Identifies the rule in force by which workloads may become connectors of that name; undefined where none may. */
  readonly workloadRule: (name: string) => string | undefined
  /** ms since the epoch; for tests. */
  readonly now?: () => number
}
