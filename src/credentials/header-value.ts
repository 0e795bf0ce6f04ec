import type { HttpCredential } from '../operations/index.ts'
import { CredentialsError } from './errors.ts'

type Header = NonNullable<HttpCredential['header']>

/** RFC 6750 §2.1: the characters of a token are visible ASCII; one line break in it would begin another header. */
const visible = /^[\x21-\x7e]+$/
/** RFC 9110 §5.5, without what is obsolete. */
const carried = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** @throws CredentialsError GS_SECRET_NOT_A_HEADER */
export function bearer(token: string): Header {
  if (!visible.test(token)) throw new CredentialsError('GS_SECRET_NOT_A_HEADER')
  return { name: 'authorization', value: `Bearer ${token}` }
}

/** RFC 7617 §2. @param user without a colon */
export function basic(user: string, password: string): Header {
  return { name: 'authorization', value: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` }
}

/** @param name in lower case @throws CredentialsError GS_SECRET_NOT_A_HEADER */
export function ownHeader(name: string, value: string): Header {
  if (!carried.test(value)) throw new CredentialsError('GS_SECRET_NOT_A_HEADER')
  return { name, value }
}
