import { hash, randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, makeFolder, syncFolder, writeNewFile } from './data-folder.ts'
import { WitnessError } from './errors.ts'

/** What a witness cosigned last for one log. */
export interface KeptCheckpoint {
  /** Counts the cosignatures that were given for this log, from 1. */
  readonly number: number
  /** The checkpoint with the log's signatures that were verified, and the witness's own. */
  readonly note: string
}

/** What a witness remembers. Calls block until the disk has confirmed, so two requests of one process never overlap. */
export interface CheckpointStore {
  /** Undefined where it never cosigned for that log. */
  latest(originHash: string): KeptCheckpoint | undefined
  /**
   * Puts a note in the place behind `number`. Durable where it returns true.
   * @returns false where that place is taken: another process on the same folder was faster, and nothing has changed
   * @throws WitnessError GS_WITNESS_STORAGE; then nothing may be signed
   */
  advance(originHash: string, number: number, note: string): boolean
  /** Of every log that it ever cosigned for, in no order. */
  all(): readonly string[]
  /** Keeps two notes of one log that cannot both be true. Best effort; at most 64 per log. */
  keepSplit(originHash: string, notes: string): void
}

const NUMBER = /^[0-9]{12}$/
const MAX_SPLITS = 64
const ABANDONED_MS = 60_000

/** Names the folder of a log, and its checkpoint in the protocol: SHA-256 of the origin in hex (c2sp.org/tlog-witness). */
export function originHash(origin: string): string {
  return hash('sha256', origin, 'hex')
}

/**
 * The store in files: `logs/<origin hash>/<number>` below the data folder. A new file is linked to its name, which fails where the
 * name is taken: of two processes that want to go on from the same checkpoint one succeeds, so that no lock is needed.
 * @throws WitnessError GS_WITNESS_FOLDER
 */
export function checkpointFiles(folder: string): CheckpointStore {
  dataFolder(folder)
  const logs = join(folder, 'logs')
  makeFolder(logs)
  for (const log of readdirSync(logs, { withFileTypes: true })) if (log.isDirectory()) removeAbandoned(join(logs, log.name))
  let failed: unknown
  return {
    latest: (log) => latest(join(logs, log)),
    all: () => readdirSync(logs).flatMap((log) => latest(join(logs, log))?.note ?? []),
    advance(log, number, note) {
      // After a flush that failed nobody can say what the disk holds, but the next start can.
      if (failed !== undefined) throw new WitnessError('GS_WITNESS_STORAGE', undefined, { cause: failed })
      const place = join(logs, log)
      if (!linkNew(place, number + 1, note)) return false
      try {
        syncFolder(place)
      } catch (cause) {
        failed = cause
        throw new WitnessError('GS_WITNESS_STORAGE', undefined, { cause })
      }
      // Where others went on meanwhile, and removed what came before, the place was free only because it is past.
      if (newest(place) > number + 1) return false
      prune(place, number)
      return true
    },
    keepSplit(log, notes) {
      const place = join(logs, log, 'split')
      try {
        makeFolder(place)
        if (readdirSync(place).length < MAX_SPLITS) writeNewFile(join(place, hash('sha256', notes, 'hex').slice(0, 32)), notes)
      } catch {
        // It is there already, or there is no room: the refusal that the log gets must not depend on it.
      }
    },
  }
}

function latest(place: string): KeptCheckpoint | undefined {
  // A file may give way to its successor between the listing and the reading.
  for (let attempt = 0; ; attempt++) {
    const number = newest(place)
    if (number === 0) return undefined
    try {
      return { number, note: readFileSync(join(place, fileName(number)), 'utf8') }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3)
        throw new WitnessError('GS_WITNESS_STATE', undefined, { cause })
    }
  }
}

/** @returns false where there is one of that number. @throws WitnessError GS_WITNESS_STORAGE */
function linkNew(place: string, number: number, note: string): boolean {
  // Nobody else has a draft of this name: what is linked is what was written here.
  const draft = join(place, `${fileName(number)}.${randomBytes(8).toString('hex')}.part`)
  try {
    makeFolder(place)
    writeNewFile(draft, note)
    return linked(draft, join(place, fileName(number)))
  } catch (cause) {
    throw new WitnessError('GS_WITNESS_STORAGE', undefined, { cause })
  } finally {
    removeDraft(draft)
  }
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true })
  } catch {
    // The next start removes it.
  }
}

const fileName = (number: number) => String(number).padStart(12, '0')

/** 0 where there is none. */
function newest(place: string): number {
  return Math.max(0, ...numbers(place))
}

function numbers(place: string): readonly number[] {
  try {
    return readdirSync(place)
      .filter((name) => NUMBER.test(name))
      .map(Number)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new WitnessError('GS_WITNESS_STATE', undefined, { cause })
  }
}

/** The one before stays: somebody may be about to read it. */
function prune(place: string, before: number): void {
  for (const number of numbers(place)) if (number < before) rmSync(join(place, fileName(number)), { force: true })
}

/** Drafts of a process that was killed; another one that runs on this folder keeps its own. */
function removeAbandoned(place: string): void {
  for (const name of readdirSync(place)) {
    const path = join(place, name)
    if (!name.endsWith('.part')) continue
    // One that is in use may be gone since the listing.
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) rmSync(path, { force: true })
  }
}
