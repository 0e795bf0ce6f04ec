import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type DatabaseError } from 'pg'
import { expect, it } from 'vitest'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { needs } from '../parts/require.ts'
import { openShop } from '../parts/shop.ts'
import { mountSmallDisk } from '../parts/small-disk.ts'

/** Room for one segment of the log (64 MiB) and not for a second one. */
const FREE_MIB = 100

it('forwards nothing while the disk is full, says so, and goes on by itself when there is room', { timeout: 60_000 }, async (test) => {
  const disk = mountSmallDisk(FREE_MIB)
  needs(test, disk, 'root on Linux and a loop device, to mount a small file system')
  const shop = await openShop({ gateway: { data: disk.folder } }).catch((error: unknown) => {
    disk.unmount()
    throw error
  })
  try {
    const job = await shop.gateway.credential()
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    await client.connect()
    const ballast = 'b'.repeat(2 ** 20 - 4096)
    let refused: DatabaseError | undefined
    let sent = 0
    for (; refused === undefined && sent < 200; sent += 1) {
      // As a parameter: recorded each time, whatever the statement is.
      await client.query(`SELECT 'mark-${sent}' AS mark, length($1::text)`, [ballast]).catch((error: DatabaseError) => {
        refused = error
      })
    }
    expect(refused).toMatchObject({ severity: expect.stringMatching(/ERROR|FATAL/) })
    expect([refused?.message, refused?.detail, refused?.hint].join(' ')).toMatch(/room|trail/i)
    expect((await shop.gateway.operator.status()).trail).toBe('full')
    const again = await client.query("SELECT 'while full'").catch((error: DatabaseError) => error)
    expect(again).toBeInstanceOf(Error)

    // What did not fit leaves some room: less each time, until not even a start fits. It comes up, says why it forwards nothing, and waits.
    for (const bytes of [64 * 1024, 512]) {
      shop.gateway = await shop.gateway.again()
      await fillUp(new Client(shop.clientOf(job)), bytes)
    }
    shop.gateway = await shop.gateway.again()
    expect(await shop.gateway.operator.status()).toMatchObject({ trail: 'full', unavailable: 'GS_TRAIL_FULL' })
    await expect(new Client(shop.clientOf(job)).connect()).rejects.toThrow(/trail|room/i)

    disk.makeRoom()
    for (let waited = 0; (await shop.gateway.operator.status()).trail !== 'open' && waited < 10_000; waited += 100) await sleep(100)
    const fresh = new Client(shop.clientOf(await shop.gateway.credential()))
    await fresh.connect()
    expect((await fresh.query("SELECT 'room again' AS said")).rows).toEqual([{ said: 'room again' }])
    await fresh.end()
    await client.end().catch(() => undefined)

    const log = shop.server.log()
    expect(log).not.toContain('while full')
    expect(log).not.toContain(`mark-${sent - 1}'`)
    const recorded = new Set(operationsOf(await readTrail(shop.gateway.operator)).map(({ statement }) => /mark-\d+/.exec(statement)?.[0]))
    const executed = [...log.matchAll(/SELECT '(mark-\d+)'/g)].map(([, mark]) => mark)
    expect(executed.length).toBeGreaterThan(10)
    expect(executed.filter((mark) => !recorded.has(mark))).toEqual([])
  } finally {
    await shop.close()
    disk.unmount()
  }
})

/** Sends parameters of so many bytes until one is refused, or the log-in already. */
async function fillUp(client: Client, bytes: number): Promise<void> {
  client.on('error', () => undefined)
  const full = async () => {
    await client.connect()
    for (let sent = 0; sent < 2_000; sent += 1) await client.query('SELECT length($1::text)', ['b'.repeat(bytes)])
  }
  await expect(full()).rejects.toThrow()
  await client.end().catch(() => undefined)
}
