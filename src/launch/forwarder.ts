import { type AddressInfo, createServer, isIP, type Socket } from 'node:net'
import { connect } from 'node:tls'

/** A port on loopback that leads to the gateway's proxy. */
export interface Forwarder {
  readonly port: number
  close(): void
}

export interface ForwardTo {
  readonly host: string
  readonly port: number
  /** PEM to trust; undefined: what the system trusts. */
  readonly ca: string | undefined
}

/** Connections at once: more are closed as they come. */
const MOST = 512

/**
 * Plain on loopback, TLS to the gateway, bytes unchanged: most clients speak to a proxy in plaintext only. It holds no credential; whoever connects
 * needs one, and the gateway asks for it.
 */
export function startForwarder({ host, port, ca }: ForwardTo): Promise<Forwarder> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const gateway = connect({ host, port, servername: isIP(host) === 0 ? host : '', ...(ca !== undefined && { ca }) })
    for (const socket of [client, gateway]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    client.pipe(gateway).pipe(client)
    const both = () => {
      client.destroy()
      gateway.destroy()
    }
    client.once('error', both)
    gateway.once('error', both)
  })
  server.maxConnections = MOST
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      server.unref()
      resolve({
        port: (server.address() as AddressInfo).port,
        close() {
          server.close()
          for (const socket of open) socket.destroy()
        },
      })
    })
  })
}
