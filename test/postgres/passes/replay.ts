import { openRawSession } from '../../parts/raw-session.ts'
import { normalise } from '../differential/documented-differences.ts'
import { type ServerMessage, splitServerMessages } from '../differential/messages.ts'
import type { FixtureConnection } from './fixture.ts'

/** Where a fixture is replayed to, and as whom. */
export interface ReplayTarget {
  readonly port: number
  readonly ca?: string
  /** User and database first; what is added to the fixture’s own settings. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Says what the driver said, each turn once the one before it is answered.
 * @returns the server's answers but for what is documented as different
 */
export async function replay({ settings, protocol, turns }: FixtureConnection, target: ReplayTarget): Promise<ServerMessage[]> {
  const session = await openRawSession({ ...target, protocol, settings: { ...target.settings, ...settings } })
  await session.loggedIn()
  for (const { send, answers } of turns) {
    session.send(Buffer.from(send.join(''), 'latin1'))
    await session.messages(answers)
  }
  await session.close()
  return normalise(splitServerMessages(session.received()))
}
