import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(() => house.remove())

it('writes an entry and reads it back with its payload', async () => {
  const trail = await house.open()
  const key = trail.sessionKey()
  const id = await trail.durable({
    kind: 'session.open',
    fields: { session: 'ses_1' },
    payloads: [{ name: 'client', key, content: Buffer.from('10.0.0.7') }],
  })
  const [entry] = await house.entries()
  expect(entry).toMatchObject({ index: 0, id, kind: 'session.open', fields: { session: 'ses_1' } })
  expect(entry?.payloads()).toEqual([{ name: 'client', content: Buffer.from('10.0.0.7') }])
  expect(house.bytesOnDisk().includes('10.0.0.7')).toBe(false)
})

it('goes on in the same log after it was closed, and says nothing of a recovery', async () => {
  await (await house.open()).durable({ kind: 'gateway.start', fields: {} })
  await house.close()
  await (await house.open()).durable({ kind: 'gateway.start', fields: {} })
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['gateway.start', 'gateway.start'])
  expect(existsSync(join(house.folder, 'trail'))).toBe(true)
  expect(readdirSync(join(house.folder, 'trail')).filter((name) => name.endsWith('.part'))).toEqual([])
})

it('rolls over to the next segment and reads across', async () => {
  const trail = await house.open()
  for (let n = 0; n < 40; n++) {
    await trail.durable({ kind: 'log.read', fields: { n, filler: 'x'.repeat(10_000) } })
  }
  expect((await house.entries()).map(({ fields }) => fields.n)).toEqual(Array.from({ length: 40 }, (_, n) => n))
  expect((await house.entries({ from: -3 })).map(({ fields }) => fields.n)).toEqual([37, 38, 39])
  expect((await house.entries({ from: 17 })).map(({ index }) => index)[0]).toBe(17)
  expect(readdirSync(join(house.folder, 'trail')).length).toBeGreaterThan(3)
})
