import { isLoopback } from './address.ts'
import type { GatewayConfig } from './config.ts'

/** How browsers reach the admin door, as `Origin` has it; undefined where there is none. */
export function adminUrlOf({ listen: { admin }, adminUrl, tls }: Pick<GatewayConfig, 'listen' | 'adminUrl' | 'tls'>): string | undefined {
  if (admin === undefined || adminUrl !== undefined) return adminUrl
  const [scheme, host] = isLoopback(admin.host) ? ['http', 'localhost'] : ['https', tls.names[0] ?? admin.host]
  return new URL(`${scheme}://${host}:${admin.port}`).origin
}
