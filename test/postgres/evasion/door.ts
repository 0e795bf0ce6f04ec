import type { Duplex } from 'node:stream'
import { Client } from 'pg'
import { SHOP_DATABASE, SHOP_PASSWORD, SHOP_ROLE } from '../../parts/shop.ts'

/** Where sessions are opened: the gateway, or the server itself. */
export interface Door {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** A session and every byte that came over it. */
export interface Tapped {
  readonly client: Client
  readonly stream: Duplex
  received(): Buffer
}

/** @param settings of the start-up packet @throws what the driver throws where the session is refused */
export async function tapped(door: Door, settings: Readonly<Record<string, string>> = {}): Promise<Tapped> {
  const client = new Client({ host: '127.0.0.1', ...door, connectionTimeoutMillis: 60_000, query_timeout: 10_000 })
  client.on('error', () => undefined)
  const inner = client as unknown as { connection: { stream: Duplex }; getStartupConf(): Record<string, string> }
  const startup = inner.getStartupConf.bind(client)
  inner.getStartupConf = () => ({ ...startup(), ...settings })
  const { stream } = inner.connection
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
  await client.connect()
  return { client, stream, received: () => Buffer.concat(chunks) }
}

/** Past the gateway, as the role that the gateway logs in with. */
export const directly = (server: { readonly port: number }, database: string = SHOP_DATABASE): Door => ({
  port: server.port,
  user: SHOP_ROLE,
  password: SHOP_PASSWORD,
  database,
})
