import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import { ALLOW_EVERYTHING } from '../../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import type { RunningPostgres } from '../../parts/postgres.ts'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { needs } from '../../parts/require.ts'
import { firstDifference } from './compare.ts'
import { drivers } from './drivers.ts'
import { DATABASE, directly, openWay, ROLE, startShop, type Way } from './way.ts'

// Where no rule applies, a client must not be able to tell that the gateway is there.
describe('a client that everything is allowed to', () => {
  const old = debianPostgres(15) ? 15 : undefined
  const servers: RunningPostgres[] = []
  const ways = new Map<number | undefined, { direct: Way; through: Way }>()
  let issuer: TestIssuer
  let gateway: RunningGateway

  beforeAll(async () => {
    issuer = await startIssuer()
    const versions = old === undefined ? [undefined] : [undefined, old]
    const pairs = await Promise.all(
      versions.map(async (version) => ({ version, bare: await startShop(version), behind: await startShop(version) })),
    )
    servers.push(...pairs.flatMap(({ bare, behind }) => [bare, behind]))
    gateway = await startGateway({
      issuer,
      // Both are asked for under the target's own name where that is possible: a client may print it.
      targets: pairs.map(({ version, behind }) => ({
        name: `shop-${version ?? 'current'}`,
        server: behind,
        ...ROLE,
        databases: { [nameOf(version)]: DATABASE },
      })),
      // A superuser's pg_dump asks for the connection strings of subscriptions, which are credentials.
      adjust: (config) => {
        config.rules = [ALLOW_EVERYTHING]
      },
    })
    const { run, password } = await gateway.credential()
    for (const { version, bare } of pairs) {
      ways.set(version, {
        direct: await directly(bare),
        through: await openWay({ host: gateway.host, port: gateway.port, user: run, password, database: nameOf(version) }),
      })
    }
  })

  afterAll(async () => {
    for (const { direct, through } of ways.values()) await Promise.all([direct.close(), through.close()])
    await gateway?.remove()
    await Promise.all(servers.map((server) => server.stop()))
    await issuer?.close()
  })

  for (const driver of drivers()) {
    it(`gets the same bytes from ${driver.name}`, { timeout: 60_000 }, async (test) => {
      needs(test, !driver.missing, driver.missing ?? '')
      const { direct, through } = ways.get(driver.serverVersion)!
      const expected = await direct.run(driver)
      const found = await through.run(driver)
      expect(firstDifference(expected.connections, found.connections), found.stderr).toBeUndefined()
      expect(found).toMatchObject({ exitCode: expected.exitCode, stdout: expected.stdout })
    })
  }
})

function nameOf(version: number | undefined): string {
  return version === undefined ? DATABASE : `${DATABASE}-${version}`
}
