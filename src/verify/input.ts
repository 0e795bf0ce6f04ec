import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { refuse } from './verdict.ts'

/** Neither follows a link nor waits for a pipe: what is verified may hold traps. */
const SAFELY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)
const CHUNK = 1 << 20
/** The most that is held at once, bytes: a payload has 32 MiB before it is in base64. */
const MOST = 48 << 20
const BLOCK = 512
/** pax, "ustar Interchange Format": name, size and sum of a plain file with a name of at most 100 bytes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the format has
const HEADER = /^([!-~]+)\0*(?<=^.{100}).{24}([0-7]{11})\0.{12}([0-7]{6})\0 0.{100}ustar\x0000.{80}\0{155}.{12}$/s

/** Part of an open file, bytes. */
export type Region = { readonly fd: number; readonly at: number; readonly length: number }

/** Does something with a regular file; undefined where there is none. @throws Unusable */
export function withFile<Result>(path: string, work: (file: Region) => Result): Result | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, SAFELY)
    const stat = fstatSync(fd)
    return stat.isFile() ? work({ fd, at: 0, length: stat.size }) : refuse(`${path} is not a regular file`)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (fd !== undefined) throw error
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : refuse(`${path} cannot be read: ${code}`)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** @throws Unusable where it is too long, or the file has become shorter */
export function readRegion({ fd, at, length }: Region): Buffer {
  const bytes = length > MOST ? refuse(`${length} bytes where there can be ${MOST}`) : Buffer.allocUnsafeSlow(length)
  return readSync(fd, bytes, 0, length, at) === length ? bytes : refuse('a file is cut off')
}

export const readFile = (path: string): Buffer | undefined => withFile(path, readRegion)

/** Lines without their newlines, and what is made of each. @throws Unusable */
export function* readLines<Line>({ fd, at, length }: Region, parse: (line: Buffer) => Line): Generator<Line, undefined> {
  let held = Buffer.alloc(0)
  for (let done = 0; done < length; done += CHUNK) {
    held = Buffer.concat([held, readRegion({ fd, at: at + done, length: Math.min(length - done, CHUNK) })])
    let start = 0
    for (let end = held.indexOf(10); end !== -1; end = held.indexOf(10, start)) {
      yield parse(held.subarray(start, end))
      start = end + 1
    }
    held = held.subarray(start)
    if (held.length > MOST) refuse(`a line has more than ${MOST} bytes`)
  }
  return held.length > 0 ? refuse('a last line is cut off') : undefined
}

/**
 * Where the members of a POSIX ustar archive stand: plain files with known names of at most 100 bytes, and nothing else.
 * @throws Unusable where a byte outside of their content is not as it must be, a name comes twice, or anything is cut off
 */
export function readArchive({ fd, length: size }: Region, known: RegExp): ReadonlyMap<string, Region> {
  const members = new Map<string, Region>()
  const read = (at: number, end: number) => readRegion({ fd, at, length: end - at })
  let at = 0
  for (let header = read(at, BLOCK); !isZero(header); header = read(at, at + BLOCK)) {
    const [, name = '', digits = '', sum] = HEADER.exec(header.toString('latin1')) ?? []
    // The sum of the header with spaces in the place of the sum.
    const due = header.fill(' ', 148, 156).reduce((all, byte) => all + byte, 0)
    if (sum !== due.toString(8).padStart(6, '0') || !known.test(name) || members.has(name) || members.size === 1 << 20)
      refuse('not an archive of plain files, each of them known and there once')
    const length = Number.parseInt(digits, 8)
    members.set(name, { fd, at: at + BLOCK, length })
    const end = at + BLOCK + length
    at = Math.ceil(end / BLOCK) * BLOCK
    if (!isZero(read(end, at))) refuse(`in the archive, something stands behind ${name}`)
  }
  if (size - at < 2 * BLOCK || !isZero(read(at, size))) refuse('an archive is cut off, or something stands behind it')
  return members
}

const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0)
