import { execFileSync } from 'node:child_process'
import { Client, type DatabaseError } from 'pg'
import { expect, it } from 'vitest'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { found, needs } from '../parts/require.ts'
import { openShop } from '../parts/shop.ts'

/** From here on the kernel refuses every write of the gateway: beyond its short files, within the log's open segment. */
const LIMIT = 2 ** 20

/** Whether the process is gone, or a zombie that its parent has not asked for yet. */
const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('forwards nothing once a write to the open segment failed, says so, stops, and recovers what is whole', async (test) => {
  needs(test, process.platform === 'linux' && found('prlimit'), 'prlimit on Linux, to make writes of a running process fail')
  // Without a handler the signal that comes with the error would end the process before it learns of the error.
  const handled = "--import=data:text/javascript,process.on('SIGXFSZ',()=>{})"
  const shop = await openShop({ gateway: { environment: { NODE_OPTIONS: handled } } })
  try {
    const client = new Client(shop.clientOf(await shop.gateway.credential()))
    client.on('error', () => undefined)
    await client.connect()
    for (let sent = 0; sent < 3; sent += 1) await client.query(`SELECT 'before-${sent}', length($1::text)`, ['b'.repeat(LIMIT / 2)])

    const { pid } = shop.gateway
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${LIMIT}`])
    const refused = await client.query("SELECT 'after'").catch((error: DatabaseError) => error)
    expect(refused).toBeInstanceOf(Error)
    expect(refused).toMatchObject({ message: expect.stringMatching(/segment|trail/i) })
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
    expect(await shop.gateway.stop()).toBe(1)
    expect(shop.gateway.log()).toContain('GS_TRAIL_FAILED')
    expect(shop.server.log()).not.toContain("'after'")

    shop.gateway = await shop.gateway.again()
    const operations = operationsOf(await readTrail(shop.gateway.operator))
    expect(operations.filter(({ statement }) => statement.includes('before-'))).toHaveLength(6)
    expect(operations.filter(({ status }) => status === undefined)).toEqual([])
  } finally {
    await shop.close()
  }
})
