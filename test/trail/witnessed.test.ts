import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { parseNote, parseVkey, verifiedBy } from '../../src/tlog/index.ts'
import { openShop } from '../parts/shop.ts'
import { startTestWitness } from '../parts/test-witness.ts'

it('has its log witnessed, puts cosignatures into receipts, and does not start on an older copy of its data folder', {
  timeout: 90_000,
}, async () => {
  const shop = await openShop()
  try {
    const { keys } = await shop.gateway.operator.logKeys()
    const witness = await startTestWitness(keys.map(({ vkey }) => vkey))
    const settings = { witnesses: { need: 1, of: [{ url: witness.url, key: witness.vkey }] } }
    await shop.gateway.stop()
    shop.gateway = await shop.gateway.again([], { trail: settings })
    expect((await shop.gateway.operator.status()).log.witnesses).toMatchObject({ need: 1, asked: true })

    const run = await (async () => {
      const job = await shop.gateway.credential()
      const client = new Client(shop.clientOf(job))
      await client.connect()
      await client.query("SELECT 'witnessed'")
      await client.end()
      await shop.gateway.operator.revokeRun(job.run)
      return job.run
    })()
    const receipt = JSON.parse(await shop.gateway.operator.receipt(run)) as { logs: { checkpoint: string }[] }
    const note = parseNote(receipt.logs[0]!.checkpoint)
    expect(verifiedBy(note, [parseVkey(witness.vkey), ...keys.map(({ vkey }) => parseVkey(vkey))])).toHaveLength(2)

    await shop.gateway.stop()
    const { data } = shop.gateway
    const older = `${data}-older`
    cpSync(data, older, { recursive: true })
    shop.gateway = await shop.gateway.again()
    const job = await shop.gateway.credential()
    await shop.gateway.operator.revokeRun(job.run)
    await shop.gateway.operator.receipt(job.run)
    await shop.gateway.stop()
    rmSync(data, { recursive: true })
    cpSync(older, data, { recursive: true })
    rmSync(older, { recursive: true })
    await expect(shop.gateway.again()).rejects.toThrow(/GS_TRAIL_ROLLED_BACK[\s\S]*saw \d+ entries of this log/)
    shop.gateway = await shop.gateway.again(['--new-origin'])
    expect((await shop.gateway.operator.status()).log.name).toBe('gateway.test/tests/main.2')
    expect(existsSync(join(data, 'trail.1/log/checkpoint'))).toBe(true)
  } finally {
    await shop.close()
  }
})
