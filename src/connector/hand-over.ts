import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'

/** How long what was written may take to go out, ms. */
const PATIENCE_MS = 2_000

/** The client speaks first (RFC 9113 §3.4): a connector waits for that, so whatever is there before at the gateway is no link's. */
export function firstBytes(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.readableLength > 0) return resolve(true)
    const settle = (came: boolean) => {
      clearTimeout(timer)
      socket.removeListener('readable', look)
      socket.removeListener('close', gone)
      resolve(came)
    }
    const look = () => {
      if (socket.readableLength > 0) settle(true)
    }
    const gone = () => settle(false)
    const timer = setTimeout(() => {
      socket.destroy()
      settle(false)
    }, PATIENCE_MS)
    socket.on('readable', look)
    socket.once('close', gone)
  })
}

/**
 * Resolves once nothing is under way on a connection any more. HTTP/2 takes it over below Node's streams, and Node aborts the whole process where a
 * write that was begun above ends there: an end that reads slowly, or answers before it was asked, must not bring that about.
 * @returns whether it may be handed over; it is destroyed otherwise
 */
export async function isQuiet(socket: TLSSocket): Promise<boolean> {
  const until = performance.now() + PATIENCE_MS
  do {
    // A turn of the loop at least: the end of a write is told of from within it.
    await sleep(1)
    if (socket.destroyed || !socket.writable) break
    if (socket.writableLength === 0) return true
  } while (performance.now() < until)
  socket.destroy()
  return false
}
