import type { Entry, Source } from './check-log.ts'
import { type Region, readLines, readRegion } from './files.ts'
import { type Fields, fieldsOf, isCount, isText, listOf, parseFields } from './json.ts'
import { parseCheckpoint } from './note.ts'
import { readTar } from './tar.ts'
import { refuse } from './verdict.ts'

const MEMBER = /^(bundle\.json|checkpoint|tile\/.+|entries|payloads)$/

/** What `gatescribe trail export` writes: docs/verify.md, "A bundle". @throws Unusable */
export function openBundle(archive: Region): Source {
  const members = readTar(archive)
  const read = (name: string) => {
    const member = members.get(name)
    return member && readRegion(member)
  }
  const [note, says, lines, payloads] = [read('checkpoint'), read('bundle.json'), members.get('entries'), members.get('payloads')]
  const isBundle = [...members.keys()].every((name) => MEMBER.test(name))
  if (!isBundle || !note || !says || !lines) return refuse('a bundle lacks bundle.json, checkpoint or entries, or has something else')
  const checkpoint = parseCheckpoint(note)
  const { gatescribe, version, origin, size, scope, entries: count, range } = parseFields(says)
  if (gatescribe !== 'trail-bundle' || version !== 1) refuse('bundle.json is not that of a bundle, version 1')
  if (origin !== checkpoint.origin || size !== checkpoint.size) refuse('the bundle is of another checkpoint than its own')
  const [first, end] = listOf(range)
  const stretch = isCount(first) && isCount(end) ? ([first, end] as const) : undefined
  if (!isCount(count) || (range !== null && !stretch)) return refuse('bundle.json does not say what it holds')
  const { run, session } = fieldsOf(scope)
  const isPart = isText(run) || isText(session)
  // Of a run or session everything is here, but not what stands in between.
  const extent = {
    gapless: !isPart && range !== null,
    sessions: isPart || range !== null,
    runs: isText(run) || (!isPart && range !== null),
  }
  return {
    ...{ checkpoint, read, extent, count, range: stretch, has: parseScope(fieldsOf(scope), range) },
    ...{ entries: () => entriesOf(lines), payloads: payloads && readLines(payloads) },
  }
}

/** @returns whether an entry is within it. @throws Unusable */
function parseScope({ run, session, from, to, range: stretch }: Fields, range: unknown): (entry: Fields) => boolean {
  // Its sessions say once, when they open, that they are of the run.
  if (isText(run)) return (entry) => entry.run === run || (entry.run === undefined && isText(entry.session))
  if (isText(session)) return (entry) => entry.session === session
  const [begin, close] = [timeOf(from), timeOf(to)]
  if (begin <= close) return ({ at }) => begin <= timeOf(at) && timeOf(at) <= close
  return range !== null && JSON.stringify(stretch) === JSON.stringify(range) ? () => true : refuse('bundle.json has a scope that is none')
}

const timeOf = (at: unknown) => (isText(at) ? Date.parse(at) : Number.NaN)

/** Lines of index, space and entry. @throws Unusable */
export function* entriesOf(lines: Region): Generator<Entry> {
  for (const line of readLines(lines)) {
    const [index = ''] = /^(0|[1-9]\d{0,14})(?= )/.exec(line.toString('latin1', 0, 16)) ?? refuse('an entry of a bundle has no index')
    yield [Number(index), line.subarray(index.length + 1)]
  }
}
