/** One way to the same server in HTTP, to be measured beside the others. */
export interface HttpContender {
  readonly name: string
  /** Its URL, with whatever path stands before the server's own. */
  readonly server: string
  /** PEM. */
  readonly ca: string
  /** Bearer token. */
  readonly token: string
  /** Processes whose CPU is the price of this way; none for the direct one. */
  readonly pids: readonly number[]
  stop(): Promise<void>
}
