import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import { BATCH_HEADER_BYTES, finishBatch, genesis, readBatch } from './batch.ts'
import { canonicalJson } from './canonical-json.ts'
import { recover } from './recovery.ts'
import { SEGMENT_HEADER_BYTES, segmentHeader, segmentName } from './segment.ts'

const KEY = Buffer.alloc(32, 7)
const LOG = { origin: 'test.example/trail', instance: 'one', key: KEY }
const FILE = segmentName(1)

function batchOf(number: number, previous: Uint8Array, text = `entry ${number}`): Buffer {
  const entry = Buffer.from(canonicalJson({ at: '2026-01-01T00:00:00.000000000Z', id: `00.${number}`, kind: 'log.read', text }))
  const batch = Buffer.alloc(BATCH_HEADER_BYTES + 2 + entry.byteLength + 2)
  batch.writeUInt16BE(entry.byteLength, BATCH_HEADER_BYTES)
  entry.copy(batch, BATCH_HEADER_BYTES + 2)
  finishBatch(batch, KEY, number, number, previous)
  return batch
}

/** Five batches of one entry each, and 700 zeros. */
function smallLog() {
  const batches: Buffer[] = []
  for (let number = 0; number < 5; number++) batches.push(batchOf(number, batches.at(-1)?.subarray(56, 88) ?? genesis(KEY)))
  const files = new MemorySegments()
  files.files.set(FILE, Buffer.concat([segmentHeader(LOG.origin, LOG.instance, 1), ...batches, Buffer.alloc(700)]))
  const starts = batches.map((_, i) => SEGMENT_HEADER_BYTES + batches.slice(0, i).reduce((sum, batch) => sum + batch.byteLength, 0))
  const end = (starts[4] as number) + (batches[4] as Buffer).byteLength
  const mac = (batches[4] as Buffer).subarray(56, 88)
  const state = { segment: 1, offset: end, batches: 5, entries: 5, mac, size: 0, root: Buffer.alloc(0), clean: true }
  // The last two bytes of a record without payloads are zeros, as is what they are written over.
  return { files, batches, starts, end, written: end - 2, state }
}

async function outcome(files: MemorySegments, state?: ReturnType<typeof smallLog>['state']) {
  try {
    const { end, torn } = await recover({ ...LOG, files, state })
    return { batches: end?.batches, offset: end?.offset, torn }
  } catch (error) {
    return { code: (error as { code: string }).code, message: (error as Error).message }
  }
}

it('reads a whole log and finds its end', async () => {
  const { files, end, state } = smallLog()
  expect(await outcome(files)).toEqual({ batches: 5, offset: end, torn: undefined })
  expect(await outcome(files, state)).toEqual({ batches: 5, offset: end, torn: undefined })
})

it('cuts a last batch that is torn at any byte, and nothing else', async () => {
  const { files, starts, written } = smallLog()
  const last = starts[4] as number
  for (let at = last; at < written; at++) {
    const torn = files.copy()
    torn.read(FILE).fill(0, at)
    const found = await outcome(torn)
    expect(found).toMatchObject({ batches: 4, offset: last })
    expect(found.torn === undefined).toBe(at === last)
  }
})

it('cuts a last batch of which only a later part reached the disk', async () => {
  const { files, starts, written } = smallLog()
  const last = starts[4] as number
  for (let at = last + 1; at < written; at++) {
    const torn = files.copy()
    torn.read(FILE).fill(0, last, at)
    expect(await outcome(torn)).toMatchObject({ batches: 4, offset: last, torn: { segment: 1, offset: last } })
  }
})

// What a changed byte means, for every byte there is. In the last batch it cannot be told from a torn write, which was never
// acknowledged; but once the state has seen that batch, it is known to have been durable, and the change is refused.
it.each([0x01, 0x80, 0xff])('sees every single changed byte (xor %i)', async (change) => {
  const { files, starts, end, state } = smallLog()
  const bytes = files.read(FILE)
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = files.copy()
    const copy = changed.read(FILE)
    copy[at] = (copy[at] as number) ^ change
    const unknown = await outcome(changed)
    const known = await outcome(changed, state)
    if (at < SEGMENT_HEADER_BYTES) {
      expect(unknown.code).toBe('GS_TRAIL_DAMAGED')
      expect(unknown.message).toContain('header')
    } else if (at < (starts[4] as number)) {
      const batch = starts.findLastIndex((start) => start <= at)
      expect(unknown.code).toBe('GS_TRAIL_DAMAGED')
      expect(unknown.message).toContain(`Batch ${batch} (from entry ${batch}) in segment ${FILE} at byte ${starts[batch]} `)
      expect(known.code).toBe('GS_TRAIL_DAMAGED')
    } else if (at < end) {
      expect(unknown).toMatchObject({ batches: 4, offset: starts[4], torn: { offset: starts[4] } })
      expect(known.code).toBe('GS_TRAIL_ROLLED_BACK')
    } else {
      // Behind the end there is nothing to lose: what appeared there is cut.
      expect(unknown).toMatchObject({ batches: 5, offset: end, torn: { offset: end } })
      expect(known).toMatchObject({ batches: 5, offset: end, torn: { offset: end } })
    }
  }
})

