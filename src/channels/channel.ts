import type { RequestView } from '../approvals/index.ts'

/** Where somebody learns of requests. Nothing here waits for it. */
export interface Channel {
  /** A request is new, or in another state. Returns at once, and never throws. */
  changed(request: RequestView): void
  /** Something happened that has no answer here. Returns at once, and never throws. */
  announce(announcement: Announcement): void
  /**
   * Whether it could be told something now, without telling it.
   * @returns in a few words, what was found
   * @throws ChannelError, CredentialsError (coded)
   */
  examine(signal: AbortSignal): Promise<string>
  /** Takes a moment for what is on its way, then gives it up. */
  close(): Promise<void>
}

/** What everybody is told who is told anything, whatever it is about. Nothing in it is secret or personal. */
export interface Announcement {
  /** Id of what it is about: what is told of that comes in order. */
  readonly about: string
  /** For machines: `breakglass.opened`; with `body`, which has the form that the API gives it. */
  readonly event: string
  readonly body: Readonly<Record<string, unknown>>
  /** For people: one line, then facts, then what to do. */
  readonly title: string
  readonly facts: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly next: string
}

/** Lines for whoever runs the gateway: never an address, content or a secret. */
export interface ChannelLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
