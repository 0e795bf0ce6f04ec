export type Json = Readonly<Record<string, unknown>>

/** One event of a stream (WHATWG HTML, "Server-sent events"). */
export interface ServerEvent {
  readonly event?: string
  readonly data: string
}

export function formatEvent({ event, data }: ServerEvent): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`
}
