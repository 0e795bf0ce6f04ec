import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs'
import { open, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Zeros are written this many bytes at a time, each durable, so that the hot path never waits behind one long flush. */
const ZEROS = Buffer.alloc(1 << 20)

/** Bytes. */
const LEFT_ALONE = 8 << 20

/** A segment open for writing. One write at a time. */
export interface WritableSegment {
  /** Bytes. */
  readonly size: number
  /** Calls `done` exactly once, perhaps before it returns: durable, or the reason why not; then the segment must not be written again. */
  write(bytes: Uint8Array, position: number, done: (error: Error | undefined) => void): void
  close(): void
}

/** What the trail needs of a file system; tests put faults in between. */
export interface SegmentFiles {
  /** Names in the folder, in no order. */
  list(): string[]
  /** The whole file; zeros at its end may be left out, behind at least 1 MiB of them. */
  read(name: string): Buffer
  /** Bytes from `position`, fewer at the end of the file. */
  readAt(name: string, position: number, bytes: number): Promise<Buffer>
  /**
   * Makes a segment: header, then zeros up to `size` bytes. Durable under its name when it resolves, nothing left where it rejects;
   * it does when the signal aborts.
   */
  allocate(name: string, header: Uint8Array, size: number, signal?: AbortSignal): Promise<void>
  openForWriting(name: string): WritableSegment
  remove(name: string): void
}

/** Segments as files of a folder, which is made with mode 0700 where absent. */
export function folderFiles(folder: string): SegmentFiles {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncNow(dirname(folder))
  return {
    list: () => readdirSync(folder),
    read: (name) => readUsed(join(folder, name)),
    async readAt(name, position, bytes) {
      const file = await open(join(folder, name), constants.O_RDONLY)
      try {
        const buffer = Buffer.allocUnsafe(bytes)
        let got = 0
        for (let more = -1; got < bytes && more !== 0; got += more) {
          more = (await file.read(buffer, got, bytes - got, position + got)).bytesRead
        }
        return buffer.subarray(0, got)
      } finally {
        await file.close()
      }
    },
    async allocate(name, header, size, signal) {
      const { bavail, bsize } = await statfs(folder)
      // A part of it is left alone: keys and runs must still fit into their stores when there is no room for a segment.
      if (bavail * bsize < size + Math.min(LEFT_ALONE, size / 8))
        throw Object.assign(new Error('ENOSPC: little room is left'), { code: 'ENOSPC' })
      const part = join(folder, `${name}.part`)
      try {
        await fill(part, header, size, signal)
        await rename(part, join(folder, name))
        await syncFolder(folder)
      } catch (error) {
        await rm(part, { force: true })
        throw error
      }
    },
    openForWriting(name) {
      const file = openSync(join(folder, name), constants.O_WRONLY | constants.O_DSYNC)
      return {
        size: fstatSync(file).size,
        write(bytes, position, done) {
          let failure: Error | undefined
          try {
            const written = writeSync(file, bytes, 0, bytes.byteLength, position)
            if (written !== bytes.byteLength) failure = new Error(`short write: ${written} of ${bytes.byteLength} bytes`)
          } catch (error) {
            failure = error as Error
          }
          done(failure)
        },
        close: () => closeSync(file),
      }
    },
    remove: (name) => rmSync(join(folder, name), { force: true }),
  }
}

/** Most of a segment is zeros when a gateway starts: they are compared in one buffer, and neither kept nor looked at again. */
function readUsed(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY)
  try {
    const { size } = fstatSync(file)
    const page = Buffer.allocUnsafe(ZEROS.byteLength)
    let used = size
    while (used > 0) {
      const from = Math.max(0, used - page.byteLength)
      const bytes = page.subarray(0, used - from)
      readWhole(file, bytes, from)
      if (!bytes.equals(ZEROS.subarray(0, bytes.byteLength))) break
      used = from
    }
    const kept = Buffer.allocUnsafe(Math.min(size, used + ZEROS.byteLength))
    readWhole(file, kept, 0)
    return kept
  } finally {
    closeSync(file)
  }
}

/** @throws Error where the file is shorter than it was a moment ago */
function readWhole(file: number, into: Buffer, position: number): void {
  let got = 0
  while (got < into.byteLength) {
    const more = readSync(file, into, got, into.byteLength - got, position + got)
    if (more === 0) throw new Error('a segment became shorter while it was read')
    got += more
  }
}

async function fill(path: string, header: Uint8Array, size: number, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC, 0o600)
  try {
    await writeWhole(file, header, 0)
    for (let at = header.byteLength; at < size; at += ZEROS.byteLength) {
      signal?.throwIfAborted()
      await writeWhole(file, ZEROS.subarray(0, Math.min(ZEROS.byteLength, size - at)), at)
    }
    // Sizes and block lists must be durable too, so that later writes change nothing but content.
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeWhole(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.byteLength) {
    done += (await file.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten
  }
}

/** The name of a new folder is durable only when the folder around it is. */
function syncNow(folder: string): void {
  const handle = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
