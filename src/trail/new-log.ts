import { closeSync, constants, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, EMPTY_ROOT, type NoteVerifier, parseCheckpoint, parseNote, TlogError, verifiedBy } from '../tlog/index.ts'
import { TrailError } from './errors.ts'
import type { KeyStore } from './key-store.ts'
import { forgetElsewhere, knownElsewhere } from './known-elsewhere.ts'
import type { EntryFields, EntryKind, Trail } from './trail.ts'

/**
 * Why a new log begins where there was one: `rolled-back`, somebody or the key store knows of more entries; `damaged`, it is not what it was, or its keys
 * are lost; `compromised`, somebody else may have the signing key.
 */
type NewLogReason = 'rolled-back' | 'damaged' | 'compromised'
/** `refused`: it may not go on, and what it is refused for is the reason. */
export type NewLogOrder = 'refused' | 'compromised'

/** In the key store: which log of this instance it is, from 1. */
const GENERATION = 'generation'
/** In the key store while a new log begins: what its first entry will say. */
const BEGINNING = 'beginning'

/** In the key store from before the last entry of a log whose key is lost until it is aside: nothing else comes behind that entry. */
const CLOSING = 'closing'
/** Of the last entry of a log that was closed for good. */
export const LAST_KIND = 'log.closed' satisfies EntryKind

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
  readonly order: NewLogOrder
  /** Opens the log as it stands; where it is to be closed for good, also one that is already, and then nothing is written to it. */
  readonly open: (forGood: boolean) => Promise<Trail>
  /** Keys that are known to have signed the log of this name. */
  readonly verifiers: (name: string) => readonly NoteVerifier[]
  /** Makes the next signing key; the one before it signs no more. */
  readonly newKey: () => void
}

/**
 * Sets the log of this instance aside, and has a new one begin under another name and with another key. The old one stays in `trail.<n>`, unchanged
 * and verifiable; the first entry of the new one says what was known of it.
 *
 * @throws TrailError GS_TRAIL_SOUND where the log can be opened and its key is not said to be compromised: then there is nothing to get away from
 */
export async function setLogAside(parts: NewLogParts): Promise<void> {
  const fields = await lastWords(parts)
  const from = generationOf(parts)
  parts.store.set(BEGINNING, JSON.stringify({ from, fields } satisfies Beginning))
  goOn(parts)
}

/** Whether a log was being closed for good when its process ended. */
export function isClosing(store: Pick<KeyStore, 'setting'>): boolean {
  return store.setting(CLOSING) !== undefined
}

/** Goes on where `setLogAside` was interrupted. @returns the first entry's fields where it is still to be written */
export function goOn({ folder, store, newKey }: Pick<NewLogParts, 'folder' | 'store' | 'newKey'>): EntryFields | undefined {
  const text = store.setting(BEGINNING)
  if (text === undefined) return undefined
  store.set(CLOSING, undefined)
  const { from, fields } = JSON.parse(text) as Beginning
  if (Number(store.setting(GENERATION) ?? 1) <= from) {
    const aside = join(folder, `trail.${from}`)
    if (!existsSync(aside) && existsSync(join(folder, 'trail'))) renameSync(join(folder, 'trail'), aside)
    syncFolder(folder)
    store.forgetState()
    forgetElsewhere(store)
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
  const { store, order } = parts
  const compromised = order === 'compromised'
  let trail: Trail
  try {
    trail = await parts.open(compromised)
  } catch (error) {
    if (!(error instanceof TrailError)) throw error
    if (!['GS_TRAIL_ROLLED_BACK', 'GS_TRAIL_DAMAGED', 'GS_TRAIL_KEYS'].includes(error.code)) throw error
    return { previous: lastKnown(parts), reason: compromised ? 'compromised' : reasonOf(error), refused: error.code }
  }
  try {
    if (!compromised) throw new TrailError('GS_TRAIL_SOUND')
    store.set(CLOSING, order)
    if ((await lastKind(trail)) !== LAST_KIND) await trail.durable({ kind: LAST_KIND, fields: { reason: order } })
    const { size, root } = await trail.publish()
    return { previous: previous({ origin: trail.name, size, root }), reason: order }
  } finally {
    await trail.close()
  }
}

function reasonOf({ code }: TrailError): NewLogReason {
  return code === 'GS_TRAIL_ROLLED_BACK' ? 'rolled-back' : 'damaged'
}

/** The most that anybody here knows of a log that cannot be opened. */
function lastKnown({ folder, store, origin, instance, verifiers }: NewLogParts): EntryFields {
  const name = `${origin}/${logInstance(instance, store)}`
  const state = store.state()
  const candidates: Checkpoint[] = [{ origin: name, size: 0, root: EMPTY_ROOT }]
  if (state && state.size > 0) candidates.push({ origin: name, size: state.size, root: Buffer.from(state.root) })
  const elsewhere = knownElsewhere(store)
  if (elsewhere) candidates.push({ origin: name, ...elsewhere })
  const note = lastCheckpoint(folder)
  const keys = note ? verifiers(note.checkpoint.origin) : []
  // With the keys it is known whether it was changed; without them nobody can vouch for it, and it may be all that is left.
  if (note && isSignedBy(note.text, keys)) candidates.push(note.checkpoint)
  else if (note && keys.length === 0) return { ...previous(note.checkpoint), unverified: true }
  return previous(candidates.reduce((most, next) => (next.size > most.size ? next : most)))
}

function previous({ origin, size, root }: { origin: string; size: number; root: Uint8Array }) {
  return { origin, size, root: Buffer.from(root).toString('base64') }
}

function isSignedBy(text: string, keys: readonly NoteVerifier[]): boolean {
  try {
    return verifiedBy(parseNote(text), keys).length > 0
  } catch (error) {
    if (error instanceof TlogError) return false
    throw error
  }
}

async function lastKind(trail: Trail): Promise<EntryKind | undefined> {
  for await (const { kind } of trail.read({ from: -1 })) return kind
  return undefined
}

/** Also where the key store was lost: the names of the folders and of the log itself say how many there were. */
function generationOf({ folder, store, origin, instance }: NewLogParts): number {
  const signed = lastCheckpoint(folder)?.checkpoint.origin ?? ''
  const prefix = `${origin}/${instance}.`
  const ours = signed.startsWith(prefix) && /^\d{1,9}$/.test(signed.slice(prefix.length)) ? Number(signed.slice(prefix.length)) : 1
  const aside = readdirSync(folder).flatMap((name) => Number(/^trail\.(\d{1,9})$/.exec(name)?.[1] ?? []))
  return Math.max(Number(store.setting(GENERATION) ?? 1), ours, ...aside.map((generation) => generation + 1))
}

/** Nobody vouches for it: it may be what was changed. Undefined where there is none that can be read. */
function lastCheckpoint(folder: string): { readonly text: string; readonly checkpoint: Checkpoint } | undefined {
  try {
    const text = readFileSync(join(folder, 'trail/log/checkpoint'), 'utf8')
    return { text, checkpoint: parseCheckpoint(parseNote(text).text) }
  } catch {
    return undefined
  }
}

/** What was renamed in it is so after a power cut. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
