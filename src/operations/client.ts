/** What is known of the connection that opened a session. Everything here but `address` and `tls` is a claim. */
export interface ClientInfo {
  /** Peer address and port. */
  readonly address: string
  readonly tls: boolean
  /** The user name the client sent; recorded, never used to select anything. */
  readonly user?: string
  readonly application?: string
  readonly database?: string
}
