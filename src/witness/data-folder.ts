import { closeSync, fsyncSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { WitnessError } from './errors.ts'

const OTHERS_WRITE = 0o022

/**
 * Makes the folder with mode 0700 where absent. Whoever else could write in it could make the witness forget what it has signed.
 * @throws WitnessError GS_WITNESS_FOLDER
 */
export function dataFolder(folder: string): void {
  try {
    makeFolder(folder)
    const found = statSync(folder)
    if (found.mode & OTHERS_WRITE)
      throw new WitnessError('GS_WITNESS_FOLDER', `${folder} can be changed by others (mode ${(found.mode & 0o777).toString(8)}).`)
    // Root could change it anyway.
    if (found.uid !== 0 && found.uid !== process.geteuid?.())
      throw new WitnessError('GS_WITNESS_FOLDER', `${folder} belongs to another user (${found.uid}).`)
  } catch (cause) {
    if (cause instanceof WitnessError) throw cause
    throw new WitnessError('GS_WITNESS_FOLDER', `${folder} cannot be made or looked at.`, { cause })
  }
}

/** Durable, so that a file in it cannot outlive its folder's name. */
export function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(dirname(folder))
}

/** Writes a file that is not there yet, durable but for its name. */
export function writeNewFile(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    const bytes = Buffer.from(content)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const open = openSync(folder, 'r')
  try {
    fsyncSync(open)
  } finally {
    closeSync(open)
  }
}
