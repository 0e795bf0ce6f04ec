import type { Server } from 'node:net'
import { addressKey } from '../../identity/index.ts'

/**
 * Closes connections of an address that has as many open already, before their handshake: all connections are few, and one machine that
 * opens and never speaks would keep everybody else out.
 * @param most per address; a matrix of a hundred jobs behind one address must fit
 */
export function limitConnections(server: Server, most: number): void {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const key = addressKey(socket.remoteAddress ?? '')
    const count = (open.get(key) ?? 0) + 1
    if (count > most) {
      socket.destroy()
      return
    }
    open.set(key, count)
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1
      if (left === 0) open.delete(key)
      else open.set(key, left)
    })
  })
}
