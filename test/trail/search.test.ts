import { afterEach, beforeEach, expect, it } from 'vitest'
import { termBytes } from '../../src/search/index.ts'
import type { PayloadKey, Trail } from '../../src/trail/index.ts'
import { SearchedLog } from '../parts/searched-log.ts'
import { everythingBelow, TestTrail } from '../parts/trail.ts'

let house: TestTrail
let trail: Trail
let searched: SearchedLog
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
  searched = new SearchedLog(trail, { folder: house.folder, key: trail.indexKey() })
})
afterEach(async () => {
  await searched.remove()
  await house.remove()
  expect(searched.failures).toEqual([])
})

/** A session with one statement of its own, executed twice. @returns the key of its payloads */
async function session(name: string): Promise<PayloadKey> {
  const key = trail.sessionKey()
  const session = `ses_${name}`
  trail.append({
    kind: 'session.open',
    fields: { session, run: `run_${name}`, who: { pseudonym: trail.pseudonym('ci', name) }, resource: 'orders-db', protocol: 'postgres' },
    payloads: [{ name: 'client', key, content: Buffer.from('{"address":"10.0.0.7:5000"}') }],
  })
  const text = `select secret_of_${name} from customers`
  trail.append({
    kind: 'operation.intent',
    fields: { session, ops: [[1, 1, 1, 'prepare']], decisions: [[1, 'allow', ['a-rule'], 'sha256:00']] },
    payloads: [{ name: 'statement.1', key, content: Buffer.from(text) }],
  })
  await trail.durable({ kind: 'operation.intent', fields: { session, ops: [[2, 1, 1]] } })
  return key
}

it('finds in a real log what was written, before and after it is published', async () => {
  await session('alice')
  const before = await searched.found({ object: 'customers' })
  await trail.publish()
  await session('bob')
  expect(before).toEqual([1, 2])
  expect(await searched.found({ object: 'customers' })).toEqual([1, 2, 4, 5])
  expect(await searched.found({ text: 'secret_of_bob' })).toEqual([4])
  expect(await searched.found({ who: trail.pseudonym('ci', 'bob'), action: 'select', kind: 'operation.intent' })).toEqual([4, 5])
  expect(await searched.check()).toMatchObject({ end: 6, differences: 0, unreadable: 0 })
})

it('holds no word of any payload in clear', async () => {
  await session('alice')
  await searched.upToDate()
  await trail.publish()
  const bytes = house.bytesOnDisk().toString('latin1').toLowerCase()
  for (const word of ['secret_of_alice', 'customers', '10.0.0.7']) expect(bytes).not.toContain(word)
  expect(bytes).toContain('ses_alice')
})

it('forgets what is erased, to the last byte, and so does an index that is built again', async () => {
  const alice = await session('alice')
  await session('bob')
  await searched.upToDate()
  const erased = termBytes(searched.terms.of('word', 'secret_of_alice'))
  expect(house.bytesOnDisk().includes(erased)).toBe(true)
  await trail.erase([alice.id], { kind: 'erased', fields: { keys: 1 } }, (keys) => searched.indexer.forget(keys))
  expect(house.bytesOnDisk().includes(erased)).toBe(false)
  expect(await searched.found({ text: 'secret_of_alice' })).toEqual([])
  expect(await searched.found({ object: 'customers' })).toEqual([4, 5])
  expect(await searched.found({ session: 'ses_alice' })).toEqual([0, 1, 2])
  expect(await searched.check()).toMatchObject({ differences: 0, unreadable: 0 })
  await searched.rebuild()
  expect(await searched.found({ text: 'secret_of_alice' })).toEqual([])
  expect(await searched.found({ object: 'customers' })).toEqual([4, 5])
})

it('goes on behind what is pruned, and knows whose a session is that began there', async () => {
  await session('alice')
  for (let n = 3; n < 600; n++) trail.append({ kind: 'operation.intent', fields: { session: 'ses_alice', ops: [[n, 1, 1]] } })
  await session('bob')
  await trail.publish()
  await searched.upToDate()
  await trail.prune(everythingBelow(512), { kind: 'pruned', fields: {} }, () => searched.indexer.prune(trail.proven.minimum))
  expect(trail.proven.minimum).toBe(512)
  const left = await searched.found({ run: 'run_alice', object: 'customers' })
  expect(left[0]).toBe(512)
  expect(left).toHaveLength(600 - 512)
  expect(await searched.check()).toMatchObject({ first: 512, differences: 0 })
  await searched.rebuild()
  expect(await searched.found({ run: 'run_alice', object: 'customers' })).toEqual(left)
})
