import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Delta, type SearchIndex } from '../../search/index.ts'
import { openSearchIndex } from './search-index.ts'

const never = () => undefined
let folder: string
let index: SearchIndex
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-index-'))
  index = openSearchIndex(folder)
  await index.begin({ log: 'a log', first: 0 })
})
afterEach(() => {
  index.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Two entries from `from` on, with a term of their own and one of a payload. */
function delta(from: number): Delta {
  const made = new Delta(from)
  for (let at = from; at < from + 2; at++) {
    const position = made.next(at * 1000, Buffer.alloc(8, at + 1))
    made.add(position, 'entryent')
    made.addSealed(position, 'payloadp', 'a-key')
  }
  made.facts.set('ses_a', { opened: 0, inherited: ['entryent'], protocol: 'postgres', effects: { 1: 'deny' } })
  made.addStatement({ session: 'ses_a', number: 1, key: 'a-key', terms: ['payloadp', 'entryent'] })
  return made
}

it('keeps what is written when it is opened again, for its owner only', async () => {
  await index.write(delta(0), never)
  index.close()
  index = openSearchIndex(folder)
  expect(await index.state()).toEqual({ log: 'a log', first: 0, indexed: 2 })
  expect(await index.segments()).toEqual([{ segment: 0, earliest: 0, latest: 1000 }])
  const [own, sealed, none] = await index.postings(0, ['entryent', 'payloadp', 'nowheren'])
  expect(own).toEqual(Uint8Array.of(0, 0))
  expect(sealed).toEqual(own)
  expect(none).toBeUndefined()
  expect(await index.facts('ses_a')).toEqual({ opened: 0, inherited: ['entryent'], protocol: 'postgres', effects: { 1: 'deny' } })
  expect(await index.statement('ses_a', 1)).toEqual({ key: 'a-key', terms: ['payloadp', 'entryent'] })
  for (const end of ['', '-wal', '-shm']) {
    const path = join(folder, `index.sqlite${end}`)
    if (existsSync(path)) expect(statSync(path).mode & 0o777).toBe(0o600)
  }
})

it('adds all of a batch or nothing', async () => {
  await index.write(delta(0), never)
  let rests = 0
  const failing = () => {
    if (++rests === 2) throw new Error('no room')
    return undefined
  }
  await expect(index.write(delta(2), failing)).rejects.toThrow('no room')
  expect(await index.state()).toMatchObject({ indexed: 2 })
  expect(await index.postings(0, ['entryent'])).toEqual([Uint8Array.of(0, 0)])
  await index.write(delta(2), never)
  expect(await index.postings(0, ['entryent'])).toEqual([Uint8Array.of(0, 0, 0, 0)])
})

it('takes changes in turn, also where each rests', async () => {
  const resting = () => new Promise<void>((resolve) => void setImmediate(resolve))
  const changes = [
    index.write(delta(0), resting),
    index.write(delta(2), resting),
    index.forget(['a-key'], resting),
    index.write(delta(4), resting),
  ]
  await Promise.all(changes)
  expect(await index.state()).toMatchObject({ indexed: 6 })
  // What came before the key was forgotten is gone, what came behind is there.
  expect(await index.postings(0, ['payloadp'])).toEqual([Uint8Array.of(4, 0)])
  expect((await index.contents(0, never)).documents.get('a-key')?.get('payloadp')).toEqual(Uint8Array.of(4, 0))
})

it('begins empty', async () => {
  await index.write(delta(0), never)
  await index.begin({ log: 'another', first: 7 })
  expect(await index.state()).toEqual({ log: 'another', first: 7, indexed: 7 })
  expect(await index.segments()).toEqual([])
  expect((await index.contents(0, never)).postings.size).toBe(0)
  // What began below the first entry is all that is still known of it.
  expect(await index.facts('ses_a')).toMatchObject({ opened: 0 })
})
