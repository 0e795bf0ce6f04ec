import type { SessionEnd } from '../../../guard/index.ts'
import type { RelayOptions } from './options.ts'
import { SessionRelay } from './session-relay.ts'

/**
 * Carries one session until either end is gone. The caller closes the session with the answer.
 *
 * @returns why it ended; both sockets are destroyed by then, and every admission is settled. Never rejects.
 */
export function relay(options: RelayOptions): Promise<SessionEnd> {
  return new SessionRelay(options).run()
}
