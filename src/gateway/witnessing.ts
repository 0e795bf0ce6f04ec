import { consistencyProof, parseVkey, rootAt } from '../tlog/index.ts'
import { type Trail, TrailError } from '../trail/index.ts'
import { type WitnessFetch, type WitnessMemory, WitnessSet, type WitnessState, witnessUrl } from '../witness/index.ts'
import type { GatewayLog } from './log.ts'

/** `trail.witnesses` of the configuration. */
export interface WitnessSettings {
  /** How many must cosign. */
  readonly need: number
  readonly of: readonly { readonly url: string; readonly key: string }[]
}

/**
 * A start waits so long for what witnesses remember; after that it goes on and signs nothing until they have said, and asks them
 * again so often. Milliseconds.
 */
const WAITS = { start: 3_000, again: 10_000 }

export interface WitnessingParts {
  readonly settings: WitnessSettings
  readonly trail: Trail
  readonly fetch: WitnessFetch
  readonly log: Pick<GatewayLog, 'info' | 'warn' | 'error'>
  /** For tests, ms. */
  readonly waits?: { readonly start: number; readonly again: number }
  /** Tells the trail that it may sign. */
  readonly allow: () => void
}

/** What the gateway has to do with its witnesses. */
export interface Witnessing {
  /** Age of the oldest checkpoint that no quorum has cosigned, ms; 0 where there is none. */
  readonly age: number
  readonly need: number
  readonly states: readonly WitnessState[]
  /** Whether enough of them have said what they remember, so that checkpoints are signed. */
  readonly compared: boolean
  /** Asks for cosignatures of the newest checkpoint now; resolves when all have answered or failed. */
  submit(): Promise<void>
  close(): Promise<void>
}

/**
 * Before the first signature after a start, asks every witness which checkpoint of this log it saw last: one that is longer, or has another
 * root, proves that this data folder is an older copy of itself, and nothing may be signed. From then on, has checkpoints cosigned.
 *
 * @throws TrailError GS_TRAIL_ROLLED_BACK, GS_TRAIL_DAMAGED where a witness knows better; later such an answer makes the trail fail
 */
export async function startWitnessing({ settings, trail, fetch, log, allow, waits = WAITS }: WitnessingParts): Promise<Witnessing> {
  const set = new WitnessSet({
    origin: trail.name,
    // Read anew each time: keys change while this runs, and a witness may remember what a former one signed.
    get logKeys() {
      return trail.logKeys().map(({ vkey }) => parseVkey(vkey))
    },
    witnesses: settings.of.map(({ url, key }) => ({ url: witnessUrl(url), verifier: parseVkey(key), fetch })),
    need: settings.need,
    consistency: (from, to) => consistencyProof(from, to, trail.tile),
    witnessed: await trail.witnessed(),
    onWitnessed: (note) => {
      trail.keepWitnessed(note).catch((error: unknown) => log.error({ err: error }, 'a witnessed checkpoint could not be kept'))
    },
    onChange: (witness, error) => {
      if (error === undefined) log.info({ witness }, 'the witness cosigns')
      else log.warn({ witness, code: error.code, next: error.next }, error.message)
      // Whoever answers may say so; only a checkpoint that this log signed proves it.
      if (error?.code === 'GS_WITNESS_AHEAD' || error?.code === 'GS_WITNESS_INCONSISTENT') void remembered().catch(refused)
    },
  })
  let compared = false
  let timer: NodeJS.Timeout | undefined
  const unsubscribe = trail.onPublished(({ checkpoint }) => {
    if (checkpoint !== undefined) set.published(checkpoint)
  })
  const remembered = async () => {
    const memories = await set.compareAtStart()
    for (const memory of memories) await holdAgainst(memory, trail)
    return memories
  }
  const compare = async () => {
    const memories = await remembered()
    const said = memories.filter(({ known }) => known !== 'unanswered').length
    if (said >= settings.need) {
      compared = true
      return allow()
    }
    log.warn({ said, need: settings.need }, 'too few witnesses say what they remember of this log: no checkpoint is signed until they do')
    timer = setTimeout(() => void compare().catch(refused), waits.again).unref()
  }
  const refused = (error: unknown) => {
    trail.abandon(
      error instanceof TrailError ? error : new TrailError('GS_TRAIL_FAILED', 'Witnesses could not be compared with.', { cause: error }),
    )
  }
  const first = compare()
  try {
    await Promise.race([first, new Promise((resolve) => void setTimeout(resolve, waits.start).unref())])
  } catch (error) {
    unsubscribe()
    await set.close()
    throw error
  }
  first.catch(refused)
  return {
    need: settings.need,
    get age() {
      return set.unwitnessedMs
    },
    get states() {
      return set.states
    },
    get compared() {
      return compared
    },
    submit: () => set.submitNow(),
    async close() {
      clearTimeout(timer)
      unsubscribe()
      await set.close()
    },
  }
}

/** @throws TrailError where what a witness remembers is not a part of this log */
async function holdAgainst(memory: WitnessMemory, trail: Trail): Promise<void> {
  if (memory.known !== 'checkpoint') return
  const { size, root } = memory.seen.checkpoint
  const refuse = (error: TrailError): never => {
    trail.abandon(error, memory.seen.checkpoint)
    throw error
  }
  // What is durable and not published yet counts: a crash may have come between the two.
  const proven = size > trail.proven.size ? await trail.publish() : trail.proven
  if (size > proven.size) {
    refuse(new TrailError('GS_TRAIL_ROLLED_BACK', `Witness ${memory.name} saw ${size} entries of this log, which has ${proven.size} here.`))
  }
  if (!(await rootAt(size, trail.tile, proven.size)).equals(root)) {
    refuse(new TrailError('GS_TRAIL_DAMAGED', `Witness ${memory.name} saw another history of this log at ${size} entries.`))
  }
}
