import type { Aged, Pruning, StoredEntry } from '../trail/index.ts'
import type { Hold } from './hold.ts'
import { begun, type KnownSession, keysOf, sessionFact } from './session-facts.ts'

/** Entries are pruned in whole bundles of this many (c2sp.org/tlog-tiles). */
const BUNDLE = 256
/** Every entry that names nothing before `at` begins so. */
const AT = '{"at":"'
/** `2026-11-27T02:00:00.000` */
const MOMENT_LENGTH = 23

/** How far a log is pruned, and what must be remembered of what is behind. */
export interface RetentionState {
  /** Payloads of entries below this index are pruned, but for those of the sessions. */
  readonly payloadsBelow: number
  /** Sessions that began below, and whose keys are still there: they were not over, or are held. */
  readonly sessions: readonly KnownSession[]
  /** Recordings of sessions that are over below this index are pruned, and the other recorded sessions that began below; absent: none were yet. */
  readonly recordings?: { readonly below: number; readonly sessions: readonly KnownSession[] } | undefined
  /** Holds that were heeded. */
  readonly holds: readonly string[]
  /** Whether it is all done; else it was interrupted. */
  readonly finished: boolean
}

/** Where it is kept, by name of the log. Durable when the call returns. */
export interface RetentionStore {
  read(log: string): RetentionState | undefined
  write(log: string, state: RetentionState): void
}

export interface PruningSources {
  /** Entries in order, from an index on. */
  readonly read: (from: number) => AsyncIterable<StoredEntry>
  /** Of logs that were set aside and are too old. */
  readonly aside: AsyncIterable<StoredEntry>
  /** Entries below this index are pruned already. */
  readonly minimum: number
  /** Moments, ms since the epoch, before which entries, payloads and recordings are too old; absent: never. */
  readonly before: Aged & { readonly recordings?: number | undefined }
  readonly state: RetentionState | undefined
  readonly holds: readonly Hold[]
  hasKey(id: string): boolean
}

export interface PruningPlan {
  readonly pruning: Pruning
  /** How many entries go, and how many keys that are still there. */
  readonly entries: number
  readonly keys: number
  /** What is remembered from when it begins, and what once it is done. */
  readonly begun: RetentionState
  readonly done: RetentionState
  /** Whether there is nothing to do. */
  readonly idle: boolean
}

/**
 * What is too old by now. A clock that was wrong keeps what stands behind it: nothing goes before everything in front of it may. A session's payloads go
 * when all of it is too old.
 */
export async function planPruning(sources: PruningSources): Promise<PruningPlan> {
  const { minimum, state, holds, before } = sources
  // Payloads go with their entries at the latest.
  const payloadsBefore = latest(before.payloads, before.entries)
  const held = new Set(holds.map(({ run }) => run))
  const entries = before.entries === undefined ? minimum : await entriesBelow(sources, before.entries)
  const sessions = new Map((state?.sessions ?? []).map((session) => [session.session, session]))
  const known = Math.max(minimum, state?.payloadsBelow ?? 0)
  // Each key is looked for when its session is met: thousands at once would keep others waiting.
  const there = new Set([...sessions.values()].flatMap(keysOf).filter(sources.hasKey))
  const payloads = payloadsBefore === undefined ? known : await payloadsBelow(sources, known, payloadsBefore, sessions, there)
  const keys = new Set<string>()
  const stay: KnownSession[] = []
  for (const session of sessions.values()) {
    if (!session.over || held.has(session.run)) stay.push(session)
    else for (const key of keysOf(session)) keys.add(key)
  }
  const recordings = await oldRecordings(sources, payloads, payloadsBefore, held, there)
  for (const key of recordings?.keys ?? []) keys.add(key)
  const keptAside: string[] = []
  let isAside = false
  for await (const entry of sources.aside) {
    isAside = true
    const fact = sessionFact(entry)
    if (fact?.what !== 'begins') continue
    for (const key of keysOf(fact)) {
      if (held.has(fact.run)) keptAside.push(key)
      else if (sources.hasKey(key)) {
        keys.add(key)
        there.add(key)
      }
    }
  }
  const kept = {
    keys: [...stay.flatMap(keysOf), ...keptAside],
    entries: holds.flatMap(({ start, entry }) => [start, entry].flatMap(({ index, key }) => (key === undefined ? [] : [{ index, key }]))),
  }
  const names = holds.map(({ id }) => id)
  const followed = state?.recordings && { recordings: state.recordings }
  const beginning = { payloadsBelow: payloads, sessions: [...sessions.values()], ...followed, holds: names, finished: false }
  const sameHolds = names.length === (state?.holds.length ?? 0) && names.every((id) => state?.holds.includes(id))
  return {
    pruning: {
      entries,
      payloads,
      kept,
      keys: [...keys],
      everywhere: recordings?.keys ?? [],
      aside: { entries: before.entries, payloads: payloadsBefore },
    },
    entries: entries - minimum,
    keys: [...keys].filter((key) => there.has(key)).length,
    begun: beginning,
    done: { ...beginning, sessions: stay, ...(recordings && { recordings: recordings.state }), finished: true },
    idle:
      entries === minimum &&
      payloads === known &&
      keys.size === 0 &&
      (recordings?.state.below ?? 0) === (state?.recordings?.below ?? 0) &&
      !isAside &&
      sameHolds &&
      state?.finished !== false,
  }
}

