import { closeSync, constants, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface LogFile {
  /** Below the log's folder, as C2SP tlog-tiles names it. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** Where the published log stands: write once, read often. A folder now; anything that keeps objects under names can serve. */
export interface LogFiles {
  /** Undefined where there is none of that name. */
  read(path: string): Promise<Buffer | undefined>
  /** Bytes that can still be written. */
  room(): number
  /** Durable, all of them, when it resolves. One that exists is replaced. */
  write(files: readonly LogFile[]): Promise<void>
  /** Replaces one file so that a reader sees the old or the new one, whole; durable when it resolves. */
  replace(file: LogFile): Promise<void>
  /** Idempotent. */
  remove(paths: readonly string[]): Promise<void>
}

/**
 * The log as files of a folder, made with mode 0700 where absent. Calls block: whoever minds uses a thread of its own.
 * @param folder its parent exists
 */
export function folderLogFiles(folder: string): LogFiles {
  makeFolder(folder)
  return {
    async read(path) {
      try {
        return readFileSync(join(folder, path))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    room() {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    },
    async write(files) {
      const folders = new Set<string>()
      const open: number[] = []
      try {
        // All are written before the first is synced: a journal then commits them together.
        for (const { path, bytes } of files) {
          const full = join(folder, path)
          makeFolder(dirname(full))
          folders.add(dirname(full))
          const file = openSync(full, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
          open.push(file)
          writeWhole(file, bytes)
          if (open.length === MOST_OPEN) syncAndClose(open)
        }
        syncAndClose(open)
      } finally {
        for (const file of open) closeSync(file)
      }
      for (const each of folders) syncFolder(each)
    },
    async replace({ path, bytes }) {
      const full = join(folder, path)
      const next = `${full}.next`
      const file = openSync(next, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
      try {
        writeWhole(file, bytes)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(next, full)
      syncFolder(dirname(full))
    },
    async remove(paths) {
      for (const path of paths) rmSync(join(folder, path), { force: true, recursive: true })
    },
  }
}

const MOST_OPEN = 64

function syncAndClose(open: number[]): void {
  for (let file = open[0]; file !== undefined; file = open[0]) {
    fsyncSync(file)
    open.shift()
    closeSync(file)
  }
}

/** A short write is continued: the kernel says why it cannot be at the next try. */
function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) done += writeSync(file, bytes, done, bytes.byteLength - done)
}

/** Every folder that is made is named durably in the one around it. */
function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made))
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
