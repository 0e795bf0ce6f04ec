import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import { TestTrail } from '../../test/parts/trail.ts'
import { folderFiles } from './segment-files.ts'

const houses: TestTrail[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.remove()
})

/** A log whose last segment is full, with a session open, as a crash left it; there is no room for another segment. */
async function fullAndCrashed() {
  const house = new TestTrail()
  houses.push(house)
  const files = new MemorySegments()
  files.room = 1
  const trail = await house.open({ files })
  await trail.durable({ kind: 'session.open', fields: { session: 'ses_1' } })
  for (let n = 0; trail.state === 'open'; n++)
    await trail.durable({ kind: 'log.read', fields: { n, filler: 'x'.repeat(100) } }).catch(() => undefined)
  // What a crash leaves is what is on the disk now.
  const left = files.copy()
  left.room = 0
  return { house, files: left }
}

it('comes up full where there is no room to say what was recovered, forwards nothing, and resumes by itself', async () => {
  const { house, files } = await fullAndCrashed()
  const trail = await house.open({ files })
  expect(trail.state).toBe('full')
  await expect(trail.durable({ kind: 'log.read', fields: {} })).rejects.toMatchObject({ code: 'GS_TRAIL_FULL' })
  trail.note({ kind: 'gateway.start', fields: {} })
  expect(house.said).toContainEqual(expect.objectContaining({ message: expect.stringContaining('no room') }))

  files.room = Number.POSITIVE_INFINITY
  await expect.poll(() => trail.state).toBe('open')
  await trail.durable({ kind: 'log.read', fields: { last: true } })
  const kinds = (await house.entries({ from: -5 })).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind !== 'log.read' && kind !== 'gap')).toEqual(['gateway.recovered', 'session.close', 'gateway.start'])

  // Closed in order from here on: nothing is left to recover.
  await house.close()
  await house.open({ files })
  expect((await house.entries({ from: -1 }))[0]?.fields).toEqual({ last: true })
})

it('is not in order where it closes without room: the next start ends what was open', async () => {
  const { house, files } = await fullAndCrashed()
  await house.open({ files })
  await house.close()
  files.room = Number.POSITIVE_INFINITY
  await house.open({ files })
  const kinds = (await house.entries({ from: -2 })).map(({ kind }) => kind)
  expect(kinds).toEqual(['gateway.recovered', 'session.close'])
})

it('reads a segment without most of the zeros at its end, and loses nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-segments-'))
  try {
    const files = folderFiles(join(folder, 'trail'))
    mkdirSync(join(folder, 'trail'), { recursive: true })
    const MIB = 1 << 20
    for (const last of [-1, 0, 511, MIB - 1, MIB, 3 * MIB - 2, 5 * MIB + 6]) {
      const whole = Buffer.alloc(5 * MIB + 7)
      if (last >= 0) whole[last] = 1
      writeFileSync(join(folder, 'trail', 'segment'), whole)
      const read = files.read('segment')
      expect(read.byteLength).toBeGreaterThanOrEqual(Math.min(whole.byteLength, last + 1 + MIB))
      expect(read.equals(whole.subarray(0, read.byteLength))).toBe(true)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
