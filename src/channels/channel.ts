import type { RequestView } from '../approvals/index.ts'

/** Where somebody learns of requests. Nothing here waits for it. */
export interface Channel {
  /** A request is new, or in another state. Returns at once, and never throws. */
  changed(request: RequestView): void
  /** Takes a moment for what is on its way, then gives it up. */
  close(): Promise<void>
}

/** Lines for whoever runs the gateway: never an address, content or a secret. */
export interface ChannelLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
