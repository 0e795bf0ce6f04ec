import { isIP } from 'node:net'
import { ProxyError } from './errors.ts'

/** Where a client wants to go. */
export interface Authority {
  /** In lower case, without the dot of the root; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
}

const LONGEST_CREDENTIAL = 512
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/

/**
 * RFC 9112 §3.2.3: a host and a port, and nothing else; no user, no path, no escapes.
 * @throws ProxyError GS_PROXY_AUTHORITY
 */
export function readAuthority(target: string): Authority {
  const [, bracketed, plain = '', digits = ''] = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:[\]]{1,254})):([1-9][0-9]{0,4})$/.exec(target) ?? []
  const port = Number(digits)
  const host = (bracketed ?? plain).toLowerCase().replace(/\.$/, '')
  const isHost = bracketed === undefined ? isName(host) : isIP(host) === 6
  if (!isHost || port < 1 || port > 65_535) throw new ProxyError('GS_PROXY_AUTHORITY')
  return { host, port }
}

/** `0x7f.1`, `2130706433` and `127.1` are addresses to some resolvers: what ends in a number is one in full, or none (WHATWG URL, "ends in a number"). */
function isName(host: string): boolean {
  if (!NAME.test(host)) return false
  const last = host.slice(host.lastIndexOf('.') + 1)
  return !/^(0x[0-9a-f]*|[0-9]+)$/.test(last) || isIP(host) === 4
}

/** @param host what the Host header says; undefined: there is none. @throws ProxyError where it says something else (RFC 9112 §3.2.3) */
export function checkHost(host: string | undefined, { host: name, port }: Authority): void {
  if (host === undefined) return
  const said = /^(.*?)(?::([0-9]{1,5}))?$/.exec(host.toLowerCase()) ?? []
  const bare = (said[1] ?? '').replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (bare !== name || (said[2] !== undefined && Number(said[2]) !== port)) throw new ProxyError('GS_PROXY_AUTHORITY')
}

/** RFC 9110 §11.7.1 with RFC 6750 or RFC 7617: a token, or the password of any user. @throws ProxyError */
export function readCredential(authorization: string | undefined): string {
  if (authorization === undefined) throw new ProxyError('GS_PROXY_CREDENTIAL_MISSING')
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization) ?? []
  if (value === '' || value.length > LONGEST_CREDENTIAL) throw new ProxyError('GS_PROXY_CREDENTIAL_REFUSED')
  if (scheme.toLowerCase() === 'bearer') return value
  const pair = Buffer.from(value, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  if (colon < 0) throw new ProxyError('GS_PROXY_CREDENTIAL_REFUSED')
  return pair.slice(colon + 1)
}

/** The user of Basic, which is a claim; undefined where there is none. */
export function readUser(authorization: string | undefined): string | undefined {
  const [, value] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? []
  const pair = value === undefined ? '' : Buffer.from(value, 'base64').toString()
  const user = pair.slice(0, Math.max(0, pair.indexOf(':')))
  return /^[\x21-\x7e]{1,128}$/.test(user) ? user : undefined
}
