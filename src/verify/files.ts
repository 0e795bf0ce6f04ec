import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { Unusable } from './verdict.ts'

/** Neither follows a link nor waits for a pipe: what is verified may hold traps. */
const SAFELY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)
const CHUNK = 1 << 20

/** Part of an open file, bytes. */
export interface Region {
  readonly fd: number
  readonly at: number
  readonly length: number
}

/** Undefined where there is no such file. @throws Unusable where it is not a regular one */
export function openFile(path: string): Region | undefined {
  try {
    const fd = openSync(path, SAFELY)
    const stat = fstatSync(fd)
    if (stat.isFile()) return { fd, at: 0, length: stat.size }
    closeSync(fd)
    throw new Unusable(`${path} is not a regular file`)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error instanceof Unusable ? error : new Unusable(`${path} cannot be read: ${code}`)
  }
}

/** @throws Unusable where it has more than `limit` bytes, or the file has become shorter */
export function readRegion({ fd, at, length }: Region, limit: number): Buffer {
  if (length > limit) throw new Unusable(`${length} bytes where there can be ${limit}`)
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let have = 0, read = 0; have < length; have += read) {
    read = readSync(fd, bytes, have, length - have, at + have)
    if (read === 0) throw new Unusable('a file is cut off')
  }
  return bytes
}

/** A whole regular file of at most `limit` bytes; undefined where there is none. @throws Unusable */
export function readFile(path: string, limit: number): Buffer | undefined {
  const file = openFile(path)
  try {
    return file && readRegion(file, limit)
  } finally {
    if (file) closeSync(file.fd)
  }
}

/** Lines without their newlines, of at most `limit` bytes each. @throws Unusable */
export function* readLines({ fd, at, length }: Region, limit: number): Generator<Buffer> {
  let held = Buffer.alloc(0)
  for (let done = 0, size = 0; done < length; done += size) {
    // As much again as is held, so that a long line is not copied once for each of its pieces.
    size = Math.min(length - done, Math.max(CHUNK, held.length))
    held = Buffer.concat([held, readRegion({ fd, at: at + done, length: size }, size)])
    let start = 0
    for (let end = held.indexOf(10); end !== -1; end = held.indexOf(10, start)) {
      yield held.subarray(start, end)
      start = end + 1
    }
    held = held.subarray(start)
    if (held.length > limit) throw new Unusable(`a line has more than ${limit} bytes`)
  }
  if (held.length > 0) throw new Unusable('a last line is cut off')
}
