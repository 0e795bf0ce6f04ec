/** RFC 9728 §3: stands between the host of a resource and its path. */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Where the metadata of a resource is. @param base URL of the resource: `https://gateway:8443/r/tickets` */
export function metadataUrl(base: string): string {
  const { origin, pathname } = new URL(base)
  return origin + WELL_KNOWN + (pathname === '/' ? '' : pathname)
}

/** RFC 9728 §2. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name: string
}

/**
 * The metadata of whatever is at a URL here. It is made of the URL alone: what is configured must not show in what anybody may ask.
 *
 * @param origin `https://gateway:8443`. @param path of the request for it
 * @param authorizationServers issuers of what opens the resource; here the token door, which exchanges what a workload is known by
 * @returns undefined where the path is not one of these
 */
export function protectedResourceMetadata(
  origin: string,
  path: string,
  authorizationServers: readonly string[],
): ProtectedResourceMetadata | undefined {
  if (!path.startsWith(WELL_KNOWN) || !/^(?:|\/|\/r\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/?)$/.test(path.slice(WELL_KNOWN.length)))
    return undefined
  const behind = path.slice(WELL_KNOWN.length).replace(/\/$/, '')
  return {
    resource: origin + behind,
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
    resource_name: 'A resource behind Gatescribe',
  }
}

/**
 * What the door says to whoever asks for metadata without a credential.
 * @returns undefined where something else is asked for
 */
export function openMetadata(
  { method, authority, path }: { readonly method: string; readonly authority: string; readonly path: string },
  authorizationServers: readonly string[],
): { readonly status: number; readonly type: string; readonly body: Uint8Array } | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const metadata = protectedResourceMetadata(`https://${authority}`, path, authorizationServers)
  return metadata && { status: 200, type: 'application/json', body: Buffer.from(`${JSON.stringify(metadata)}\n`) }
}
