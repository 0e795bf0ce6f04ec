/** One way to the same PostgreSQL, to be measured beside the others. */
export interface Contender {
  readonly name: string
  /** TLS on both its halves; else on neither. */
  readonly encrypted: boolean
  readonly port: number
  readonly user: string
  readonly password?: string
  readonly database: string
  /** Processes whose CPU is the price of this way; none for the direct one. */
  readonly pids: readonly number[]
  stop(): Promise<void>
}
