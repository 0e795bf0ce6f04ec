import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { openKeyStore, openPayloadStore } from '../store/index.ts'
import { PublishedReader } from './published-reader.ts'
import type { Trail } from './trail.ts'

let house: TestTrail
let trail: Trail
let reader: PublishedReader
let close: () => void
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
  const [keys, payloads] = [openKeyStore(house.folder), openPayloadStore(house.folder)]
  reader = new PublishedReader({
    folder: house.folder,
    keys,
    payloads,
    masterKey: house.sealer,
    origin: 'test.example/trail',
    name: trail.name,
  })
  close = () => {
    keys.close()
    payloads.close()
  }
})
afterEach(async () => {
  close()
  await house.remove()
})

async function write(count: number): Promise<string> {
  const key = trail.sessionKey()
  for (let n = 0; n < count; n++) {
    trail.append({ kind: 'log.read', fields: { n }, payloads: [{ name: 'a', key, content: Buffer.from(`said ${n}`) }] })
  }
  await new Promise<void>((resolve) => trail.whenDurable(() => resolve()))
  return key.id
}

async function contents(from = 0): Promise<(string | undefined)[]> {
  const seen: (string | undefined)[] = []
  for await (const entry of reader.read({ from })) seen.push(entry.payloads()[0]?.content?.toString())
  return seen
}

it('reads what is published, with its payloads, as far as it was told, beside the thread that writes', async () => {
  await write(300)
  reader.advance(await trail.publish())
  await write(5)
  await trail.publish()
  expect(await contents()).toEqual(Array.from({ length: 300 }, (_, n) => `said ${n}`))
  expect(await contents(-2)).toEqual(['said 298', 'said 299'])
  reader.advance(trail.proven)
  expect(await contents(299)).toEqual(['said 299', 'said 0', 'said 1', 'said 2', 'said 3', 'said 4'])
})

it('reads the same in pieces, from any place up to where it was told', async () => {
  await write(300)
  reader.advance(await trail.publish())
  await write(5)
  await trail.publish()
  for (const from of [0, 63, 64, 255, 256, 299]) {
    const pieces: (readonly (string | undefined)[])[] = []
    for await (const piece of reader.readPieces({ from })) pieces.push(piece.map((entry) => entry.payloads()[0]?.content?.toString()))
    expect(pieces.flat()).toEqual(await contents(from))
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(64)
  }
})

it('follows as it is told of more, until it is stopped', async () => {
  const stop = new AbortController()
  const seen: number[] = []
  const following = (async () => {
    for await (const { index } of reader.read({ follow: true, signal: stop.signal })) {
      seen.push(index)
      if (seen.length === 20) stop.abort()
    }
  })()
  for (let round = 0; round < 2; round++) {
    await write(10)
    reader.advance(await trail.publish())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await following
  expect(seen).toEqual(Array.from({ length: 20 }, (_, at) => at))
})

it('shows nothing of what was erased, also where its key was open', async () => {
  const key = await write(3)
  reader.advance(await trail.publish())
  expect(await contents()).toEqual(['said 0', 'said 1', 'said 2'])
  await trail.erase([key], { kind: 'erased', fields: { scope: 'session' } }, () => reader.forget([key]))
  expect(await contents()).toEqual([undefined, undefined, undefined])
})

it('ends where the log ended for it when it was asked, although it is told of more all the while', async () => {
  await write(300)
  reader.advance(await trail.publish())
  const reading = reader.read({ from: 250 })
  let read = 0
  for await (const { index } of reading) {
    expect(index).toBe(250 + read++)
    await write(1)
    reader.advance(await trail.publish())
  }
  expect(read).toBe(50)
})
