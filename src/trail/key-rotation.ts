import { parseCheckpoint, parseNote } from '../tlog/index.ts'
import { TrailError } from './errors.ts'
import type { Publishing } from './published.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Recorded, Trail } from './trail.ts'
import type { TrailLog } from './trail-log.ts'

/** So many keys sign a checkpoint at most, so that a note stays short whoever rotates how often. */
const SIGN_AT_ONCE = 4
/** The end of an overlap is looked at so often, ms, because the clock may be set. */
const LOOK_MS = 60_000

export interface KeyRotationParts {
  readonly signing: SigningKeys
  /** Of the log. */
  readonly name: string
  readonly publishing: Pick<Publishing, 'useSeeds'>
  readonly trail: Pick<Trail, 'durable' | 'publish' | 'read' | 'state' | 'proven'>
  /** ms since the epoch */
  readonly now: () => number
  /** Entries that are durable. */
  readonly entries: () => number
  readonly log: TrailLog
}

/**
 * Changes the key that signs: the next key is made, the log tells of it, a checkpoint of the keys before it covers that, and only then it signs. Whether
 * a rotation that a crash interrupted has happened is for the log to say: where it does not tell of the key, the key is destroyed.
 */
export class KeyRotation {
  readonly #parts: KeyRotationParts
  /** Index of the entry that tells of the next key, until it is covered. */
  #told: number | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #taking: Promise<void> | undefined
  #retiring: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(parts: KeyRotationParts) {
    this.#parts = parts
  }

  /** Goes on with what was interrupted, and ends overlaps when their time has come. */
  start(): void {
    this.#turn = this.#resume().catch((error: unknown) => this.#later(error))
    this.#retire()
  }

  /** @throws TrailError GS_TRAIL_ROTATING; what else may keep the entry from being written */
  rotate(until: number): Promise<Recorded> {
    const rotated = this.#turn.then(() => this.#rotate(until))
    this.#turn = rotated.catch(() => undefined)
    return rotated
  }

  /** A publication has come to its end. */
  published(): void {
    if (this.#told !== undefined) void this.#take()
  }

  /** Resolves when nothing is under way any more; the trail writes nothing by then. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#turn
    await this.#taking
    await this.#retiring
  }

  async #rotate(until: number): Promise<Recorded> {
    const { signing, name, trail, now, entries } = this.#parts
    const signs = signing.all(name, now()).filter(({ state }) => state === 'signs')
    if (signing.next(name) || signs.length >= SIGN_AT_ONCE) throw new TrailError('GS_TRAIL_ROTATING')
    const [from] = signs
    const to = stored(() => signing.prepareNext(name, until, entries()))
    let recorded: Recorded
    try {
      const fields = { key: 'log', from: from?.vkey as string, to, until: new Date(until).toISOString() }
      recorded = await trail.durable({ kind: 'key.changed', fields })
    } catch (error) {
      // Where the trail goes on it has forgotten the entry; else the next start finds it or not.
      if (trail.state === 'open' || trail.state === 'full') signing.dropNext()
      throw error
    }
    this.#told = recorded.index
    // Where nothing may be signed yet, or there is no room, it is a later publication that covers it.
    await trail.publish().catch((error: unknown) => this.#later(error))
    await this.#take()
    return recorded
  }

  /** The next key signs once a checkpoint covers what tells of it. */
  #take(): Promise<void> {
    this.#taking ??= this.#takeCovered()
      .catch((error: unknown) => this.#later(error))
      .finally(() => {
        this.#taking = undefined
      })
    return this.#taking
  }

  async #takeCovered(): Promise<void> {
    const { signing, name, publishing, trail, now } = this.#parts
    if (this.#told === undefined || this.#told >= covered(trail.proven.checkpoint)) return
    // What fails is done again after the next publication, from here on.
    signing.takeNext()
    signing.remember(name, now())
    await publishing.useSeeds(signing.seeds(now()))
    this.#told = undefined
    this.#retire()
    await trail.publish()
  }

  async #resume(): Promise<void> {
    const { signing, name, trail } = this.#parts
    const next = signing.next(name)
    if (!next) return signing.dropNext()
    let told: number | undefined
    for await (const { index, kind, fields } of trail.read({ from: next.from })) {
      if (kind === 'key.changed' && fields.to === next.vkey) told = index
    }
    if (trail.state !== 'open' && trail.state !== 'full') return
    if (told === undefined) return signing.dropNext()
    this.#told = told
    await trail.publish()
    await this.#take()
  }

  /** Keys whose time is over sign no more, and are destroyed. */
  #retire(): void {
    clearTimeout(this.#timer)
    this.#retiring = this.#retiring.then(() => this.#retireOver()).catch((error: unknown) => this.#later(error))
  }

  async #retireOver(): Promise<void> {
    if (this.#stopped) return
    const { signing, publishing, now } = this.#parts
    const end = signing.nextEnd()
    const left = end === undefined ? undefined : end - now()
    // Also where something fails now.
    if (left !== undefined) this.#timer = setTimeout(() => this.#retire(), left > 0 ? Math.min(left, LOOK_MS) : LOOK_MS).unref()
    if (left !== undefined && left <= 0) await publishing.useSeeds(signing.seeds(now()))
    signing.retire(now())
    if (left !== undefined && left <= 0) this.#retire()
  }

  #later(error: unknown): void {
    this.#parts.log.warn({ cause: (error as Error).message }, 'a step in the rotation of the signing key is made later')
  }
}

/** How many entries a checkpoint covers. */
function covered(checkpoint: string | undefined): number {
  return checkpoint === undefined ? 0 : parseCheckpoint(parseNote(checkpoint).text).size
}

function stored<Key>(make: () => Key): Key {
  try {
    return make()
  } catch (cause) {
    throw new TrailError('GS_TRAIL_FULL', 'The next key could not be stored.', { cause })
  }
}