function latest(...moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Runs whose copy is not whole are kept in the log, whatever their age. */
async function entriesBelow({ read, minimum, holds }: PruningSources, before: number): Promise<number> {
  const limit = Math.min(Number.POSITIVE_INFINITY, ...holds.filter(({ copy }) => !copy?.whole).map(({ start }) => start.index))
  const moment = momentText(before)
  let below = minimum
  for await (const entry of read(minimum)) {
    if (entry.index >= limit || !isOlder(entry, moment)) break
    if ((entry.index + 1) % BUNDLE === 0) below = entry.index + 1
  }
  return below
}

/** What begins and ends below is learned on the way. */
async function payloadsBelow(
  { read, hasKey }: Pick<PruningSources, 'read' | 'hasKey'>,
  from: number,
  before: number,
  sessions: Map<string, KnownSession>,
  there: Set<string>,
): Promise<number> {
  const moment = momentText(before)
  let below = from
  let learned: (() => void)[] = []
  for await (const entry of read(from)) {
    if (!isOlder(entry, moment)) break
    const fact = sessionFact(entry)
    if (fact?.what === 'begins') {
      learned.push(() => void sessions.set(fact.session, begun(fact)))
      for (const key of keysOf(fact)) if (hasKey(key)) there.add(key)
    }
    if (fact?.what === 'ends') {
      learned.push(() => {
        const session = sessions.get(fact.session)
        if (session) sessions.set(fact.session, { ...session, over: true })
      })
    }
    if ((entry.index + 1) % BUNDLE !== 0) continue
    for (const learn of learned) learn()
    learned = []
    below = entry.index + 1
  }
  return below
}

interface OldRecordings {
  readonly keys: readonly string[]
  readonly state: NonNullable<RetentionState['recordings']>
}

/** Recordings that go before the other payloads of their sessions do. @returns undefined where none are kept shorter */
async function oldRecordings(
  { before, read, minimum, state, hasKey }: PruningSources,
  payloads: number,
  payloadsBefore: number | undefined,
  held: ReadonlySet<string>,
  there: Set<string>,
): Promise<OldRecordings | undefined> {
  if (before.recordings === undefined || before.recordings <= (payloadsBefore ?? Number.NEGATIVE_INFINITY)) return undefined
  const known = state?.recordings ?? { below: state?.payloadsBelow ?? 0, sessions: state?.sessions ?? [] }
  const sessions = new Map(known.sessions.map((session) => [session.session, session]))
  // Sessions that are over below go with their payloads, or have gone.
  const below = await payloadsBelow({ read, hasKey }, Math.max(minimum, known.below), before.recordings, sessions, there)
  const keys: string[] = []
  const stay: KnownSession[] = []
  for (const session of sessions.values()) {
    if (session.recording === undefined) continue
    if (!session.over || held.has(session.run)) stay.push(session)
    // What was interrupted may have destroyed the key, and not yet removed what it sealed.
    else if (hasKey(session.recording) || state?.finished === false) {
      keys.push(session.recording)
      there.add(session.recording)
    }
  }
  return { keys, state: { below: Math.max(below, payloads), sessions: stay } }
}

function momentText(ms: number): string {
  return new Date(ms).toISOString().slice(0, MOMENT_LENGTH)
}

/** RFC 3339 in UTC sorts as text. */
function isOlder(entry: StoredEntry, moment: string): boolean {
  const text = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, AT.length + MOMENT_LENGTH).toString('latin1')
  return (text.startsWith(AT) ? text.slice(AT.length) : entry.at.slice(0, MOMENT_LENGTH)) < moment
}
