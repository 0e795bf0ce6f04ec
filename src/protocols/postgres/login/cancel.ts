import { once } from 'node:events'
import type { TargetAddress } from '../../../operations/index.ts'
import { buildCancelRequest } from '../wire/startup.ts'
import { openTransport } from './transport.ts'
import type { TrustContexts } from './trust-contexts.ts'

/** From connecting until the target closed the connection. */
const CANCEL_MS = 5_000

/**
 * Sends a CancelRequest with the transport of the session (PostgreSQL protocol 55.2.8; over TLS as libpq does since 17: the key
 * is a secret). The target closes the connection once the signal is sent, which is why it is worth waiting for.
 * No client certificate: a server may ask for one in the handshake, but judges it at log-in, which a cancel has not.
 */
export async function sendCancel(address: TargetAddress, processId: number, key: Uint8Array, contexts: TrustContexts): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS)
  try {
    const { socket } = await openTransport(address, undefined, contexts, signal)
    const closed = once(socket, 'close', { signal })
    socket.resume()
    socket.write(buildCancelRequest(processId, key))
    await closed.finally(() => socket.destroy())
  } catch {
    // Nobody waits for more than "it is over": a cancel that was lost is a statement that goes on.
  }
}
