import { endToEnd, firstOf, listOf, pairsOf } from '../headers.ts'
import type { DoorRequest } from '../plane.ts'
import type { HeaderPairs } from '../target.ts'
import { HttpsDoorError } from './errors.ts'

const MOST_HEADERS = 200

/** A request's head, checked: there is one way to read it. */
export interface Head extends Pick<DoorRequest, 'method' | 'rawQuery' | 'headers' | 'bodyLength' | 'upgrade'> {
  /** As sent, with the door's prefix. */
  readonly path: string
  /** As sent, with the port. */
  readonly authority: string
  /** The same in lower case, without the port and brackets. */
  readonly host: string
  /** What Authorization says. */
  readonly authorization: string | undefined
  /** What the headers say in which the APIs of models take their keys. */
  readonly keys: readonly string[]
  readonly expectsContinue: boolean
}

/** What Node read, and kept in its order. */
export interface RawHead {
  readonly method: string
  readonly url: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  /** Whether Node takes it for an upgrade: `Connection: upgrade` and something to upgrade to. */
  readonly upgrades: boolean
}

/** There can be one of each; of two, different servers take different ones. */
const ONCE: ReadonlySet<string> = new Set([
  ...['authorization', 'content-length', 'content-type', 'expect', 'host', 'range', 'transfer-encoding', 'upgrade'],
])
/** These replace the method or the path at some servers (RFC 9110 knows none of them): rules would be about another request. */
const REPLACING = /^(x-http-method(-override)?|x-method-override|x-original-(url|method|uri)|x-rewrite-url)$/
/** With underscores, servers that are programs of CGI's kind take them for those with dashes. */
const DISGUISED =
  /^(authorization|connection|content-length|content-type|cookie|expect|forwarded|host|impersonate-.*|te|transfer-encoding|upgrade|x-forwarded-.*|x-http-method.*|x-method-override|x-original-.*|x-real-ip|x-remote-.*|x-rewrite-url)$/
/** What proxies say of clients, which clients have no say in; and what was ours to read. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  ...['authorization', 'content-length', 'expect', 'forwarded', 'host', 'x-real-ip', 'via'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-forwarded-prefix', 'x-forwarded-server'],
  ...['x-forwarded-client-cert', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip'],
])
/** Credentials of ours, wherever they stand. */
export const OURS = /gs_(?:run|pg|k8s|http|model|mcp|proxy)_[0-9a-hjkmnp-tv-z]{16}/
/** OpenAI's SDKs say who they are in Authorization, Anthropic's here or there, Azure's in the other. */
export const KEYS: ReadonlySet<string> = new Set(['x-api-key', 'api-key'])
/** Kubernetes takes it for Authorization. */
const TOKEN_PROTOCOL = /base64url\.bearer\.authorization\.k8s\.io/i
const CARRIED_UPGRADES = /^(?:websocket|SPDY\/3\.1)$/i
/** RFC 9110 §7.2: a host and perhaps a port, as they are. A URL parser would also read a user before them, a path behind, or homoglyphs. */
const AUTHORITY = /^(?:([A-Za-z0-9._-]{1,253})|\[([0-9A-Fa-f:.]{2,45})\])(?::\d{1,5})?$/

/**
 * RFC 9112, read strictly: whatever two servers could read differently is refused, so that what is decided about is what the target gets.
 * @throws HttpsDoorError
 */
