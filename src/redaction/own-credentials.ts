import type { Found } from './redacted.ts'

/** Which door a credential of ours would open (src/identity/credential.ts). */
export type LeakedDoor = 'run' | 'pg'

/** Doors of the credentials of ours that were among what was found. */
export function leakedDoors(found: readonly Found[]): LeakedDoor[] {
  return found.flatMap(({ kind }) => (kind === 'run-credential' ? ['run'] : kind === 'pg-credential' ? ['pg'] : []))
}
