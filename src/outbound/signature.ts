import { createHmac } from 'node:crypto'

/**
 * The value of `X-Gatescribe-Signature`: when it was sent, and an HMAC-SHA256 over that and the body, so that whoever gets it can tell it from a forgery
 * and from one that was kept. docs/approvals.md, docs/exports.md
 *
 * @param at milliseconds since the epoch
 */
export function signature(secret: string, body: string, at: number): string {
  const time = Math.floor(at / 1_000)
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}
