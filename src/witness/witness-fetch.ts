import type { Agent, fetch as Fetch } from 'undici'
import { WitnessError } from './errors.ts'

export interface WitnessRequest {
  readonly method: 'GET' | 'POST'
  readonly body?: string
  readonly signal: AbortSignal
}

export interface WitnessResponse {
  readonly status: number
  /** At most 64 KiB. */
  readonly text: string
}

/** How a witness is asked. Rejects where there is no whole answer; tests put their own in its place. */
export type WitnessFetch = (url: string, request: WitnessRequest) => Promise<WitnessResponse>

/** Bytes: a note is no larger. */
const MAX_ANSWER_BYTES = 64 << 10
const CONNECT_MS = 5_000
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/**
 * Asks over HTTP, with connections that are kept. Follows no redirect: a witness is where its operator said.
 * @param ca PEM to trust instead of what the system trusts
 */
export function witnessFetch(ca?: string): WitnessFetch & { close(): Promise<void> } {
  // Loaded where somebody is asked: a gateway without witnesses starts without it.
  let opened: Promise<{ readonly fetch: typeof Fetch; readonly agent: Agent }> | undefined
  const open = async () => {
    const { Agent, fetch } = await import('undici')
    const agent = new Agent({
      connect: { timeout: CONNECT_MS, ...(ca !== undefined && { ca }) },
      maxResponseSize: MAX_ANSWER_BYTES,
      connections: 2,
    })
    return { fetch, agent }
  }
  const ask: WitnessFetch = async (url, { method, body, signal }) => {
    opened ??= open()
    const { fetch, agent } = await opened
    const response = await fetch(url, { method, signal, redirect: 'error', dispatcher: agent, ...(body !== undefined && { body }) })
    return { status: response.status, text: await response.text() }
  }
  return Object.assign(ask, { close: async () => (await opened)?.agent.destroy() })
}

/**
 * The address of a witness as configured, without its last slashes.
 * @throws WitnessError GS_WITNESS_ANSWER for one that is no URL, or http to another machine: whoever sits in between could hold
 * back what the witness says, though not forge it
 */
export function witnessUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname))
  if (url === undefined || !safe || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new WitnessError('GS_WITNESS_ANSWER', 'The address of a witness is an https URL without query, or http on loopback.')
  return url.href.replace(/\/+$/, '')
}
