import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cosignatureSigner, isKeyName, newSeed } from '../tlog/index.ts'
import { dataFolder, syncFolder, writeNewFile } from './data-folder.ts'
import { WitnessError } from './errors.ts'

/** Who a witness is. */
export interface WitnessKey {
  readonly name: string
  /** Secret: 32 bytes. */
  readonly seed: Buffer
  /** What others verify its cosignatures with. */
  readonly vkey: string
}

export const KEY_FILE = 'witness.key'

const FIRST = 'PRIVATE+KEY'
const PRIVATE_KEY = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n?$/u
const COSIGNATURE = 0x04
const SEED_BYTES = 32
const MAX_FILE_BYTES = 4096
const OTHERS = 0o077

/**
 * Makes the key of a new witness in its data folder, which is made where absent.
 * @throws WitnessError GS_WITNESS_KEY_FILE where there is one already, or for a name that no key can have; GS_WITNESS_FOLDER
 */
export function createWitnessKey(folder: string, name: string): WitnessKey {
  if (!isKeyName(name))
    throw new WitnessError('GS_WITNESS_KEY_FILE', 'The name of a witness has no spaces and no plus; witness.example/w1 would do.')
  dataFolder(folder)
  const key = keyOf(name, newSeed())
  const id = key.vkey.split('+')[1]
  const encoded = Buffer.concat([Buffer.of(COSIGNATURE), key.seed]).toString('base64')
  try {
    writeNewFile(join(folder, KEY_FILE), `${FIRST}+${name}+${id}+${encoded}\n`)
    syncFolder(folder)
  } catch (cause) {
    const there = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const path = join(folder, KEY_FILE)
    throw new WitnessError(
      'GS_WITNESS_KEY_FILE',
      there ? `${path} is already there, and is left as it is.` : `${path} cannot be written.`,
      {
        cause,
      },
    )
  }
  return key
}

/** @throws WitnessError GS_WITNESS_KEY_FILE, GS_WITNESS_FOLDER */
export function readWitnessKey(folder: string): WitnessKey {
  dataFolder(folder)
  const path = join(folder, KEY_FILE)
  const [, name, id, encoded] = PRIVATE_KEY.exec(readPrivately(path)) ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64')
  if (name === undefined || !isKeyName(name) || bytes[0] !== COSIGNATURE || bytes.length !== 1 + SEED_BYTES)
    throw new WitnessError('GS_WITNESS_KEY_FILE', `${path} holds no key of a witness.`)
  const key = keyOf(name, bytes.subarray(1))
  if (key.vkey.split('+')[1] !== id) throw new WitnessError('GS_WITNESS_KEY_FILE', `${path} holds a key that does not fit its id.`)
  return key
}

function keyOf(name: string, seed: Buffer): WitnessKey {
  return { name, seed, vkey: cosignatureSigner(name, seed, () => 0).vkey }
}

function readPrivately(path: string): string {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const { mode, size } = fstatSync(file)
      if (mode & OTHERS)
        throw new WitnessError('GS_WITNESS_KEY_FILE', `${path} can be read or changed by others (mode ${(mode & 0o777).toString(8)}).`)
      if (size > MAX_FILE_BYTES) throw new WitnessError('GS_WITNESS_KEY_FILE', `${path} holds no key of a witness.`)
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof WitnessError) throw cause
    throw new WitnessError('GS_WITNESS_KEY_FILE', `${path} cannot be read.`, { cause })
  }
}
