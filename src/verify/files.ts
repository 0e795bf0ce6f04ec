import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { refuse } from './verdict.ts'

/** Neither follows a link nor waits for a pipe: what is verified may hold traps. */
const SAFELY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)
const CHUNK = 1 << 20
/** The most that is held at once, bytes: a payload has 32 MiB before it is in base64. */
const MOST = 48 << 20

/** Part of an open file, bytes. */
export type Region = { readonly fd: number; readonly at: number; readonly length: number }

/** Does something with a regular file; undefined where there is none. @throws Unusable */
export function withFile<Result>(path: string, work: (file: Region) => Result): Result | undefined {
  const fd = openIfThere(path)
  if (fd === undefined) return undefined
  try {
    const stat = fstatSync(fd)
    return stat.isFile() ? work({ fd, at: 0, length: stat.size }) : refuse(`${path} is not a regular file`)
  } finally {
    closeSync(fd)
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, SAFELY)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : refuse(`${path} cannot be read: ${code}`)
  }
}

/** @throws Unusable where it is too long, or the file has become shorter */
export function readRegion({ fd, at, length }: Region): Buffer {
  if (length > MOST) refuse(`${length} bytes where there can be ${MOST}`)
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let have = 0, read = 0; have < length; have += read) {
    read = readSync(fd, bytes, have, length - have, at + have)
    if (read === 0) refuse('a file is cut off')
  }
  return bytes
}

export const readFile = (path: string): Buffer | undefined => withFile(path, readRegion)

/** Lines without their newlines. @throws Unusable */
export function* readLines({ fd, at, length }: Region): Generator<Buffer> {
  let held = Buffer.alloc(0)
  for (let done = 0; done < length; done += CHUNK) {
    held = Buffer.concat([held, readRegion({ fd, at: at + done, length: Math.min(length - done, CHUNK) })])
    let start = 0
    for (let end = held.indexOf(10); end !== -1; end = held.indexOf(10, start)) {
      yield held.subarray(start, end)
      start = end + 1
    }
    held = held.subarray(start)
    if (held.length > MOST) refuse(`a line has more than ${MOST} bytes`)
  }
  if (held.length > 0) refuse('a last line is cut off')
}
