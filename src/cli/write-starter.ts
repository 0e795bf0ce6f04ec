import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from './errors.ts'
import { starterConfig } from './starter.ts'

export interface WrittenStarter {
  readonly config: string
  readonly masterKey: string
}

/**
 * Writes a first configuration and a new master key, both readable by their owner only.
 * @param folder made where it is absent
 * @throws CliError where one of them is already there; then nothing is written
 */
export function writeStarter(folder: string): WrittenStarter {
  const written = { config: join(folder, 'gatescribe.yaml'), masterKey: join(folder, 'master.key') }
  for (const path of Object.values(written)) {
    if (existsSync(path)) throw new CliError('GS_CLI_NOT_OVERWRITTEN', `${path} is already there, and is left as it is.`)
  }
  try {
    mkdirSync(folder, { recursive: true })
    writeNew(written.masterKey, `${randomBytes(32).toString('base64')}\n`)
    writeNew(written.config, starterConfig)
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${folder} cannot be written to.`, { cause: error })
  }
  return written
}

/** `wx`: a file or link that came to be in the meantime is not followed or overwritten. */
function writeNew(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
