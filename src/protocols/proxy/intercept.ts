import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Run } from '../../operations/index.ts'
import type { Authority } from './read-connect.ts'

/** What it takes to answer in the name of somebody else. */
export interface Intercepting {
  /** The certificate for a name, of the interception CA; undefined where it may not speak for that name. */
  secureContext(host: string): SecureContext | undefined
  /** Takes over a connection whose TLS is done: its requests are judged and carried like all others at the https door, as the run's. */
  adopt(socket: TLSSocket, of: { readonly run: Run; readonly address: string; readonly host: string }): void
}

/** For the handshake, ms. */
const HANDSHAKE_MS = 10_000

/**
 * Ends the client's TLS here and hands on what is within.
 * @param socket with nothing read of it that was not put back
 */
export function intercept(
  socket: Duplex,
  secureContext: SecureContext,
  { adopt }: Intercepting,
  of: { readonly run: Run; readonly address: string; readonly authority: Authority },
): void {
  const inner = new TLSSocket(socket as never, {
    ...{ isServer: true, secureContext, ALPNProtocols: ['http/1.1'] },
    ...({ minVersion: 'TLSv1.2' } as object),
  })
  const timer = setTimeout(() => inner.destroy(), HANDSHAKE_MS)
  inner.on('error', () => undefined)
  // What is within does not close by itself where its handshake was not over: the timer would keep a gateway that has stopped.
  socket.once('close', () => {
    clearTimeout(timer)
    inner.destroy()
  })
  inner.once('close', () => {
    clearTimeout(timer)
    socket.destroy()
  })
  inner.once('secure', () => {
    clearTimeout(timer)
    adopt(inner, { run: of.run, address: of.address, host: of.authority.host })
  })
}
