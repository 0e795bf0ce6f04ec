import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConnectorError } from '../errors.ts'
import { connectorIdOf, fingerprintOf, spkiOf } from '../key.ts'

/** In the data folder: PKCS #8, PEM. */
const KEY_FILE = 'connector.key'

export interface OwnKey {
  readonly privateKey: KeyObject
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  /** `con_…` */
  readonly id: string
  /** SHA-256 of the public key, lower-case hex. */
  readonly fingerprint: string
}

/**
 * The key in a connector's data folder, made where there is none. Two processes may share a folder: that is how one takes over from another.
 * @returns `made` where nobody can know this key yet
 * @throws ConnectorError GS_CONNECTOR_FOLDER
 */
export function openOwnKey(folder: string): OwnKey & { readonly made: boolean } {
  return inFolder(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    keptPrivate(folder)
    const known = read(join(folder, KEY_FILE))
    if (known) return { ...known, made: false }
    const made = make(folder)
    // Another process may have been first.
    return { ...read(join(folder, KEY_FILE))!, made }
  })
}

/** Whose key is in a data folder, for whoever asks before it runs. @throws ConnectorError GS_CONNECTOR_FOLDER */
export function readConnectorKey(folder: string): Pick<OwnKey, 'id' | 'fingerprint'> | undefined {
  const key = inFolder(() => read(join(folder, KEY_FILE)))
  return key && { id: key.id, fingerprint: key.fingerprint }
}

/** Whole or not at all, and never over another: linked to its name once it is written. */
function make(folder: string): boolean {
  const { privateKey } = generateKeyPairSync('ed25519')
  const draft = join(folder, `.${KEY_FILE}.${randomBytes(6).toString('hex')}`)
  writeFileSync(draft, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx', flush: true })
  try {
    linkSync(draft, join(folder, KEY_FILE))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function read(path: string): OwnKey | undefined {
  if (!lstatSync(path, { throwIfNoEntry: false })) return undefined
  keptPrivate(path)
  const privateKey = createPrivateKey(readFileSync(path))
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key')
  const publicKey = spkiOf(createPublicKey(privateKey))
  return { privateKey, publicKey, id: connectorIdOf(publicKey), fingerprint: fingerprintOf(publicKey) }
}

/** Nobody else may read the key, or put another in its place. */
function keptPrivate(path: string): void {
  if (process.platform === 'win32') return
  const { mode, uid } = lstatSync(path)
  const others = path.endsWith(KEY_FILE) ? 0o077 : 0o022
  if ((mode & others) !== 0 || (uid !== process.getuid?.() && uid !== 0)) throw new Error(`others can use ${path}`)
}

function inFolder<T>(open: () => T): T {
  try {
    return open()
  } catch (cause) {
    throw new ConnectorError('GS_CONNECTOR_FOLDER', (cause as Error).message, { cause })
  }
}
