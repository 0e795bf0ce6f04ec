import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { found, needs } from '../../test/parts/require.ts'
import { tar, tarHeader } from '../../test/verify/naive-bundle.ts'
import { type Region, readArchive, readFile, readLines, readRegion, withFile } from './input.ts'
import { Unusable } from './verdict.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatescribe-tar-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

/** What `work` makes of a file with these bytes. */
function inFile<Result>(bytes: Uint8Array, work: (file: Region) => Result): Result {
  const path = join(folder, String(files++))
  writeFileSync(path, bytes)
  return withFile(path, work) as Result
}

const list = (bytes: Uint8Array) =>
  inFile(bytes, (file) => [...readArchive(file, /./)].map(([name, region]) => [name, readRegion(region).toString()]))
const members = [
  ['a', Buffer.from('one')],
  ['tile/0/000', Buffer.alloc(512, 'x')],
  ['empty', Buffer.alloc(0)],
] as const
const archive = tar(members)
const header = (name: string, size: number, change: (header: Buffer) => void = () => {}) => {
  const bytes = tarHeader(name, size)
  change(bytes)
  bytes.write('        ', 148)
  bytes.write(
    `${bytes
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([bytes, Buffer.alloc(512), Buffer.alloc(1024)])
}

it('finds the members of an archive', () => {
  expect(list(archive)).toEqual(members.map(([name, content]) => [name, content.toString()]))
  expect(list(Buffer.alloc(1024))).toEqual([])
})

it('reads what tar writes', (test) => {
  const command = found('tar')
  needs(test, command, 'tar')
  writeFileSync(join(folder, 'bundle.json'), '{}')
  const { stdout, status } = spawnSync(command, ['--format=ustar', '-C', folder, '-cf', '-', 'bundle.json'])
  expect(status).toBe(0)
  expect(list(stdout)).toEqual([['bundle.json', '{}']])
})

it('refuses an archive that is cut off anywhere, or that something follows', () => {
  for (let end = 0; end < archive.length; end += 1) expect(() => list(archive.subarray(0, end)), String(end)).toThrow(Unusable)
  expect(list(Buffer.concat([archive, Buffer.alloc(10_240)]))).toHaveLength(3)
  for (const more of [Buffer.of(1), Buffer.alloc(512, 1), Buffer.from([...Buffer.alloc(10_240), 1]), archive]) {
    expect(() => list(Buffer.concat([archive, more]))).toThrow(Unusable)
  }
})

it('finds every changed byte outside of the content, and no other', () => {
  const content = new Set<number>()
  for (let at = 0; at < 3; at++) content.add(512 + at)
  for (let at = 0; at < 512; at++) content.add(512 + 512 + 512 + at)
  for (let at = 0; at < archive.length; at++) {
    const bytes = Buffer.from(archive)
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
    if (content.has(at)) expect(list(bytes)).toHaveLength(3)
    else expect(() => list(bytes), String(at)).toThrow(Unusable)
  }
})

it.each([
  [
    'a name twice',
    tar([
      ['a', Buffer.alloc(0)],
      ['a', Buffer.alloc(0)],
    ]),
  ],
  ['no name', header('', 0)],
  ['a name with a control character', header('a\nb', 0)],
  ['a name with something behind its end', header('a\0b', 0)],
  ['a long name', header('a', 0, (bytes) => bytes.write('prefix', 345))],
  ['a size that lies', header('a', 5000)],
  ['a size beyond every disk', header('a', 8 ** 11 - 1)],
  ['a size that is no number', header('a', 0, (bytes) => bytes.write('0000000000x\0', 124))],
  ['a negative size', header('a', 0, (bytes) => bytes.write('-0000000001\0', 124))],
  ['a size in base 256', header('a', 0, (bytes) => bytes.fill(0xff, 124, 136))],
  ['a folder', header('a/', 0, (bytes) => bytes.write('5', 156))],
  ['a link', header('a', 0, (bytes) => bytes.write('2', 156))],
  ['a device', header('a', 0, (bytes) => bytes.write('3', 156))],
  ['a pax header', header('a', 0, (bytes) => bytes.write('x', 156))],
  ['the magic of another format', header('a', 0, (bytes) => bytes.write('ustar  \0', 257))],
])('refuses an archive with %s', (_, bytes) => {
  expect(() => list(bytes)).toThrow(Unusable)
})

it('leaves names that lead elsewhere what they are: names', () => {
  expect(
    list(
      tar([
        ['../../etc/passwd', Buffer.from('x')],
        ['/etc/passwd', Buffer.from('y')],
        ['__proto__', Buffer.from('z')],
      ]),
    ),
  ).toEqual([
    ['../../etc/passwd', 'x'],
    ['/etc/passwd', 'y'],
    ['__proto__', 'z'],
  ])
})

it('makes an archive of whatever comes, or refuses it', () => {
  const part = fc.oneof(
    fc.constantFrom(tarHeader('a', 3), tarHeader('b', 0), tarHeader('c', 8 ** 11 - 1), Buffer.alloc(512), Buffer.from('abc')),
    fc.uint8Array({ maxLength: 600 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      try {
        expect(list(Buffer.concat(parts)).length).toBeLessThan(7)
      } catch (error) {
        expect(error).toBeInstanceOf(Unusable)
      }
    }),
    { numRuns: 300 },
  )
})

it('reads lines however they fall, and holds no more than one may have', () => {
  const text = 'one\n\nthree is longer\n4\n'
  const lines = (bytes: Buffer) => inFile(bytes, (file) => [...readLines(file, String)])
  expect(lines(Buffer.from(text))).toEqual(['one', '', 'three is longer', '4'])
  expect(lines(Buffer.alloc(0))).toEqual([])
  expect(() => lines(Buffer.from(text.slice(0, -1)))).toThrow('cut off')
  // Longer than what is read at a time, in one line and in many.
  const long = Buffer.concat([Buffer.alloc(5 << 20, 'x'), Buffer.from('\n'), Buffer.from('y\n'.repeat(1 << 20))])
  expect(lines(long)).toHaveLength(1 + (1 << 20))
  expect(() => lines(Buffer.alloc(50 << 20, 'x'))).toThrow('more than')
})

it('reads regular files only, and follows no link', () => {
  const path = join(folder, 'link')
  symlinkSync('/dev/zero', path)
  expect(() => readFile(path)).toThrow(Unusable)
  expect(() => readFile('/dev/zero')).toThrow('not a regular file')
  expect(() => readFile(folder)).toThrow('not a regular file')
  expect(readFile(join(folder, 'none'))).toBeUndefined()
  const fifo = join(folder, 'fifo')
  if (spawnSync('mkfifo', [fifo]).status === 0) expect(() => readFile(fifo)).toThrow('not a regular file')
  writeFileSync(join(folder, 'long'), '')
  truncateSync(join(folder, 'long'), 2 ** 33)
  expect(() => readFile(join(folder, 'long'))).toThrow('8589934592 bytes')
})
