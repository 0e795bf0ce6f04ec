import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, parseCheckpoint, parseNote, TlogError } from '../tlog/index.ts'
import { TrailError } from './errors.ts'
import type { KeyStore } from './key-store.ts'
import type { EntryFields, Trail } from './trail.ts'

/**
 * Why a new log begins where there was one: `rolled-back`, a witness or the key store knows of more entries; `damaged`, it is not what it was;
 * `compromised`, somebody else may have the signing key.
 */
export const newLogReasons = ['rolled-back', 'damaged', 'compromised'] as const
export type NewLogReason = (typeof newLogReasons)[number]

/** In the key store: which log of this instance it is, from 1. */
const GENERATION = 'generation'
/** In the key store while a new log begins: what its first entry will say. */
const BEGINNING = 'beginning'

interface Beginning {
  readonly from: number
  readonly fields: EntryFields
}

/** The instance as the log of this generation is named after it: the first one has the plain name. */
export function logInstance(instance: string, store: Pick<KeyStore, 'setting'>): string {
  const generation = Number(store.setting(GENERATION) ?? 1)
  return generation === 1 ? instance : `${instance}.${generation}`
}

export interface NewLogParts {
  /** `gateway.data`. */
  readonly folder: string
  readonly store: KeyStore
  readonly origin: string
  readonly instance: string
  readonly reason: NewLogReason
  /** Opens the log as it stands. */
  readonly open: () => Promise<Trail>
  /** Makes the next signing key; the one before it signs no more. */
  readonly newKey: () => void
}

/**
 * Sets the log of this instance aside, and has a new one begin under another name and with another key. The old one stays in `trail.<n>`, unchanged
 * and verifiable; the first entry of the new one says what was known of it.
 *
 * @throws TrailError GS_TRAIL_SOUND where the log can be opened and no key is said to be lost: then there is nothing to get away from
 */
export async function setLogAside(parts: NewLogParts): Promise<void> {
  const { store, reason } = parts
  const known = await lastWords(parts)
  const from = generationOf(parts)
  store.set(BEGINNING, JSON.stringify({ from, fields: { ...known, reason } } satisfies Beginning))
  goOn(parts)
}

/** Goes on where `setLogAside` was interrupted. @returns the first entry's fields where it is still to be written */
export function goOn({ folder, store, newKey }: Pick<NewLogParts, 'folder' | 'store' | 'newKey'>): EntryFields | undefined {
  const text = store.setting(BEGINNING)
  if (text === undefined) return undefined
  const { from, fields } = JSON.parse(text) as Beginning
  if (Number(store.setting(GENERATION) ?? 1) <= from) {
    const aside = join(folder, `trail.${from}`)
    if (!existsSync(aside) && existsSync(join(folder, 'trail'))) renameSync(join(folder, 'trail'), aside)
    store.forgetState()
    newKey()
    // Last: until then, all of it is done again.
    store.set(GENERATION, String(from + 1))
  }
  return fields
}

/** The new log has its first entry. */
export function begun(store: Pick<KeyStore, 'set'>): void {
  store.set(BEGINNING, undefined)
}

/** What can be said of the old log; where its key is lost and it is sound otherwise, its last entry says that it ends. */
async function lastWords(parts: NewLogParts): Promise<EntryFields> {
  const { store, reason } = parts
  let trail: Trail
  try {
    trail = await parts.open()
  } catch (error) {
    if (!(error instanceof TrailError)) throw error
    if (!['GS_TRAIL_ROLLED_BACK', 'GS_TRAIL_DAMAGED', 'GS_TRAIL_KEYS'].includes(error.code)) throw error
    const signed = lastCheckpoint(parts.folder)
    const state = store.state()
    const size = Math.max(signed?.size ?? 0, state?.size ?? 0)
    const root = signed?.size === size ? signed.root : (state?.root ?? new Uint8Array())
    return previous(signed?.origin ?? `${parts.origin}/${logInstance(parts.instance, store)}`, size, root, error.code)
  }
  try {
    // A log that a witness knows to be longer elsewhere must not be signed any further; only the operator can say so.
    if (reason === 'damaged') throw new TrailError('GS_TRAIL_SOUND')
    if (reason === 'compromised') {
      await trail.durable({ kind: 'log.closed', fields: { reason } })
      await trail.publish()
    }
    const { size, root } = trail.proven
    return previous(trail.name, size, root)
  } finally {
    await trail.close()
  }
}

function previous(origin: string, size: number, root: Uint8Array, refused?: string): EntryFields {
  return { previous: { origin, size, root: Buffer.from(root).toString('base64') }, ...(refused === undefined ? {} : { refused }) }
}

/** Also where the key store was lost: the names of the folders and of the log itself say how many there were. */
function generationOf({ folder, store, origin, instance }: NewLogParts): number {
  const [, signed] = lastCheckpoint(folder)?.origin.match(/\.(\d{1,9})$/) ?? []
  const ours = lastCheckpoint(folder)?.origin === `${origin}/${instance}.${signed}`
  const aside = readdirSync(folder).flatMap((name) => Number(/^trail\.(\d{1,9})$/.exec(name)?.[1] ?? []))
  return Math.max(Number(store.setting(GENERATION) ?? 1), ours ? Number(signed) : 1, ...aside.map((generation) => generation + 1))
}

/** Nobody vouches for it: it may be what was changed. */
function lastCheckpoint(folder: string): Checkpoint | undefined {
  try {
    return parseCheckpoint(parseNote(readFileSync(join(folder, 'trail/log/checkpoint'))).text)
  } catch (error) {
    if (error instanceof TlogError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
