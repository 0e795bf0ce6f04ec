import { Client } from 'pg'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../../parts/shop.ts'
import { type Door, directly, tapped } from './door.ts'
import { type Before, Judge } from './judge.ts'
import { CLUSTER, DATABASE, ofDatabase, SCHEMA, TYPES } from './schema.ts'
import { RULES } from './targets.ts'

/** A database of its own for attempts, as it was in the beginning. */
export interface Ground {
  readonly judge: Judge
  /** By the gateway. */
  readonly governed: Door
  /** Past it. */
  readonly open: Door
  close(): Promise<void>
}

export type Kind = 'plain' | 'typed'

const nameOf = (number: number) => `ground_${number}`
/** What grounds are copies of. */
const TEMPLATES: Readonly<Record<Kind, string>> = { plain: SHOP_DATABASE, typed: 'typed' }

/**
 * A server and a gateway before it, and one fresh database after the other: whatever an attempt leaves goes with its own, and no definition
 * that the gateway knows is of a database that is no more.
 */
export class Grounds {
  readonly shop: Shop
  readonly #admin: Client
  readonly #governed: Door
  readonly #before: Readonly<Record<Kind, Before>>
  readonly #ready: Record<Kind, Promise<Ground>[]> = { plain: [], typed: [] }
  readonly #open = new Set<Ground>()
  #next = 0
  #told: Promise<unknown> = Promise.resolve()

  private constructor(shop: Shop, admin: Client, governed: Door, before: Readonly<Record<Kind, Before>>) {
    this.shop = shop
    this.#admin = admin
    this.#governed = governed
    this.#before = before
  }

  /** @param most as many databases may be asked for: the gateway wants their names beforehand */
  static async open(most = 3_000): Promise<Grounds> {
    const shop = await openShop({
      postgres: { logStatements: false, settings: { autovacuum: 'off', max_connections: 90 } },
      gateway: {
        patience: 60_000,
        adjust: (config) => {
          config.rules = [...RULES]
          config.budgets = [{ name: 'as-many-as-there-are-attempts', per: 'run', limit: { refusals: 10_000_000 } }]
          const names = Array.from({ length: most }, (_, number) => nameOf(number))
          Object.assign(config.resources[0]!, { aliases: names, databases: Object.fromEntries(names.map((name) => [name, name])) })
        },
      },
    })
    const admin = await superuser(shop, 'postgres')
    await admin.query(CLUSTER)
    const maker = await superuser(shop, SHOP_DATABASE)
    await maker.query(DATABASE)
    await maker.end()
    await asOwner(shop, TEMPLATES.plain, SCHEMA)
    await admin.query(`CREATE DATABASE ${TEMPLATES.typed} TEMPLATE ${TEMPLATES.plain} OWNER ${SHOP_ROLE}`)
    await asOwner(shop, TEMPLATES.typed, TYPES)
    const before = { plain: await beforeOf(shop, TEMPLATES.plain), typed: await beforeOf(shop, TEMPLATES.typed) }
    return new Grounds(shop, admin, shop.clientOf(await shop.gateway.credential()), before)
  }

  /** @param kind typed: with types that have code behind them, where much is opaque that else is not */
  async fresh(kind: Kind): Promise<Ground> {
    const ready = this.#ready[kind]
    const ground = ready.shift() ?? this.#make(kind)
    // The next one is made while this one is used.
    const next = this.#make(kind)
    next.catch(() => undefined)
    ready.push(next)
    return ground
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#ready.plain, ...this.#ready.typed])
    for (const ground of this.#open) await ground.close()
    await this.#told
    await this.#admin.end()
    await this.shop.close()
  }

  async #make(kind: Kind): Promise<Ground> {
    const database = nameOf(this.#next++)
    await this.#tell(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATES[kind]} OWNER ${SHOP_ROLE} STRATEGY file_copy`)
    await this.#leadsBack(database)
    const judge = await Judge.at(this.shop.server, database, this.#before[kind])
    const ground: Ground = {
      judge,
      governed: { ...this.#governed, database },
      open: directly(this.shop.server, database),
      close: async () => {
        this.#open.delete(ground)
        await judge.close()
        void this.#tell(`DROP DATABASE ${database} WITH (FORCE)`)
      },
    }
    this.#open.add(ground)
    return ground
  }

  /** One after the other: no two at once are made or dropped. */
  #tell(text: string): Promise<unknown> {
    this.#told = this.#told.then(() => this.#admin.query(text))
    return this.#told
  }

  /** Foreign servers lead to the database that they are in. */
  async #leadsBack(database: string): Promise<void> {
    const maker = await superuser(this.shop, database)
    await maker.query(ofDatabase(database, this.shop.server.port))
    await maker.end()
  }
}

async function superuser(shop: Shop, database: string): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port: shop.server.port, user: 'postgres', database })
  await client.connect()
  return client
}

async function asOwner(shop: Shop, database: string, text: string): Promise<void> {
  const { client } = await tapped(directly(shop.server, database))
  await client.query(text)
  await client.end()
}

async function beforeOf(shop: Shop, database: string): Promise<Before> {
  const judge = await Judge.at(shop.server, database)
  await judge.close()
  return judge.before
}
