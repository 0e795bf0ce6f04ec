import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { openShop, type Shop } from '../parts/shop.ts'

const gatescribe = (shop: Shop, ...words: string[]) => {
  const program = join(import.meta.dirname, '../../bin/gatescribe.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words, '-c', shop.gateway.configPath], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

it('erases a run by command: not while it lives or is held, first only said, then gone for whoever reads, with a log that still verifies', {
  timeout: 90_000,
}, async () => {
  const shop = await openShop()
  try {
    const job = await shop.gateway.credential()
    const client = new Client(shop.clientOf(job))
    await client.connect()
    await client.query("SELECT 'to be forgotten'")
    await client.end()
    const erase = (...more: string[]) => gatescribe(shop, 'trail', 'erase', '--run', job.run, '--reason', 'request 17', ...more)
    expect(erase('--yes')).toMatchObject({ status: 1, stderr: expect.stringContaining('GS_RETENTION_LIVE') })
    await shop.gateway.operator.revokeRun(job.run)
    await shop.gateway.operator.receipt(job.run)

    const held = gatescribe(shop, 'trail', 'hold', 'place', '--run', job.run, '--reason', 'case 4711', '--json')
    expect(held).toMatchObject({ status: 0 })
    expect(erase('--yes')).toMatchObject({ status: 1, stderr: expect.stringContaining('GS_RETENTION_HELD') })
    expect(gatescribe(shop, 'trail', 'hold', 'ls').stdout).toContain('case 4711')
    const { id } = JSON.parse(held.stdout) as { id: string }
    expect(gatescribe(shop, 'trail', 'hold', 'lift', id, '--reason', 'closed')).toMatchObject({ status: 0 })

    expect(erase()).toMatchObject({ status: 0, stdout: expect.stringContaining('Nothing has gone') })
    expect(JSON.stringify(await readTrail(shop.gateway.operator))).toContain('to be forgotten')
    expect(erase('--yes')).toMatchObject({ status: 0, stdout: expect.stringContaining('Destroyed 2 payload keys') })
    const entries = await readTrail(shop.gateway.operator)
    expect(JSON.stringify(entries)).not.toContain('to be forgotten')
    expect(entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['hold.placed', 'hold.lifted', 'erased']))
    expect(gatescribe(shop, 'trail', 'check', '--payloads')).toMatchObject({ status: 0 })
    expect(gatescribe(shop, 'trail', 'prune')).toMatchObject({ status: 1, stderr: expect.stringContaining('GS_RETENTION_UNSET') })
    expect(gatescribe(shop, 'trail', 'erase', '--run', 'run_nobody', '--reason', 'x')).toMatchObject({ status: 4 })
  } finally {
    await shop.close()
  }
})