it.each([0, 1, 2, 3])('refuses a log in which batch %i was dropped, doubled or zeroed', async (which) => {
  const { files, batches, starts } = smallLog()
  const header = files.read(FILE).subarray(0, SEGMENT_HEADER_BYTES)
  const rebuilt = async (kept: Buffer[]) => {
    const changed = new MemorySegments()
    changed.files.set(FILE, Buffer.concat([header, ...kept, Buffer.alloc(700)]))
    return outcome(changed)
  }
  expect((await rebuilt(batches.toSpliced(which, 1))).code).toBe('GS_TRAIL_DAMAGED')
  expect((await rebuilt(batches.toSpliced(which, 0, batches[which] as Buffer))).code).toBe('GS_TRAIL_DAMAGED')
  const zeroed = files.copy()
  zeroed.read(FILE).fill(0, starts[which], starts[which + 1])
  expect((await outcome(zeroed)).code).toBe('GS_TRAIL_DAMAGED')
})

it('refuses a log that ends before what is known to have been durable', async () => {
  const { files, starts, state } = smallLog()
  const shorter = files.copy()
  shorter.read(FILE).fill(0, starts[4])
  expect((await outcome(shorter, state)).code).toBe('GS_TRAIL_ROLLED_BACK')
  expect((await outcome(new MemorySegments(), state)).code).toBe('GS_TRAIL_ROLLED_BACK')
})

it('refuses another history of the same length', async () => {
  const { files, starts, batches, state } = smallLog()
  const other = files.copy()
  const forged = batchOf(4, (batches[3] as Buffer).subarray(56, 88), 'entry X')
  forged.copy(other.read(FILE), starts[4])
  expect(await outcome(other)).toMatchObject({ batches: 5 })
  expect((await outcome(other, state)).code).toBe('GS_TRAIL_DAMAGED')
})

it('refuses a missing segment, and one of another log', async () => {
  const { files } = smallLog()
  const gap = files.copy()
  gap.files.set(segmentName(3), Buffer.concat([segmentHeader(LOG.origin, LOG.instance, 3), Buffer.alloc(700)]))
  expect((await outcome(gap)).message).toContain(segmentName(2))
  const foreign = files.copy()
  foreign.files.set(segmentName(2), Buffer.concat([segmentHeader(LOG.origin, 'two', 2), Buffer.alloc(700)]))
  expect((await outcome(foreign)).code).toBe('GS_TRAIL_DAMAGED')
})

it('reads no batch from bytes cut at any place', () => {
  const batch = batchOf(0, genesis(KEY))
  for (let length = 0; length < batch.byteLength; length++) expect(readBatch(batch.subarray(0, length), 0, KEY)).toBeUndefined()
  expect(readBatch(batch, 0, KEY)?.end).toBe(batch.byteLength)
  expect(readBatch(batch, 0, Buffer.alloc(32, 8))).toBeUndefined()
})

it('answers any damage with a refusal or a cut that it tells of, and never takes in a batch that was not written', async () => {
  const { files, end, starts } = smallLog()
  const whole = files.read(FILE)
  const damage = fc.record({
    at: fc.nat(whole.byteLength - 1),
    remove: fc.nat(400),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // Parts of the log itself, moved: they look more like the truth than random bytes.
      fc.tuple(fc.nat(whole.byteLength), fc.nat(600)).map(([from, length]) => whole.subarray(from, from + length)),
    ),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      let bytes: Buffer = whole
      for (const { at, remove, insert } of damages) bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
      const changed = new MemorySegments()
      changed.files.set(FILE, Buffer.from(bytes))
      const found = await outcome(changed)
      if (found.code !== undefined) {
        expect(found.code).toBe('GS_TRAIL_DAMAGED')
        return
      }
      // What was taken in is a prefix of what was written, to the byte.
      const offset = found.offset as number
      expect([...starts, end]).toContain(offset)
      expect(bytes.subarray(0, offset).equals(whole.subarray(0, offset))).toBe(true)
      const rest = bytes.subarray(offset)
      expect(found.torn === undefined).toBe(rest.every((byte) => byte === 0))
    }),
    { numRuns: 1000 },
  )
})
