import { checkpointText, ed25519Signer, leafHash, type NoteSigner, signNote, TILE_WIDTH, TreeBuilder, tilePath } from '../tlog/index.ts'
import { OpenBundle } from './bundle.ts'
import { TrailError } from './errors.ts'
import type { LogFile, LogFiles } from './log-files.ts'
import { OpenSessions } from './open-sessions.ts'
import type { PayloadGroup, PayloadStore, PlacedPayload } from './payload-store.ts'
import type { Pruned, PruneOrder, Publication, Published, Publishing, PublishOrder, SigningSeeds, WalPlace } from './published.ts'
import { CHECKPOINT_PATH, logPath, PublishedLog, widthAt } from './published-log.ts'
import type { LogRecord } from './record.ts'
import { segmentNumber } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { writeState } from './state-file.ts'
import { scanBatches } from './wal-scan.ts'

/** What one commit takes at most, so that memory stays flat after a burst: entries, and bytes of entries and payloads. */
const COMMIT_ENTRIES = 64 * TILE_WIDTH
const COMMIT_BYTES = 16 << 20

/** Room that publishing leaves alone, bytes: what has happened must still fit into segments, and keys and runs into their stores. */
const LEFT_ALONE = 8 << 20

/** Bundles that one step of a pruning removes. */
const BUNDLES_AT_ONCE = 512

export interface PublisherOptions {
  /** The write-ahead file. */
  readonly wal: SegmentFiles
  /** The trail's folder. */
  readonly files: LogFiles
  readonly payloads: PayloadStore
  /** Of the batches and of the state. */
  readonly key: Uint8Array
  /** Name of the log and of its signing key: `<origin>/<instance>`. */
  readonly name: string
  readonly seeds: SigningSeeds
  /** Where to go on, as recovery found it sound. */
  readonly published: Published
}

