import type { CodedError } from '../../operations/index.ts'
import type { AllowedTarget } from './allowed-target.ts'

/** Where a connector writes what happens. pino's shape. */
export interface ConnectorLog {
  info(about: object, text: string): void
  warn(about: object, text: string): void
  error(about: object, text: string): void
}

export interface ConnectorOptions {
  /** `https://host:port` of the gateway's door for connectors. */
  readonly gateway: URL
  /** PEM; default: what the system trusts. */
  readonly ca?: string
  /** The folder of its key; made with mode 0700 where absent. */
  readonly data: string
  readonly allow: readonly AllowedTarget[]
  /** What it is to be called; needed with a workload token. */
  readonly name?: string
  /** Spent by the first enrolment. */
  readonly token?: string
  /** Read anew at each try. */
  readonly workloadToken?: () => Promise<string>
  /** Told to the gateway. */
  readonly version: string
  readonly log: ConnectorLog
}

/** enrolling → connecting → up → draining; `refused` is for good. */
export type ConnectorPhase = 'enrolling' | 'connecting' | 'up' | 'draining' | 'refused' | 'stopped'

export interface RunningState {
  readonly phase: ConnectorPhase
  /** Of the phase, ms since the epoch. */
  readonly since: number
  /** `con_…` */
  readonly id: string
  readonly name?: string
  readonly streams: number
  /** From targets, and to them, since it runs; bytes. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly rttMs?: number
  /** Why it is not up, or why the last link went down. */
  readonly lastError?: Pick<CodedError, 'code' | 'message' | 'next'>
}

export interface RunningConnector {
  state(): RunningState
  /** From now on; open streams to what is allowed no more are reset. */
  allow(targets: readonly AllowedTarget[]): void
  /** Takes no new streams; resolves once the open ones have ended, or after `patience` ms or the signal, and all is closed. */
  drain(patience: number, signal?: AbortSignal): Promise<void>
  /** Closes everything now. */
  stop(): Promise<void>
  /** Resolves with the reason where the gateway lets it in no more, and with undefined where it was drained or stopped. */
  readonly ended: Promise<CodedError | undefined>
}
