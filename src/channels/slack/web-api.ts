import type { Reference } from '../../credentials/index.ts'
import { post } from '../../outbound/index.ts'
import { NotTaken } from '../outbox.ts'

/** Slack understood, and did not do it. */
export class SlackRefused extends NotTaken {
  /** Slack's own word for why, such as `channel_not_found`. */
  readonly error: string

  constructor(method: string, error: string, pause?: number) {
    super(`${method}: ${error}`, pause)
    this.error = error
  }
}

export type SlackCall = (method: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<SlackAnswer>
export type SlackAnswer = Readonly<Record<string, unknown>>

/** Where Slack says that it has had enough, and not for how long; ms. */
const PAUSE_MS = 30_000

/**
 * Slack's Web API: JSON in, JSON out, the token as a bearer. docs.slack.dev, "Using the Slack Web API".
 * Of each call: @throws NotTaken, SlackRefused
 */
export function slackWebApi(url: string, token: Reference, secretOf: (reference: Reference) => Promise<string>): SlackCall {
  return async (method, args, signal) => {
    const bearer = await secretOf(token)
    if (!/^[\x21-\x7e]{1,1000}$/.test(bearer)) throw new NotTaken('the token is no token of Slack')
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json; charset=utf-8' }
    const { status, retryAfter, body } = await post(`${url}/api/${method}`, { headers, body: JSON.stringify(args), signal })
    if (status === 429) throw new NotTaken(`${method}: too often`, retryAfter ?? PAUSE_MS)
    if (status !== 200) throw new NotTaken(`${method}: it answered with status ${status}`, retryAfter)
    const answer = objectIn(body)
    if (answer === undefined) throw new NotTaken(`${method}: it answered with something that is not JSON`)
    if (answer.ok === true) return answer
    const error = typeof answer.error === 'string' && /^[a-z_]{1,60}$/.test(answer.error) ? answer.error : 'unknown'
    throw new SlackRefused(method, error, error === 'ratelimited' || error === 'rate_limited' ? (retryAfter ?? PAUSE_MS) : undefined)
  }
}

function objectIn(body: Buffer): SlackAnswer | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? (value as SlackAnswer) : undefined
  } catch {
    return undefined
  }
}
