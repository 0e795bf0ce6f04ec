import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { StoreError } from '../errors.ts'

const GROUP_OR_OTHERS = 0o077
const GROUP_OR_OTHERS_WRITE = 0o022

/**
 * Makes the folder with mode 0700 where absent. An existing one may be looked into by others, because the files in it may not; but whoever
 * can make or replace files in it could put a log, a key or a socket of their own in the place of ours.
 * @throws StoreError GS_STORE_FOLDER_EXPOSED
 */
export function privateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { mode, uid } = statSync(folder)
  if (mode & GROUP_OR_OTHERS_WRITE)
    throw new StoreError('GS_STORE_FOLDER_EXPOSED', `${folder} can be changed by others (mode ${(mode & 0o777).toString(8)}).`)
  // Root could read and change it anyway.
  if (uid !== 0 && uid !== process.geteuid?.())
    throw new StoreError('GS_STORE_FOLDER_EXPOSED', `${folder} belongs to another user (${uid}).`)
}

/**
 * Sees to it that a file is there with mode 0600 before SQLite opens it, which would make it with the umask; its write-ahead files take
 * the mode of the file. Never opens one that exists: closing it would give up the locks that SQLite holds on it in this process.
 */
export function privateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (statSync(path).mode & GROUP_OR_OTHERS) chmodSync(path, 0o600)
  }
}
