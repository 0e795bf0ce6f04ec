import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { openShop } from '../parts/shop.ts'

it('a gateway whose log was rolled back refuses to start, says what to do, and does it', { timeout: 60_000 }, async () => {
  const shop = await openShop()
  try {
    const data = shop.gateway.data
    const say = async (text: string) => {
      const client = new Client(shop.clientOf(await shop.gateway.credential()))
      await client.connect()
      await client.query(`SELECT '${text}'`)
      await client.end()
    }
    await say('first')
    await shop.gateway.stop()
    cpSync(join(data, 'trail'), join(data, 'older'), { recursive: true })
    shop.gateway = await shop.gateway.again()
    await say('second')
    await shop.gateway.stop()
    rmSync(join(data, 'trail'), { recursive: true })
    cpSync(join(data, 'older'), join(data, 'trail'), { recursive: true })

    await expect(shop.gateway.again()).rejects.toThrow(/GS_TRAIL_ROLLED_BACK[\s\S]*gatescribe start --new-origin/)
    shop.gateway = await shop.gateway.again(['--new-origin'])
    const { log } = await shop.gateway.operator.status()
    expect(log.name).toBe('gateway.test/tests/main.2')
    const findings: object[] = []
    for await (const finding of shop.gateway.operator.doctor(AbortSignal.timeout(20_000))) findings.push(finding)
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'log', level: 'warn', found: expect.stringContaining('trail.1') }))
    await say('third')
    const entries = await readTrail(shop.gateway.operator)
    expect(entries[0]).toMatchObject({ kind: 'log.continued', fields: { previous: { origin: 'gateway.test/tests/main' } } })
    const statements = JSON.stringify(entries)
    expect(statements).toContain('third')
    expect(statements).not.toContain('first')
    await shop.gateway.stop()
    // As a service file would in which it was forgotten.
    await expect(shop.gateway.again(['--new-origin'])).rejects.toThrow(/GS_TRAIL_SOUND/)
    shop.gateway = await shop.gateway.again()
    expect((await shop.gateway.operator.status()).log.name).toBe('gateway.test/tests/main.2')
  } finally {
    await shop.close()
  }
})
