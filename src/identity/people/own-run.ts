import { randomBytes } from 'node:crypto'
import type { Run } from '../../operations/index.ts'
import { base32 } from '../base32.ts'
import { LASTS_FOR, type PersonSession } from './sessions.ts'

/** A run of the person whose session this is: another one each time, which is over with the session at the latest. */
export function ownRun({ id: session, person: { person, accounts }, openedAt }: PersonSession): Omit<Run, 'startedAt'> {
  return {
    id: `run_${base32(randomBytes(17)).slice(0, 26)}`,
    principal: person,
    facts: {},
    accounts,
    signIn: { session, until: openedAt + LASTS_FOR },
  }
}
