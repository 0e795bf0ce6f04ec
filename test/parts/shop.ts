import { type GatewayOptions, type RunningGateway, startGateway } from './gateway.ts'
import { startIssuer, type TestIssuer } from './issuer.ts'
import { type PostgresOptions, type RunningPostgres, startPostgres } from './postgres.ts'
import type { JobCredential } from './token-exchange.ts'

/** A PostgreSQL with one database, an issuer and a gateway before it: what most acceptance tests need. */
export interface Shop {
  readonly server: RunningPostgres
  readonly issuer: TestIssuer
  gateway: RunningGateway
  /** For `new Client(…)`: through the gateway as this job, without TLS. */
  clientOf(job: JobCredential): { host: string; port: number; user: string; password: string; database: string }
  close(): Promise<void>
}

/** The role that the gateway logs in with, by SCRAM; no client knows the password. */
export const SHOP_ROLE = 'shop_app'
export const SHOP_PASSWORD = 'open-sesame-41d7'
export const SHOP_DATABASE = 'shop'

export async function openShop(options: { postgres?: PostgresOptions; gateway?: Partial<GatewayOptions> } = {}): Promise<Shop> {
  const server = await startPostgres({
    logStatements: true,
    hba: [`host all ${SHOP_ROLE} 127.0.0.1/32 scram-sha-256`],
    ...options.postgres,
  })
  const issuer = await startIssuer()
  try {
    await server.query(`CREATE ROLE ${SHOP_ROLE} LOGIN PASSWORD '${SHOP_PASSWORD}'`)
    await server.query(`CREATE DATABASE ${SHOP_DATABASE} OWNER ${SHOP_ROLE}`)
    const target = { name: 'shop', server, user: SHOP_ROLE, password: SHOP_PASSWORD, databases: { [SHOP_DATABASE]: SHOP_DATABASE } }
    const gateway = await startGateway({ issuer, targets: [target], ...options.gateway })
    const shop: Shop = {
      server,
      issuer,
      gateway,
      clientOf: ({ run, password }) => ({ host: '127.0.0.1', port: shop.gateway.port, user: run, password, database: SHOP_DATABASE }),
      async close() {
        await shop.gateway.remove()
        await issuer.close()
        await server.stop()
      },
    }
    return shop
  } catch (error) {
    await issuer.close()
    await server.stop()
    throw error
  }
}
