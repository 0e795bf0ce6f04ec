import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { link, open, rename, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * A file that is not there until all of it is, readable by its owner only; what is there already is left as it is.
 * @param pieces read while it is written; where they end with an error, nothing stays
 * @returns its absolute path. @throws CliError GS_CLI_NOT_OVERWRITTEN before the first piece is read, GS_CLI_FILE; what the pieces throw
 */
export async function writeNewFile(
  name: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { folder }: Pick<Surroundings, 'folder'>,
): Promise<string> {
  const path = resolve(folder, name)
  refuseToOverwrite(name, { folder })
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(beside, 'wx', 0o600).catch((cause: unknown) => failed(path, cause))
  try {
    try {
      for await (const piece of pieces) await file.writeFile(piece).catch((cause: unknown) => failed(path, cause))
      await file.sync()
    } finally {
      await file.close()
    }
    await putInPlace(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
  return path
}

/** A link fails where something came to be in its place meanwhile; where a file system has no links, it is looked for once more. */
async function putInPlace(beside: string, path: string): Promise<void> {
  try {
    await link(beside, path)
    await unlink(beside)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' && !existsSync(path)) {
      await rename(beside, path).catch((why: unknown) => failed(path, why))
      return
    }
    throw notOverwritten(path)
  }
}

/** Before anybody is asked for what is to be written. @throws CliError GS_CLI_NOT_OVERWRITTEN */
export function refuseToOverwrite(name: string, { folder }: Pick<Surroundings, 'folder'>): void {
  const path = resolve(folder, name)
  if (existsSync(path)) throw notOverwritten(path)
}

function notOverwritten(path: string): CliError {
  return new CliError('GS_CLI_NOT_OVERWRITTEN', `${path} is already there, and is left as it is.`)
}

function failed(path: string, cause: unknown): never {
  throw new CliError('GS_CLI_FILE', `${path} cannot be written.`, { cause })
}