export function readHead(raw: RawHead): Head {
  if (raw.httpVersion !== '1.1') throw new HttpsDoorError('GS_HTTPS_VERSION')
  if (/^(CONNECT|TRACE|TRACK)$/i.test(raw.method)) throw new HttpsDoorError('GS_HTTPS_METHOD_REFUSED')
  if (raw.rawHeaders.length > MOST_HEADERS * 2) throw new HttpsDoorError('GS_HTTPS_HEAD_TOO_LARGE')
  const all = pairsOf(raw.rawHeaders)
  checkHeaders(all)
  // RFC 9112 §3.2: origin-form only. A whole URL would overrule Host.
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(raw.url)) throw new HttpsDoorError('GS_HTTPS_TARGET_FORM')
  const { authority, host } = readAuthority(firstOf(all, 'host'))
  const mark = raw.url.indexOf('?')
  const rawQuery = mark < 0 ? undefined : raw.url.slice(mark + 1)
  refuseMisplaced(raw.url, rawQuery, all)
  const bodyLength = readFraming(all)
  const expectation = firstOf(all, 'expect')
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') throw new HttpsDoorError('GS_HTTPS_EXPECTATION_REFUSED')
  const upgrade = raw.upgrades ? readUpgrade(all, bodyLength) : undefined
  return {
    method: raw.method,
    path: mark < 0 ? raw.url : raw.url.slice(0, mark),
    rawQuery,
    authority,
    host,
    headers: endToEnd(all, NOT_PASSED).filter(([, value]) => !OURS.test(value)),
    authorization: firstOf(all, 'authorization'),
    keys: all.filter(([name]) => KEYS.has(name.toLowerCase())).map(([, value]) => value),
    bodyLength,
    expectsContinue: expectation !== undefined,
    ...(upgrade && { upgrade }),
  }
}

function checkHeaders(all: HeaderPairs): void {
  const seen = new Set<string>()
  for (const [name] of all) {
    const lower = name.toLowerCase()
    if (seen.has(lower)) throw new HttpsDoorError('GS_HTTPS_HEADER_REPEATED')
    if (ONCE.has(lower)) seen.add(lower)
  }
  for (const [name, value] of all) {
    // Node's parser takes neither; whoever changes parser or flags must not change this.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new HttpsDoorError('GS_HTTPS_MALFORMED')
    const lower = name.toLowerCase()
    if (REPLACING.test(lower) || (lower.includes('_') && DISGUISED.test(lower.replaceAll('_', '-'))))
      throw new HttpsDoorError('GS_HTTPS_HEADER_REFUSED')
  }
}

function readAuthority(value: string | undefined): { authority: string; host: string } {
  const [, name, address] = AUTHORITY.exec(value ?? '') ?? []
  const host = name ?? address
  if (value === undefined || host === undefined) throw new HttpsDoorError('GS_HTTPS_HOST')
  return { authority: value, host: host.toLowerCase() }
}

/** RFC 9112 §6. @returns bytes of the body; undefined where it comes in chunks */
function readFraming(all: HeaderPairs): number | undefined {
  const length = firstOf(all, 'content-length')
  const coding = firstOf(all, 'transfer-encoding')
  if (length !== undefined && (coding !== undefined || !/^\d{1,15}$/.test(length))) throw new HttpsDoorError('GS_HTTPS_MALFORMED')
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') throw new HttpsDoorError('GS_HTTPS_MALFORMED')
  return coding === undefined ? Number(length ?? 0) : undefined
}

function readUpgrade(all: HeaderPairs, bodyLength: number | undefined): { readonly protocol: string } {
  const protocol = firstOf(all, 'upgrade') ?? ''
  if (!CARRIED_UPGRADES.test(protocol) || bodyLength !== 0) throw new HttpsDoorError('GS_HTTPS_UPGRADE_REFUSED')
  return { protocol }
}

function refuseMisplaced(url: string, rawQuery: string | undefined, all: HeaderPairs): void {
  const misplaced =
    OURS.test(url) ||
    (rawQuery ?? '').split(/[&;]/).some((pair) => /^access_token(=|$)/i.test(decoded(pair))) ||
    all.some(([name, value]) => !MAY_HOLD.has(name.toLowerCase()) && OURS.test(value)) ||
    listOf(all, 'sec-websocket-protocol').some((each) => TOKEN_PROTOCOL.test(each))
  if (misplaced) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_MISPLACED')
}

/** Of `KEYS` it depends on the resource, which is not known here. */
const MAY_HOLD: ReadonlySet<string> = new Set(['authorization', ...KEYS])

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