/** Publishes in the thread that calls. */
export class Publisher implements Publishing {
  readonly #options: PublisherOptions
  #published: Published
  #signers: readonly NoteSigner[]
  /** The checkpoint of the published size by the signers of now. */
  #checkpoint: string | undefined
  #growth: Growth | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** The lowest bundle that is still there, while a pruning is under way. */
  #lowest: number | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#published = options.published
    this.#signers = signersOf(options.name, options.seeds)
  }

  publish(order: PublishOrder): Promise<Publication> {
    return this.#inTurn(() => this.#publish(order))
  }

  async #publish({ end, release, sign }: PublishOrder): Promise<Publication> {
    this.#removeSegments(Math.min(release, this.#published.wal.segment))
    if (end.entries > this.#published.size) await this.#grow(end)
    if (sign && this.#published.size > 0) await this.#sign()
    return { published: this.#published, checkpoint: this.#checkpoint }
  }

  async useSeeds(seeds: SigningSeeds): Promise<void> {
    this.#signers = signersOf(this.#options.name, seeds)
    this.#checkpoint = undefined
  }

  prune(order: PruneOrder): Promise<Pruned> {
    return this.#inTurn(() => this.#prune(order))
  }

  erase(keys: readonly string[]): Promise<boolean> {
    return this.#inTurn(async () => this.#options.payloads.remove(keys))
  }

  async close(): Promise<void> {
    this.#growth = undefined
  }

  async #prune({ entries, payloads: payloadsBelow, kept }: PruneOrder): Promise<Pruned> {
    const { files, payloads, key } = this.#options
    const whole = Math.min(entries, this.#published.size)
    const below = whole - (whole % TILE_WIDTH)
    if (below > this.#published.minimum) {
      // First the state: whoever reads must not look for what is about to go.
      const next = { ...this.#published, minimum: below }
      await writeState(files, next, key)
      this.#published = next
      // Readers in other threads are told of it before the first bundle goes.
      return { published: this.#published, done: false }
    }
    if (!(await this.#removeBundles())) return { published: this.#published, done: false }
    const { minimum, size } = this.#published
    return { published: this.#published, done: payloads.prune(Math.max(minimum, Math.min(payloadsBelow, size)), kept) }
  }

  async #grow(end: PublishOrder['end']): Promise<void> {
    const { wal, key } = this.#options
    this.#growth ??= await Growth.load(this.#published, new PublishedLog(this.#options.files))
    try {
      for await (const { records, next } of scanBatches(wal, key, this.#published.wal, end)) {
        for (const record of records) this.#growth.take(record)
        if (this.#growth.entries >= COMMIT_ENTRIES || this.#growth.bytes >= COMMIT_BYTES) await this.#commit(this.#growth, next)
        this.#growth.place = next
      }
      await this.#commit(this.#growth, this.#growth.place)
    } catch (error) {
      // What is half written is written anew from what is known to be durable.
      this.#growth = undefined
      throw error
    }
    if (this.#published.size !== end.entries) {
      throw new TrailError('GS_TRAIL_DAMAGED', `The write-ahead file has ${this.#published.size} entries where ${end.entries} are known.`)
    }
  }

  /** Payloads, then entries and hashes, then the state that says so: a crash in between repeats the same. */
  async #commit(growth: Growth, wal: WalPlace): Promise<void> {
    if (growth.size === this.#published.size) return
    const { files, payloads, key } = this.#options
    if (files.room() < LEFT_ALONE + 2 * growth.bytes) throw Object.assign(new Error('ENOSPC: little room is left'), { code: 'ENOSPC' })
    const grown = growth.commit()
    payloads.put(this.#published.size, grown.size, grown.payloads)
    await files.write(grown.files)
    const { size, root, open } = grown
    const published: Published = { size, root, open, wal, minimum: this.#published.minimum }
    await writeState(files, published, key)
    this.#published = published
    this.#checkpoint = undefined
    await files.remove(grown.superseded)
  }

  /**
   * Removes bundles below the minimum, from the lowest up, so that what a crash leaves reaches up to the minimum: there it is found again.
   * @returns whether none is left
   */
  async #removeBundles(): Promise<boolean> {
    const { files } = this.#options
    const end = this.#published.minimum / TILE_WIDTH
    let lowest = this.#lowest ?? end
    if (this.#lowest === undefined) while (lowest > 0 && (await files.read(bundlePath(lowest - 1))) !== undefined) lowest--
    const next = Math.min(end, lowest + BUNDLES_AT_ONCE)
    // A crash may have left partial ones beside the full one.
    await files.remove(Array.from({ length: next - lowest }, (_, at) => bundlePath(lowest + at)).flatMap((path) => [`${path}.p`, path]))
    this.#lowest = next === end ? undefined : next
    return next === end
  }

  /** One order after the other: each begins with what the one before it made durable. */
  #inTurn<T>(order: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(order)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Segments before the place are published to their last byte. */
  #removeSegments(before: number): void {
    const { wal } = this.#options
    // From the oldest on, so that whatever is left of an interruption has no hole.
    for (const name of wal.list().sort()) if ((segmentNumber(name) ?? before) < before) wal.remove(name)
  }

  /** Only what the state already holds durably: otherwise a crash could make us sign two roots for one size. */
  async #sign(): Promise<void> {
    if (this.#checkpoint !== undefined) return
    const { files, name } = this.#options
    const { size, root } = this.#published
    const note = signNote(checkpointText({ origin: name, size, root }), this.#signers)
    await files.replace({ path: CHECKPOINT_PATH, bytes: Buffer.from(note) })
    this.#checkpoint = note
  }
}

function bundlePath(n: number): string {
  return logPath({ level: 'entries', n, width: TILE_WIDTH })
}

function signersOf(name: string, seeds: SigningSeeds): readonly NoteSigner[] {
  return seeds.map((seed) => ed25519Signer(name, seed))
}

/** What grows from one commit to the next. */
class Growth {
  place: WalPlace
  bytes = 0
  readonly #tree: TreeBuilder
  readonly #bundle: OpenBundle
  readonly #open: OpenSessions
  #size: number
  #from: number
  #files: LogFile[] = []
  #superseded: string[] = []
  #payloads = new Map<string, PlacedPayload[]>()

  private constructor(published: Published, tree: TreeBuilder, bundle: OpenBundle) {
    this.place = published.wal
    this.#tree = tree
    this.#bundle = bundle
    this.#open = new OpenSessions(published.open)
    this.#size = published.size
    this.#from = published.size
  }

  static async load(published: Published, log: PublishedLog): Promise<Growth> {
    const { size } = published
    const last = Math.floor(size / TILE_WIDTH)
    const begun = widthAt(0, last, size) === 0 ? [] : await log.bundle(last, size)
    return new Growth(published, await TreeBuilder.load(size, log.tile), new OpenBundle(begun))
  }

  get size(): number {
    return this.#size
  }

  get entries(): number {
    return this.#size - this.#from
  }

  take({ entry, payloads }: LogRecord): void {
    const index = this.#size++
    this.bytes += entry.byteLength
    this.#tree.append(leafHash(entry))
    this.#bundle.push(entry)
    this.#open.seeStored(entry)
    for (let place = 0; place < payloads.length; place++) {
      const { key, sealed } = payloads[place]!
      this.bytes += sealed.byteLength
      const group = this.#payloads.get(key)
      if (group) group.push({ index, place, sealed })
      else this.#payloads.set(key, [{ index, place, sealed }])
    }
    if (this.#bundle.width === TILE_WIDTH) {
      this.#add({ level: 'entries', n: this.#size / TILE_WIDTH - 1, width: TILE_WIDTH }, this.#bundle.bytes())
      this.#bundle.clear()
    }
  }

  /** Everything since the last commit; the next begins. */
  commit() {
    const { width } = this.#bundle
    if (width > 0) this.#add({ level: 'entries', n: Math.floor(this.#size / TILE_WIDTH), width }, this.#bundle.bytes())
    for (const { id, hashes } of this.#tree.take()) this.#add(id, hashes)
    const grown = {
      size: this.#size,
      root: this.#tree.root(),
      open: this.#open.snapshot(),
      files: this.#files,
      superseded: this.#superseded,
      payloads: [...this.#payloads].map(
        ([key, placed]): PayloadGroup => ({ key, first: placed[0]!.index, last: placed.at(-1)!.index, payloads: placed }),
      ),
    }
    this.#from = this.#size
    this.bytes = 0
    this.#files = []
    this.#superseded = []
    this.#payloads = new Map()
    return grown
  }

  #add(id: { readonly level: number | 'entries'; readonly n: number; readonly width: number }, bytes: Uint8Array): void {
    this.#files.push({ path: logPath(id), bytes })
    // tlog-tiles, "Partial Tiles": they may go once the full one is there. Only what was begun before this commit has any.
    const begun = this.#from > id.n * TILE_WIDTH ** (id.level === 'entries' ? 1 : id.level + 1)
    if (begun && id.width === TILE_WIDTH) this.#superseded.push(`log/${tilePath(id)}.p`)
  }
}
