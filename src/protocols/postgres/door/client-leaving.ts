import type { Socket } from 'node:net'

/**
 * Notices that a client leaves while nothing is read from it: a connection to the target need not be finished for nobody.
 * What the client sends meanwhile stays in the socket; behind it, its end is seen only by the relay.
 */
export function watchForLeaving(client: Socket): { readonly signal: AbortSignal; stop(): void } {
  const leaving = new AbortController()
  const left = () => leaving.abort(new Error('The client left.'))
  // A stream tells its end only to whoever reads it out.
  const look = () => {
    if (client.readableLength === 0) client.read()
  }
  if (client.destroyed || client.readableEnded) left()
  client.on('close', left).on('end', left).on('readable', look)
  return {
    signal: leaving.signal,
    stop: () => {
      client.off('close', left).off('end', left).off('readable', look)
    },
  }
}
