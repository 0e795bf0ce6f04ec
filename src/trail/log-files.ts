import {
  closeSync,
  constants,
  existsSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const synced = promisify(fsync)

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
  /** Durable, all of it, when it resolves. Idempotent. */
  remove(paths: readonly string[]): Promise<void>
}

/**
 * The log as files of a folder, made with mode 0700 where absent. Most calls block: whoever minds uses a thread of its own.
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
      for (let from = 0; from < files.length; from += MOST_OPEN) {
        const open: number[] = []
        try {
          // All are written before the first is synced.
          for (const { path, bytes } of files.slice(from, from + MOST_OPEN)) {
            const full = join(folder, path)
            makeFolder(dirname(full))
            folders.add(dirname(full))
            const file = openSync(full, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
            open.push(file)
            writeWhole(file, bytes)
          }
          await syncAll(open)
        } finally {
          for (const file of open) closeSync(file)
        }
      }
      await syncFolders(folders)
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
      const folders = new Set<string>()
      for (const path of paths) {
        const full = join(folder, path)
        rmSync(full, { force: true, recursive: true })
        folders.add(dirname(full))
      }
      await syncFolders([...folders].filter((each) => existsSync(each)))
    },
  }
}

const MOST_OPEN = 64

/**
 * Where a file system allocates a file's blocks when it is synced, one sync after the other is one commit of its journal after the other; those under
 * way together share one. Fewer than libuv has threads, so that whoever else needs one does not wait behind all of them.
 */
const SYNCS_AT_ONCE = 3

/** Rejects only when none is under way any more: no file is closed under its sync. */
async function syncAll(files: readonly number[]): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < files.length) await synced(files[next++] as number)
  }
  const lanes = await Promise.allSettled(Array.from({ length: SYNCS_AT_ONCE }, lane))
  for (const result of lanes) if (result.status === 'rejected') throw result.reason
}

async function syncFolders(folders: Iterable<string>): Promise<void> {
  const open: number[] = []
  try {
    for (const each of folders) open.push(openSync(each, constants.O_RDONLY))
    await syncAll(open)
  } finally {
    for (const handle of open) closeSync(handle)
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
