import type { Found, SecretKind } from './redacted.ts'

/** Which door a credential of ours would open (src/identity/credential.ts). */
export type LeakedDoor = 'run' | 'pg' | 'k8s' | 'http' | 'model' | 'mcp' | 'proxy'

const DOORS: ReadonlyMap<SecretKind, LeakedDoor> = new Map([
  ['run-credential', 'run'],
  ['pg-credential', 'pg'],
  ['k8s-credential', 'k8s'],
  ['http-credential', 'http'],
  ['model-credential', 'model'],
  ['mcp-credential', 'mcp'],
  ['proxy-credential', 'proxy'],
])

/** Doors of the credentials of ours that were among what was found. */
export function leakedDoors(found: readonly Found[]): LeakedDoor[] {
  return found.flatMap(({ kind }) => DOORS.get(kind) ?? [])
}

export const isOwnCredential = (kind: SecretKind): boolean => DOORS.has(kind)
