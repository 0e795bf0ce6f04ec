import { expect, it } from 'vitest'
import { logKey } from '../../src/trail/batch.ts'
import { folderLogFiles } from '../../src/trail/log-files.ts'
import type { Published } from '../../src/trail/published.ts'
import { recover } from '../../src/trail/recovery.ts'
import { SEGMENT_HEADER_BYTES } from '../../src/trail/segment.ts'
import { parseState, readState, stateText } from '../../src/trail/state-file.ts'
import { MemorySegments } from '../parts/memory-segments.ts'
import { seeded } from '../parts/seeded.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { TestTrail, testSealer } from '../parts/trail.ts'

const ENTRIES = 1000
const PUBLISHED = 700
const SEED = seedOr(7)
/** Bytes of a segment that are changed in CI; the long form takes all of them, in an order of its own, as far as its time goes. */
const SAMPLE = 400
const MASTER = Buffer.alloc(32, 3)

/** A log of 1,000 entries of which 700 are published, as a crash leaves it: state, segments, and the key that both are held against. */
async function crashedLog() {
  const house = new TestTrail(testSealer(MASTER))
  const files = new MemorySegments()
  const trail = await house.open({ files, segmentBytes: 1 << 20 })
  for (let n = 1; n < PUBLISHED; n++) trail.append({ kind: 'log.read', fields: { n } })
  await trail.durable({ kind: 'log.read', fields: { n: PUBLISHED } })
  await trail.publish()
  for (let n = PUBLISHED + 1; n <= ENTRIES; n++) {
    trail.append({ kind: 'log.read', fields: { n } })
    if (n % 10 === 0) await new Promise<void>((resolve) => trail.whenDurable(() => resolve()))
  }
  const segments = files.copy()
  const stored = house.store.findByLabel('batch-mac', '')!
  const mac = house.sealer.open(stored.sealed, `gatescribe trail key\n${stored.purpose}\n${stored.id}\n${stored.label}`)
  const key = logKey(mac, 'test.example/trail', 'one')
  const published = (await readState(folderLogFiles(`${house.folder}/trail`), key)) as Published
  await house.remove()
  return { segments, key, published }
}

it(`sees every changed byte of the write-ahead file and of the state (seed ${SEED})`, { timeout: patience(60_000) }, async () => {
  const { segments, key, published } = await crashedLog()
  const found = { changed: 0, refused: 0, 'cut as torn': 0, 'behind the end': 0, missed: 0 }
  const log = { origin: 'test.example/trail', instance: 'one', key, state: undefined, published }
  const sound = await recover({ ...log, files: segments })
  expect(sound.end).toMatchObject({ entries: ENTRIES })
  const last = sound.end!.batches - 1
  const used = segments.list().map((name) => {
    const isLast = name === `${String(sound.end!.segment).padStart(12, '0')}.wal`
    return { name, bytes: (isLast ? sound.end!.offset : SEGMENT_HEADER_BYTES) + 64 }
  })
  for (const { name, at } of places(used)) {
    const changed = segments.copy()
    const bytes = changed.read(name)
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
    found.changed++
    const outcome = await recover({ ...log, files: changed }).catch((error: { code: string; message: string }) => error)
    if ('code' in outcome) {
      expect(outcome.code).toMatch(/^GS_TRAIL_(DAMAGED|ROLLED_BACK)$/)
      expect(outcome.message).toMatch(/segment .*\.wal/)
      found.refused++
    } else if (outcome.torn && outcome.end!.batches === last + 1) found['behind the end']++
    else if (outcome.torn && outcome.end!.batches === last) found['cut as torn']++
    else found.missed++
  }
  const text = stateText(published, key)
  for (let at = 0; at < text.length; at++) {
    for (const other of [text.charCodeAt(at) ^ 1, text.charCodeAt(at) ^ 32]) {
      expect(() => parseState(text.slice(0, at) + String.fromCharCode(other) + text.slice(at + 1), key)).toThrow(/state/)
    }
    expect(() => parseState(text.slice(0, at) + text.slice(at + 1), key)).toThrow(/state/)
    expect(() => parseState(text.slice(0, at), key)).toThrow(/state/)
    expect(() => parseState(`${text.slice(0, at)}0${text.slice(at)}`, key)).toThrow(/state/)
    found.changed += 5
    found.refused += 5
  }
  shown('test/trail/tamper.test.ts', found)
  expect(found.missed).toBe(0)
  expect(found.refused).toBeGreaterThan(found.changed / 2)
})

interface Place {
  readonly name: string
  readonly at: number
}

/** Places that are the same for one seed: a sample of each segment, or in the long form each place once until its time is over. */
function* places(segments: readonly { readonly name: string; readonly bytes: number }[]): Generator<Place> {
  const random = seeded(SEED)
  if (process.env.GATESCRIBE_SOAK === undefined) {
    for (const { name, bytes } of segments)
      for (let n = 0; n < Math.min(bytes, SAMPLE); n++) yield { name, at: Math.floor(random() * bytes) }
    return
  }
  const all = segments.flatMap(({ name, bytes }) => Array.from({ length: bytes }, (_, at) => ({ name, at })))
  for (const round of rounds(all.length)) {
    if (round === all.length) return
    const other = round + Math.floor(random() * (all.length - round))
    const [place, swapped] = [all[other] as Place, all[round] as Place]
    all[other] = swapped
    yield place
  }
}
