import type { ServerMessage } from './messages.ts'

/** Something in a server's answers that is not the same through the gateway, said in docs/postgres.md. */
export interface DocumentedDifference {
  readonly what: string
  /** The message without the difference; undefined if all of it is the difference. */
  normalise(message: ServerMessage): ServerMessage | undefined
}

const AUTHENTICATION_OK = 0

/**
 * The whole list. Everything else must be equal, byte for byte and in order: a line is only added here together with
 * its sentence in the documentation.
 */
export const documentedDifferences: readonly DocumentedDifference[] = [
  {
    what: 'The authentication exchange, up to AuthenticationOk: the client proves who it is to the gateway, in the way the gateway asks.',
    normalise: (message) => (message.type === 'R' && message.body.readUInt32BE(0) !== AUTHENTICATION_OK ? undefined : message),
  },
  {
    what: 'The key in BackendKeyData: it is the gateway’s own. (Its process id is the target’s; two sessions never have the same.)',
    normalise: (message) => (message.type === 'K' ? { type: 'K', body: Buffer.alloc(message.body.length) } : message),
  },
  {
    what: 'Nothing of the gateway, but different in any two sessions: the process id of the sender in NotificationResponse.',
    normalise: (message) =>
      message.type === 'A' ? { type: 'A', body: Buffer.concat([Buffer.alloc(4), message.body.subarray(4)]) } : message,
  },
]

/** The messages without what is documented as different. */
export function normalise(messages: readonly ServerMessage[]): ServerMessage[] {
  return messages.flatMap((message) => {
    let kept: ServerMessage | undefined = message
    for (const difference of documentedDifferences) kept = kept && difference.normalise(kept)
    return kept ? [kept] : []
  })
}
