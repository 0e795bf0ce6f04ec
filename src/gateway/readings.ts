import type { EntryFields, StoredEntry, Trail } from '../trail/index.ts'

/** Readings of one viewer are gathered for so long; ms. */
const GATHERED_MS = 60_000

/** What somebody asked to read of the trail. */
export interface Reading {
  /** Index of the first entry; negative counts from the end. */
  readonly from: number
  readonly follow: boolean
  /** Whether payloads are opened. */
  readonly opened: boolean
  /** Where only one entry is asked for: its index or id. */
  readonly entry?: string | undefined
  readonly filter?: { readonly kind?: string; readonly run?: string; readonly session?: string } | undefined
}

/** What one viewer read since its window began. */
interface Window {
  /** Readings that have an entry of their own. */
  readonly recorded: Reading[]
  /** The first of those; a reading behind it waits too. */
  readonly first: Promise<unknown>
  readonly more: { reads: number; opened: number; filtered: number }
  /** Who went on reading since an earlier window. */
  readonly followers: Set<object>
  readonly end: NodeJS.Timeout
}

/**
 * Reading the trail is an entry itself. The first reading of a viewer has one before anything is read; those within the next minute are counted
 * in one more, but for readings that open payloads which the entries before did not tell of. So whoever follows the trail does not feed it.
 */
export class Readings {
  readonly #trail: Pick<Trail, 'durable' | 'note'>
  readonly #windows = new Map<string, Window>()

  constructor(trail: Pick<Trail, 'durable' | 'note'>) {
    this.#trail = trail
  }

  /**
   * Resolves when the reading may begin.
   * @returns for a reading that follows: to be told of each entry that is handed on
   * @throws TrailError where it cannot be recorded: then nothing may be read
   */
  async begin(viewer: string, reading: Reading): Promise<(entry: Pick<StoredEntry, 'kind'>) => void> {
    const window = this.#windows.get(viewer)
    if (window) await this.#goOn(viewer, reading, window)
    else {
      const recorded = this.#record(viewer, reading)
      const opened = this.#open(viewer, [reading], recorded)
      await recorded.catch((error: unknown) => {
        this.#close(viewer, opened)
        throw error
      })
    }
    return this.#follower(viewer)
  }

  /** Records what was counted. */
  stop(): void {
    for (const [viewer, window] of this.#windows) this.#sumUp(viewer, window)
  }

  async #goOn(viewer: string, reading: Reading, { recorded, first, more }: Window): Promise<void> {
    const tellsMore = reading.opened && !recorded.some((known) => covers(known, reading))
    if (!tellsMore) {
      more.reads++
      more.opened += Number(reading.opened)
      more.filtered += Number(reading.filter !== undefined)
    }
    await first
    if (!tellsMore) return
    await this.#record(viewer, reading)
    recorded.push(reading)
  }

  async #record(viewer: string, { from, follow, opened, entry, filter }: Reading): Promise<void> {
    const where = entry === undefined ? { from, follow } : { entry }
    const fields: EntryFields = { ...where, opened, ...(filter && { filter: { ...filter } }), viewer }
    await this.#trail.durable({ kind: 'log.read', fields })
  }

  #open(viewer: string, recorded: Reading[], first: Promise<unknown>): Window {
    const window: Window = {
      ...{ recorded, first, more: { reads: 0, opened: 0, filtered: 0 }, followers: new Set() },
      end: setTimeout(() => this.#sumUp(viewer, window), GATHERED_MS).unref(),
    }
    this.#windows.set(viewer, window)
    return window
  }

  #close(viewer: string, window: Window): void {
    clearTimeout(window.end)
    if (this.#windows.get(viewer) === window) this.#windows.delete(viewer)
  }

  #sumUp(viewer: string, window: Window): void {
    this.#close(viewer, window)
    const { more, followers } = window
    if (more.reads + followers.size === 0) return
    this.#trail.note({ kind: 'log.read', fields: { ...more, followed: followers.size, viewer } })
  }

  /** Counts once per window in which there was something to read besides that somebody read. */
  #follower(viewer: string): (entry: Pick<StoredEntry, 'kind'>) => void {
    const follower = {}
    let counted = this.#windows.get(viewer)
    return ({ kind }) => {
      if (kind === 'log.read') return
      const window = this.#windows.get(viewer) ?? this.#open(viewer, [], Promise.resolve())
      if (window !== counted) window.followers.add(follower)
      counted = window
    }
  }
}

/** Whether whoever knows of `recorded` knows that `reading` may have read what it read. */
function covers(recorded: Reading, reading: Reading): boolean {
  if (!recorded.opened || (reading.follow && !recorded.follow)) return false
  if (recorded.entry !== undefined) return recorded.entry === reading.entry
  const isFrom = recorded.from === reading.from || recorded.from === 0 || (recorded.from > 0 && reading.from >= recorded.from)
  const isWithin = (['kind', 'run', 'session'] as const).every(
    (name) => recorded.filter?.[name] === undefined || recorded.filter[name] === reading.filter?.[name],
  )
  return isFrom && isWithin
}
