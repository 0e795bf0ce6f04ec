import type { IssuerSettings } from '../identity/index.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const ANSWER_MS = 10_000
/** Tokens are refused when issuer and gateway disagree by more than their `iat` may. */
const CLOCK_MS = 30_000
const LONGEST_ANSWER = 1 << 20

/** Whether an issuer's keys can be had, and whether its clock and ours agree. */
export async function examineIssuer(
  { name, issuer, keys }: IssuerSettings,
  signal: AbortSignal,
  get: typeof fetch = fetch,
  now: () => number = Date.now,
): Promise<readonly Finding[]> {
  const subject = `issuer ${name}`
  if (keys?.from === 'inline') return [ok(subject, 'Its keys are in the configuration.')]
  try {
    const url = keys?.from === 'uri' ? keys.uri : `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const found = await read(url, signal, get)
    const discovered: unknown = (found.json as { issuer?: unknown } | null)?.issuer
    if (keys?.from !== 'uri' && discovered !== issuer) {
      return [
        fail(subject, 'Its discovery document names another issuer.', 'Write issuer: exactly as the document and the tokens have it.'),
      ]
    }
    return [ok(subject, 'It answers.'), ...clock(subject, found.date, now())]
  } catch (error) {
    return [
      fail(subject, `It cannot be reached${reason(error)}.`, 'Let the gateway reach it over https, or give its keys with jwks: file:….'),
    ]
  }
}

async function read(url: string, signal: AbortSignal, get: typeof fetch) {
  const response = await get(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]), redirect: 'error' })
  if (!response.ok) throw Object.assign(new Error(), { code: `HTTP ${response.status}` })
  if (Number(response.headers.get('content-length') ?? 0) > LONGEST_ANSWER) throw Object.assign(new Error(), { code: 'too long' })
  const json: unknown = await response.json()
  return { json, date: response.headers.get('date') }
}

function clock(subject: string, date: string | null, now: number): Finding[] {
  const theirs = Date.parse(date ?? '')
  if (Number.isNaN(theirs)) return []
  const seconds = Math.round((now - theirs) / 1000)
  if (Math.abs(now - theirs) <= CLOCK_MS) return [ok('clock', `It agrees with ${subject}.`)]
  return [
    warn(
      'clock',
      `It is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ${subject}.`,
      'Synchronise the clock (NTP): tokens are refused otherwise.',
    ),
  ]
}

function reason(error: unknown): string {
  const { code, cause, name } = error as { code?: unknown; cause?: { code?: unknown }; name?: string }
  const known = cause?.code ?? code ?? (name === 'TimeoutError' ? 'no answer in time' : undefined)
  return typeof known === 'string' ? ` (${known})` : ''
}
