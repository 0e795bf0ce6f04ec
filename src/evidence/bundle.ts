import { tilePath } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import { covering } from './checkpoint.ts'
import { EvidenceError } from './errors.ts'
import type { EvidenceTrail } from './scope.ts'
import { select } from './select.ts'
import { entryLine, payloadLines, type Survey } from './survey.ts'
import { ARCHIVE_END, memberHeader, padding } from './ustar.ts'

/** Lines are gathered up to this many bytes. */
const CHUNK = 64 * 1024

/**
 * One self-contained archive with all that it takes to check the entries of a survey: docs/evidence.md, "A bundle". What it is checked
 * against, keys and policy, is not in it. The log is read again, so that nothing is held in memory however much there is.
 * @throws EvidenceError GS_EVIDENCE_UNSIGNED, GS_EVIDENCE_CHANGED; TrailError
 */
export async function* bundle(trail: EvidenceTrail, surveyed: Survey): AsyncGenerator<Buffer> {
  const { scope, entries, first, last, tiles, bytes, payloads } = surveyed
  const { checkpoint, size } = await covering(trail, last)
  const mtime = Math.floor(Date.parse(surveyed.newest) / 1000)
  const member = (name: string, content: Uint8Array) =>
    Buffer.concat([memberHeader({ name, size: content.byteLength, mtime }), content, padding(content.byteLength)])
  const lines = async function* (name: string, length: number, of: (entry: StoredEntry) => Buffer) {
    yield memberHeader({ name, size: length, mtime })
    yield* exactly(length, gathered(trail, surveyed, of))
    yield padding(length)
  }

  const range = last - first + 1 === entries ? [first, last + 1] : null
  const says = { gatescribe: 'trail-bundle', version: 1, origin: trail.name, scope, size, entries, range }
  yield member('bundle.json', Buffer.from(JSON.stringify(says)))
  yield member('checkpoint', Buffer.from(checkpoint))
  for (const tile of tiles.tiles(size)) yield member(tilePath(tile), await trail.tile(tile))
  yield* lines('entries', bytes.entries, entryLine)
  if (payloads) yield* lines('payloads', bytes.payloads, payloadLines)
  yield ARCHIVE_END
}

/** In pieces of a size that is worth sending. */
async function* gathered(trail: EvidenceTrail, { scope, within }: Survey, of: (entry: StoredEntry) => Buffer): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let length = 0
  for await (const entry of select(trail, scope, within)) {
    const line = of(entry)
    held.push(line)
    length += line.byteLength
    if (length < CHUNK) continue
    yield Buffer.concat(held)
    held = []
    length = 0
  }
  yield Buffer.concat(held)
}

/** The size stands in front of it: what comes must come to that. @throws EvidenceError GS_EVIDENCE_CHANGED */
async function* exactly(length: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = length
  for await (const piece of pieces) {
    rest -= piece.byteLength
    if (rest < 0) break
    yield piece
  }
  if (rest !== 0) throw new EvidenceError('GS_EVIDENCE_CHANGED')
}
