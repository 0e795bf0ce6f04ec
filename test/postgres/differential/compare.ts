import type { TappedConnection } from '../../parts/tap.ts'
import { normalise } from './documented-differences.ts'
import { type ServerMessage, splitServerMessages } from './messages.ts'

/**
 * The first difference between what a server answered to the same script on two ways, or undefined where there is
 * none but the documented ones.
 *
 * @returns a sentence for the failing test: connection, message, both versions
 */
export function firstDifference(direct: readonly TappedConnection[], other: readonly TappedConnection[]): string | undefined {
  if (direct.length !== other.length) return `${direct.length} connections directly, ${other.length} the other way`
  for (const [index, connection] of direct.entries()) {
    const expected = normalise(splitServerMessages(connection.fromServer))
    const found = normalise(splitServerMessages(other[index]!.fromServer))
    for (let at = 0; at < Math.max(expected.length, found.length); at += 1) {
      const [wanted, got] = [expected[at], found[at]]
      if (wanted && got && wanted.type === got.type && wanted.body.equals(got.body)) continue
      return `connection ${index + 1}, message ${at + 1}: directly ${shown(wanted)}, the other way ${shown(got)} (before it: ${shown(expected[at - 1])})`
    }
  }
  return undefined
}

function shown(message: ServerMessage | undefined): string {
  if (!message) return 'nothing'
  const text = message.body.toString('latin1').replace(/[^ -~]/g, '·')
  return `${message.type} of ${message.body.length} bytes "${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`
}
