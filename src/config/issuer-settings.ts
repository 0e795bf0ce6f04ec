import type { IssuerSettings } from '../identity/index.ts'
import type { JobIssuer } from './people-settings.ts'
import { present } from './present.ts'

/** An issuer as identity wants it, but for keys that stand in a file. */
export function issuerSettings(issuer: JobIssuer): IssuerSettings {
  const { jwks, algorithms, types, immutable, insecureLoopback, groups = [], run, ...rest } = issuer
  return {
    ...rest,
    groups,
    run: present(run),
    ...(jwks !== undefined && !jwks.startsWith('file:') && { keys: { from: 'uri', uri: jwks } }),
    ...(algorithms && { algorithms }),
    ...(types && { types }),
    ...(immutable && { immutable }),
    ...(insecureLoopback !== undefined && { insecureLoopback }),
  }
}
