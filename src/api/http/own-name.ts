import type { TLSSocket } from 'node:tls'

/** What a door knows of a request that tells where it was to go. */
interface Addressed {
  readonly headers: { readonly host?: string | undefined }
  readonly raw: { readonly socket: object }
}

/** Whether Host is one of ours and the TLS server name, where there is one, says the same. @param names in lower case */
export function isAddressedTo(request: Addressed, names: ReadonlySet<string>): boolean {
  const host = hostOf(request.headers.host)
  const serverName = (request.raw.socket as Partial<TLSSocket>).servername
  const agree = typeof serverName !== 'string' || serverName === '' || serverName.toLowerCase() === host
  return host !== undefined && names.has(host) && agree
}

/** RFC 9110 §7.2: a host and perhaps a port, as they are. A URL parser would also read a user before them, a path behind, or homoglyphs. */
function hostOf(header: string | undefined): string | undefined {
  const [, name, address] = /^(?:([A-Za-z0-9._-]+)|\[([0-9A-Fa-f:.]+)\])(?::\d{1,5})?$/.exec(header ?? '') ?? []
  return (name ?? address)?.toLowerCase()
}
