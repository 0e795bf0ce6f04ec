import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { checkComplete, checkEntry, checkPayloads } from '../../src/verify/check-log.ts'
import { withFile as inFile, type Region, readArchive, readLines, readRegion } from '../../src/verify/input.ts'
import { entriesOf, entryOf } from '../../src/verify/sources.ts'
import { openTree } from '../../src/verify/tree.ts'
import { Failure, parseFields, Unusable } from '../../src/verify/verdict.ts'
import { seeded } from '../parts/seeded.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { bundleMembers, tar } from './naive-bundle.ts'
import { NaiveEntries } from './naive-entries.ts'
import { bundled, NaiveLog, naivePath } from './naive-log.ts'
import { said, Workplace } from './verdicts.ts'

/*
 * Every byte of a log of 1,000 entries and of a bundle of it, changed one at a time, and every entry dropped, repeated, swapped and cut off:
 * all of it is found. To be done within a minute, each change goes through the part of the verifier that reads it; a seeded sample goes through
 * all of it, and in the long form as many as there is time for.
 *
 * Not found, as no checkpoint covers it: files of the folder to which the tree does not lead, and of a bundle the times of a
 * scope `from`/`to` as far as its entries lie within them.
 */

const SIZE = 1000
const made = NaiveEntries.of(SIZE)
const log = new NaiveLog(made.entries)
const files = log.files()
const place = new Workplace()
afterAll(() => place.remove())
const seed = seedOr(4711)
const random = seeded(seed)

/** The tree, with one file of it in other words. */
const treeWith = (path: string, bytes: Buffer | undefined) => openTree(SIZE, (each) => (each === path ? bytes : files.get(each)))
const untouched = treeWith('', undefined)

/** What is thrown, if it says that the log is bad. */
function found(work: () => void): Failure | Unusable | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof Failure || error instanceof Unusable) return error
    throw error
  }
}

/** Changes one bit of a byte, calls back, and changes it back. */
function flip(bytes: Buffer, at: number, then: () => void): void {
  const bit = 1 << Math.floor(random() * 8)
  bytes[at] = (bytes[at] as number) ^ bit
  then()
  bytes[at] = (bytes[at] as number) ^ bit
}

/** What the bundle of a folder is found to have. */
function judgeBundle(n: number, bytes: Buffer): Failure | Unusable | undefined {
  const width = Math.min(256, SIZE - n * 256)
  return judgeEntries({ width, bytes }, n * 256)
}

function judgeEntries(bundle: { readonly width: number; readonly bytes: Buffer }, first: number): Failure | Unusable | undefined {
  return found(() => {
    for (const [index, entry] of entriesOf(bundle.bytes, first, bundle.width, SIZE)) checkEntry(untouched, index, entry)
  })
}

it('finds every changed byte of every entry bundle, and names the entry', () => {
  let changes = 0
  for (let n = 0; n * 256 < SIZE; n++) {
    const end = Math.min(SIZE, n * 256 + 256)
    const bytes = Buffer.from(files.get(naivePath('entries', n, end - n * 256)) as Buffer)
    expect(judgeBundle(n, bytes)).toBeUndefined()
    let begin = 0
    for (let index = n * 256; index < end; index++) {
      // What stands before it is read as before. Its length belongs to it.
      const rest = { width: end - index, bytes: bytes.subarray(begin) }
      const length = 2 + (log.entries[index] as Buffer).length
      for (let at = 0; at < length; at++, changes++) {
        flip(rest.bytes, at, () => {
          const failure = judgeEntries(rest, index)
          if ((failure as Failure | undefined)?.cause !== index)
            expect(failure, `byte ${at} of entry ${index}`).toMatchObject({ cause: index })
        })
      }
      begin += length
    }
  }
  expect(changes).toBeGreaterThan(250_000)
}, 60_000)

