import { type Refused, refuse } from './answers.ts'

/** Seconds. A launcher that beats this often is there; more than a run's own life is never given. */
const [LEAST, MOST] = [5, 900]

/**
 * Reads the body of a heart-beat: nothing, or for how long the run is to live without the next one.
 * @param body application/x-www-form-urlencoded
 * @returns ms; undefined where the launcher leaves it to the gateway
 */
export function readLease(body: unknown): number | undefined | Refused {
  if (typeof body !== 'string' || body === '') return undefined
  const form = new URLSearchParams(body)
  const lease = form.get('lease') ?? ''
  const isOnly = [...form.keys()].length === 1 && /^[0-9]{1,3}$/.test(lease)
  if (isOnly && Number(lease) >= LEAST && Number(lease) <= MOST) return Number(lease) * 1000
  return refuse(
    400,
    'invalid_request',
    'GS_TOKEN_REQUEST_INVALID',
    `lease is a number of seconds from ${LEAST} to ${MOST}, and all that can be sent`,
  )
}
