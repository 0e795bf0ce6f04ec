import { Client } from 'pg'
import { SHOP_DATABASE, SHOP_PASSWORD, SHOP_ROLE } from '../../parts/shop.ts'
import { MARKER, ORDERS } from './targets.ts'

/** What an attempt did, as the server sees it and as it came over the wire. */
export interface Harm {
  /** Rows of shop.orders that are gone or other than they were. */
  readonly orders: boolean
  /** The marker came over the wire. */
  readonly seen: boolean
  /** The marker stands where it did not: somebody has read it to write it elsewhere. */
  readonly copied: readonly string[]
}

/** Relations that hold the marker from the beginning. */
const HOLDERS = new Set(['shop.secrets', 'shop.secret_copy'])

const FINGERPRINT =
  'SELECT count(*)::int AS rows, sum(id * 7 + total + customer)::text AS sum, md5(string_agg(note, id::text ORDER BY id)) AS notes FROM shop.orders'
/** Every table and materialised view outside of the system's schemas, with what it holds of the marker. */
const HELD = `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
  AND query_to_xml(format('SELECT 1 FROM ONLY %s t WHERE t::text LIKE %L LIMIT 1', c.oid::regclass, '%${MARKER}%'), true, false, '')::text LIKE '%row%'`

/** Looks at the server as its superuser, past the gateway. */
export class Judge {
  readonly #admin: Client
  #before = ''

  private constructor(admin: Client) {
    this.#admin = admin
  }

  static async at(server: { readonly port: number }): Promise<Judge> {
    const admin = new Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: SHOP_DATABASE })
    await admin.connect()
    const judge = new Judge(admin)
    judge.#before = await judge.#fingerprint()
    return judge
  }

  async harm(received: string): Promise<Harm> {
    const held = await this.#admin.query<{ name: string }>(HELD)
    const copied = held.rows.map(({ name }) => name).filter((name) => !HOLDERS.has(name))
    return { orders: (await this.#fingerprint()) !== this.#before, seen: received.toLowerCase().includes(MARKER), copied }
  }

  async run(text: string): Promise<void> {
    await this.#admin.query(text)
  }

  async close(): Promise<void> {
    await this.#admin.end()
  }

  async #fingerprint(): Promise<string> {
    try {
      return JSON.stringify((await this.#admin.query(FINGERPRINT)).rows)
    } catch {
      return 'the table is not there any more'
    }
  }
}

export const isHarm = ({ orders, seen, copied }: Harm): boolean => orders || seen || copied.length > 0

/** A connection and everything that came over it. */
export interface Tapped {
  readonly client: Client
  received(): string
}

/** @param to through the gateway, or past it */
export async function tapped(to: {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}): Promise<Tapped> {
  const client = new Client({ host: '127.0.0.1', ...to, connectionTimeoutMillis: 10_000, query_timeout: 10_000 })
  client.on('error', () => undefined)
  const chunks: Buffer[] = []
  await client.connect()
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
  return { client, received: () => Buffer.concat(chunks).toString('latin1') }
}

export const directly = (server: { readonly port: number }) => ({
  port: server.port,
  user: SHOP_ROLE,
  password: SHOP_PASSWORD,
  database: SHOP_DATABASE,
})

export { ORDERS }