it('finds every entry that is dropped, repeated, swapped with the next or cut off, and names the first bad one', () => {
  for (let index = 0; index < SIZE; index++) {
    const [entry, next] = [log.entries[index] as Buffer, log.entries[index + 1]]
    const n = Math.floor(index / 256)
    const [first, last] = [n * 256, Math.min(SIZE, n * 256 + 256) - 1]
    const own = log.entries.slice(first, last + 1)
    const at = index - first
    const cases: [string, number, readonly Buffer[]][] = [
      ['dropped', index, own.toSpliced(at, 1)],
      ['repeated', index + 1, own.toSpliced(at, 0, entry)],
      ['cut off', index, own.slice(0, at)],
      ['swapped', index, index < last ? own.toSpliced(at, 2, next as Buffer, entry) : own.with(at, next ?? (own[0] as Buffer))],
    ]
    for (const [what, bad, entries] of cases) {
      expect(judgeBundle(n, bundled(entries)), `entry ${index} ${what}`).toMatchObject({ cause: bad })
    }
  }
}, 60_000)

it('finds every changed byte of every tile', () => {
  let changes = 0
  for (const [path, original] of files) {
    if (!/^tile\/\d/.test(path)) continue
    const bytes = Buffer.from(original)
    const [, level, n] = path.split(/[/.]/).map(Number)
    for (let at = 0; at < bytes.length; at++, changes++) {
      flip(bytes, at, () => {
        const tree = treeWith(path, bytes)
        const isFound =
          bytes.length < 8192 ? tree.root() !== untouched.root() : found(() => tree.tile(level as number, n as number)) instanceof Failure
        if (!isFound) expect(isFound, `byte ${at} of ${path}`).toBe(true)
      })
    }
  }
  expect(changes).toBe(SIZE * 32 + 3 * 32)
}, 60_000)

it('finds every changed byte of the checkpoint', () => {
  const folder = log.write(place.path())
  const bytes = Buffer.from(files.get('checkpoint') as Buffer)
  for (let at = 0; at < bytes.length; at++) {
    flip(bytes, at, () => {
      writeFileSync(join(folder, 'checkpoint'), bytes)
      expect(verdictOf(folder), `byte ${at}`).toMatch(/signature|Unusable/)
    })
  }
}, 60_000)

/** The first verdict that fails; `Unusable` where there is none to be had, undefined where all is well. */
function verdictOf(input: string): string | undefined {
  let failed: string | undefined
  const error = found(() => {
    failed = Object.keys(said(input, { trust: log.key }).failed)[0]
  })
  return error ? 'Unusable' : failed
}

// A bundle of all of it, with the payloads of the first entries.
const payloads = made.payloads.filter(({ entry }) => entry < 100)
const members = bundleMembers(log, [...log.entries.keys()], { payloads })
const archive = tar(members)
const path = place.file(archive)
const parts = withFile(path, (file) => readArchive(file, /./))
const part = (name: string) => parts.get(name) as Region

function withFile<Result>(path: string, work: (file: Region) => Result): Result {
  return inFile(path, work) as Result
}

/** Changes one bit of each byte in turn, on the disk, and asks whether that is found. */
function flipEach(from: number, length: number, isFound: (at: number, file: Region) => boolean): void {
  const fd = openSync(path, 'r+')
  withFile(path, (file) => {
    for (let at = from; at < from + length; at++) {
      flip(archive, at, () => {
        writeSync(fd, archive, at, 1, at)
        if (!isFound(at, file)) expect.fail(`byte ${at} of the bundle is changed, and that is not found`)
      })
      writeSync(fd, archive, at, 1, at)
    }
  })
  closeSync(fd)
}

it('finds every changed byte of a bundle outside of what it holds', () => {
  let at = 0
  for (const name of [...parts.keys(), undefined]) {
    const next = name === undefined ? archive.length : part(name).at
    flipEach(at, next - at, (_, file) => found(() => readArchive(file, /./)) instanceof Unusable)
    at = name === undefined ? next : next + part(name).length
  }
}, 60_000)

it('finds every changed byte of its entries', () => {
  const { at: from } = part('entries')
  const ends: number[] = []
  for (let end = archive.indexOf(10, from); ends.length < SIZE; end = archive.indexOf(10, end + 1)) ends.push(end + 1)
  let line = 0
  flipEach(from, part('entries').length, (at, { fd }) => {
    while (at >= (ends[line] as number)) line++
    // The line, and the one behind it: a changed newline makes one of the two.
    const begin = ends[line - 1] ?? from
    const lines = { fd, at: begin, length: (ends[line + 1] ?? (ends[line] as number)) - begin }
    const failure = found(() => {
      let next = line
      for (const [index, entry] of readLines(lines, entryOf)) {
        checkEntry(untouched, index, entry)
        if (index !== next++) throw new Failure('another index')
      }
    })
    return failure !== undefined
  })
}, 60_000)

