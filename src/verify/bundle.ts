import type { Entry, Source } from './check-log.ts'
import { type Region, readLines, readRegion } from './files.ts'
import type { Holding } from './holding.ts'
import { type Fields, field, isCount, isText, list, parseFields } from './json.ts'
import { MAX_FILE } from './log-folder.ts'
import { readTar } from './tar.ts'
import { Unusable } from './verdict.ts'

const MAX_LINE = 17 + 65_535
/** A payload of 32 MiB in base64, and what stands around it. */
const MAX_PAYLOAD_LINE = 48 << 20

/** What `gatescribe trail export` writes: docs/verify.md, "A bundle". @throws Unusable */
export function openBundle(archive: Region): Source {
  const members = readTar(archive)
  const unread = new Set(members.keys())
  const member = (name: string): Region | undefined => {
    unread.delete(name)
    return members.get(name)
  }
  const read = (name: string) => {
    const region = member(name)
    return region && readRegion(region, MAX_FILE)
  }
  const [says, checkpoint, lines] = [parseFields(read('bundle.json') ?? Buffer.alloc(0)), read('checkpoint'), member('entries')]
  if (!says || !checkpoint || !lines) throw new Unusable('a bundle without bundle.json, checkpoint or entries')
  const payloads = member('payloads')
  return {
    ...{ checkpoint, read },
    holding({ origin, size }) {
      if (field(says, 'origin') !== origin || field(says, 'size') !== size)
        throw new Unusable('the bundle is of another checkpoint than its own')
      return { ...parseHolding(says), ...(payloads && { payloads: payloadsOf(payloads) }) }
    },
    entries: () => entriesOf(lines),
    uncovered: () => unread,
  }
}

/** Lines of index, space and entry. @throws Unusable */
export function* entriesOf(lines: Region): Generator<Entry> {
  for (const line of readLines(lines, MAX_LINE)) {
    const [index] = /^(0|[1-9]\d{0,14})(?= )/.exec(line.toString('latin1', 0, 16)) ?? []
    if (index === undefined) throw new Unusable('a line of a bundle does not begin with the index of its entry')
    yield [Number(index), line.subarray(index.length + 1)]
  }
}

function parseHolding(says: Fields): Holding {
  const [scope, count, range] = [field(says, 'scope'), field(says, 'entries'), field(says, 'range')]
  const [run, session, from, to] = ['run', 'session', 'from', 'to'].map((name) => field(scope, name))
  const [first, end] = list(range)
  const isOne = field(says, 'gatescribe') === 'trail-bundle' && field(says, 'version') === 1 && isCount(count)
  if (!isOne || !(range === null || (isCount(first) && isCount(end)))) throw new Unusable('bundle.json is not that of a bundle, version 1')
  const stretch = range === null ? {} : { range: [first as number, end as number] as const }
  const extent = { gapless: false, sessions: true, runs: isText(run) }
  if (isText(run)) {
    // Its sessions say once, when they open, that they are of the run.
    return {
      count,
      extent,
      ...stretch,
      has: (entry) => (field(entry, 'run') ?? (isText(field(entry, 'session')) ? run : undefined)) === run,
    }
  }
  if (isText(session)) return { count, extent, ...stretch, has: (entry) => field(entry, 'session') === session }
  const holding = { count, extent: { gapless: range !== null, sessions: range !== null, runs: range !== null }, ...stretch }
  if (JSON.stringify(field(scope, 'range')) === JSON.stringify(range)) return holding
  const [begin, close] = [Date.parse(String(from)), Date.parse(String(to))]
  if (!(begin <= close)) throw new Unusable('bundle.json has a scope that is none')
  const has = (entry: Fields) => {
    const at = Date.parse(String(field(entry, 'at')))
    return begin <= at && at <= close
  }
  return { ...holding, has }
}

/** JSON lines. @throws Unusable */
export function* payloadsOf(region: Region): Generator<Fields> {
  for (const line of readLines(region, MAX_PAYLOAD_LINE)) {
    const fields = parseFields(line)
    if (!fields) throw new Unusable('a line of payloads is not a JSON object')
    yield fields
  }
}
