import type { Logger } from 'pino'
import type { Listening, Operator, Reloaded } from '../api/local/index.ts'

export interface StartOptions {
  readonly configPath: string
  readonly log: Logger
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal
}

/** A gateway in this process. */
export interface RunningGateway {
  readonly ready: Listening & { readonly socket: string }
  /** Drains, at most for `gateway.drain`, then stops. Called again, it returns the same promise. */
  stop(): Promise<void>
  /** Resolves with the exit code once everything is closed, whoever caused it. */
  readonly stopped: Promise<number>
  reload(): Promise<Reloaded>
}

/** The rooms behind the Operator without any door open; the data folder is held until `close`. */
export interface StandingGateway {
  readonly operator: Operator
  close(): Promise<void>
}

/** What the commands need of `gateway/`. */
export interface GatewayRoom {
  startGateway(options: StartOptions): Promise<RunningGateway>
  /** For what must work before the first start, such as `secret set`. @throws StoreError where a gateway runs */
  openGateway(options: StartOptions): Promise<StandingGateway>
}

/** Imported only by the commands that need it, so that `--help` is not slower for it. */
export async function gatewayRoom(): Promise<GatewayRoom> {
  return import('../gateway/index.ts')
}