it('finds every changed byte of its payloads', () => {
  const region = part('payloads')
  const ends = [...archive.subarray(region.at, region.at + region.length).entries()].flatMap(([at, byte]) =>
    byte === 10 ? [region.at + at + 1] : [],
  )
  let line = 0
  flipEach(region.at, region.length, (at, { fd }) => {
    while (at >= (ends[line] as number)) line++
    const begin = ends[line - 1] ?? region.at
    const failure = found(() => {
      const { entry } = payloads[line] as { entry: number }
      const lines = readLines({ fd, at: begin, length: (ends[line] as number) - begin }, parseFields)
      const check = checkPayloads(lines)
      check.next()
      check.next([entry, parseFields(log.entries[entry] as Buffer)])
      check.next()
    })
    return failure !== undefined
  })
}, 60_000)

it('finds every changed byte of what it says of itself, and of its checkpoint', () => {
  for (const name of ['bundle.json', 'checkpoint']) flipEach(part(name).at, part(name).length, () => verdictOf(path) !== undefined)
}, 60_000)

it('finds every changed byte of its tiles', () => {
  for (const [name] of parts) {
    if (!name.startsWith('tile/')) continue
    const [, level, n] = name.split(/[/.]/).map(Number)
    flipEach(part(name).at, part(name).length, (_, { fd }) => {
      const tree = openTree(SIZE, (path) => (parts.has(path) ? readRegion({ ...part(path), fd }) : undefined))
      return part(name).length < 8192
        ? tree.root() !== untouched.root()
        : found(() => tree.tile(level as number, n as number)) instanceof Failure
    })
  }
}, 60_000)

it('finds every line of it that is dropped, repeated, swapped with the next or cut off', () => {
  const indexes = [...log.entries.keys()]
  const complete = (order: readonly number[]) => {
    const held = checkComplete(0, SIZE, SIZE)
    held.next()
    for (const index of order) held.next([index, {}])
    return found(() => void held.next())
  }
  expect(complete(indexes)).toBeUndefined()
  for (const index of indexes) {
    expect(complete(indexes.toSpliced(index, 1)), `${index} dropped`).toMatchObject({ cause: index })
    expect(complete(indexes.toSpliced(index, 0, index)), `${index} repeated`).toMatchObject({ cause: index })
    expect(complete(indexes.slice(0, index)), `cut at ${index}`).toMatchObject({ cause: index })
    if (index < SIZE - 1)
      expect(complete(indexes.toSpliced(index, 2, index + 1, index)), `${index} swapped`).toMatchObject({ cause: index })
  }
}, 60_000)

it(
  'finds changes with the whole verifier, wherever they fall',
  () => {
    const folder = log.write(place.path())
    const paths = [...files.keys()]
    let folders = 0
    let bundles = 0
    for (const _ of rounds(150)) {
      const name = paths[Math.floor(random() * paths.length)] as string
      const bytes = Buffer.from(files.get(name) as Buffer)
      flip(bytes, Math.floor(random() * bytes.length), () => {
        writeFileSync(join(folder, name), bytes)
        const expected = name === 'checkpoint' ? /signature|Unusable/ : /inclusion/
        expect(verdictOf(folder), `${name}, seed ${seed}`).toMatch(expected)
        folders++
      })
      writeFileSync(join(folder, name), bytes)
      flipEach(Math.floor(random() * archive.length), 1, () => {
        bundles++
        return verdictOf(path) !== undefined
      })
    }
    expect(verdictOf(folder)).toBeUndefined()
    expect(verdictOf(path)).toBeUndefined()
    shown('test/verify/every-byte.test.ts', { 'changes to a log folder, all found': folders, 'changes to a bundle, all found': bundles })
  },
  patience(60_000),
)
