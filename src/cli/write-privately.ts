import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Puts a file into place that only its owner can read. A new file is renamed over the old one, so that neither the mode of the
 * old one nor a link in its place counts.
 * @returns its absolute path. @throws CliError
 */
export function writePrivately(name: string, content: string, { folder }: Pick<Surroundings, 'folder'>): string {
  const path = resolve(folder, name)
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(beside, content, { mode: 0o600, flag: 'wx' })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw new CliError('GS_CLI_FILE', `${path} cannot be written.`, { cause: error })
  }
  return path
}
