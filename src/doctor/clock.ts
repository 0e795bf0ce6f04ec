import type { IssuerSettings } from '../identity/index.ts'
import { type Finding, ok, warn } from './finding.ts'

const ANSWER_MS = 5_000
/** Tokens say when they were issued and when they end: a gateway that lives in another minute refuses good ones and takes old ones. */
const TOLERATED_MS = 30_000

/**
 * Compares this machine's clock with that of the first issuer that answers (`Date`, RFC 9110 §6.6.1: exact to a second).
 * @param now milliseconds since the epoch
 */
export async function examineClock(
  issuers: readonly Pick<IssuerSettings, 'name' | 'issuer'>[],
  signal: AbortSignal,
  get: typeof fetch = fetch,
  now: () => number = Date.now,
): Promise<Finding> {
  for (const { name, issuer } of issuers) {
    const theirs = await dateOf(issuer, signal, get)
    if (theirs === undefined) continue
    const difference = now() - theirs
    if (Math.abs(difference) <= TOLERATED_MS) return ok('clock', `It agrees with that of issuer ${name}.`)
    const seconds = Math.round(Math.abs(difference) / 1000)
    return warn(
      'clock',
      `It is ${seconds} s ${difference > 0 ? 'ahead of' : 'behind'} that of issuer ${name}.`,
      'Synchronise it (NTP): otherwise good tokens are refused.',
    )
  }
  return warn('clock', 'No issuer told the time, so it was not compared.', 'Make sure that it is synchronised (NTP).')
}

async function dateOf(url: string, signal: AbortSignal, get: typeof fetch): Promise<number | undefined> {
  try {
    const response = await get(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    const date = Date.parse(response.headers.get('date') ?? '')
    return Number.isNaN(date) ? undefined : date
  } catch {
    // Whether the issuer can be reached is another finding, of the gateway itself.
    return undefined
  }
}
