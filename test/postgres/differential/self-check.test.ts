import { afterAll, describe, expect, it } from 'vitest'
import { needs } from '../../parts/require.ts'
import { firstDifference } from './compare.ts'
import { drivers } from './drivers.ts'
import { directly, startShop } from './way.ts'

// The differential test must be able to fail, and must not fail by itself: the same comparison between two servers
// with nothing before either of them.
describe('comparing two ways that are both direct', async () => {
  const closers: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })
  const pairs = new Map<number | undefined, Promise<[Awaited<ReturnType<typeof directly>>, Awaited<ReturnType<typeof directly>>]>>()
  const pair = (version: number | undefined) => {
    const open = async () => {
      const server = await startShop(version)
      closers.push(server.stop)
      const way = await directly(server)
      closers.push(way.close)
      return way
    }
    const known = pairs.get(version) ?? Promise.all([open(), open()])
    pairs.set(version, known)
    return known
  }

  for (const driver of drivers()) {
    it(`finds nothing with ${driver.name}, and finds a planted byte`, { timeout: 60_000 }, async (test) => {
      needs(test, !driver.missing, driver.missing ?? '')
      const [one, other] = await pair(driver.serverVersion)
      const [first, second] = [await one.run(driver), await other.run(driver)]
      expect(first.exitCode, first.stderr).toBeOneOf([0, 3])
      expect(second).toMatchObject({ exitCode: first.exitCode, stdout: first.stdout })
      expect(first.connections.length).toBeGreaterThan(0)
      expect(firstDifference(first.connections, second.connections)).toBeUndefined()

      const { fromServer } = second.connections[0]!
      const end = fromServer.length - 6 - 1 // The last byte before the last ReadyForQuery.
      fromServer[end] = fromServer[end]! ^ 1
      expect(firstDifference(first.connections, second.connections)).toMatch(/^connection 1, message \d+/)
    })
  }
})
