import { createHmac, timingSafeEqual } from 'node:crypto'
import { ChannelError } from '../errors.ts'

/** A request as it came, before anything was read out of it. */
export interface SlackRequest {
  /** Exactly the bytes that were signed. */
  readonly body: Uint8Array
  /** `X-Slack-Request-Timestamp` */
  readonly timestamp: string | undefined
  /** `X-Slack-Signature` */
  readonly signature: string | undefined
}

/** How far its clock may be from ours, ms. docs.slack.dev, "Verifying requests from Slack". */
const FRESH_MS = 5 * 60_000
/** Requests that are remembered; each was signed by Slack, so only Slack can fill this. */
const MOST = 10_000

/** Tells requests of Slack from forgeries, old ones, and ones that came before. */
export class SlackVerifier {
  readonly #seen = new Map<string, number>()

  /**
   * @param now milliseconds since the epoch
   * @throws ChannelError GS_CHANNELS_FORGED
   */
  verify({ body, timestamp = '', signature = '' }: SlackRequest, secret: string, now: number): void {
    if (secret === '' || !/^\d{1,12}$/.test(timestamp) || !/^v0=[0-9a-f]{64}$/.test(signature)) throw forged()
    const at = Number(timestamp) * 1_000
    if (Math.abs(now - at) > FRESH_MS) throw forged()
    const expected = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest()
    if (!timingSafeEqual(expected, Buffer.from(signature.slice(3), 'hex'))) throw forged()
    // Oldest first, as they came; one that is stamped ahead of us is kept for longer than it could be used.
    for (const [known, until] of this.#seen) {
      if (until > now) break
      this.#seen.delete(known)
    }
    if (this.#seen.has(signature) || this.#seen.size >= MOST) throw forged()
    this.#seen.set(signature, now + 2 * FRESH_MS)
  }
}

const forged = () => new ChannelError('GS_CHANNELS_FORGED')
