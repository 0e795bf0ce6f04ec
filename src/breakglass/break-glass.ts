import { createHash, randomBytes } from 'node:crypto'
import { type ApprovingPerson, type LinkedPerson, personPayloads } from '../approvals/index.ts'
import { redactText } from '../redaction/index.ts'
import type { LogPlace } from '../runs/index.ts'
import type { PayloadDraft, Trail } from '../trail/index.ts'
import { openedEntry, requestedEntry, reviewedEntry } from './entries.ts'
import { BreakGlassError } from './errors.ts'
import type { OpeningId, Openings } from './openings.ts'
import { confirmerPayload, type PersonsOf, personsIn, type ShownBreakGlass, shownOf } from './persons.ts'
import { type BreakGlassRecord, type BreakGlassStore, type BreakGlassView, viewOf } from './record.ts'
import type { BreakGlassSettings } from './settings.ts'
import { AllUnfinished, type BreakGlassCounts, type Unfinished } from './unfinished.ts'
import { isAsker, mayAsk, mayClose, mayConfirm, maySee, refuseDependent } from './who-may.ts'

/** How long a request waits for the second person, ms. */
const WAITS_FOR = 15 * 60_000
/** Requests that may wait at once, and resources of one. */
const MOST = 20

export interface BreakGlassOptions {
  readonly store: BreakGlassStore
  readonly trail: Pick<Trail, 'durable' | 'note' | 'whenDurable' | 'subjectKey' | 'pseudonym' | 'name'>
  /** In force now; undefined where break-glass is not configured. */
  readonly settings: () => BreakGlassSettings | undefined
  /** Names of the resources that `settings.on` selects now. */
  readonly resources: () => ReadonlySet<string>
  /** Whether somebody may sign in no more. */
  readonly isRevoked: (person: LinkedPerson) => boolean
  /** The payloads of one entry by name, as far as they are there. */
  readonly recorded: (place: LogPlace) => Promise<ReadonlyMap<string, Uint8Array>>
  /** ms since the epoch; for tests */
  readonly now?: () => number
}

export interface BreakGlassAsked {
  readonly resources: readonly string[]
  /** In the person's own words: a payload. */
  readonly reason: string
  readonly minutes: number
}

/**
 * Break-glass: docs/break-glass.md. One person asks, another confirms, and until it is over the rules do not keep the first from what it is for. Then
 * somebody else reviews it. What opens is durable before it counts; what closes counts at once.
 */
export class BreakGlass {
  readonly #options: BreakGlassOptions
  readonly #now: () => number
  readonly #unfinished: AllUnfinished
  /** Who is asking, and what is being reviewed, right now. */
  readonly #busy = new Set<string>()

  constructor(options: BreakGlassOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#unfinished = new AllUnfinished({ ...options, now: this.#now })
  }

  get openings(): Openings {
    return this.#unfinished.openings
  }

  get counts(): BreakGlassCounts {
    return this.#unfinished.counts
  }

  /** Takes up what an earlier process left; what ran out meanwhile ends now. Once, before anybody is let in. */
  async start(): Promise<void> {
    for (const record of this.#options.store.open()) {
      const persons = record.state === 'closed' || record.untold ? undefined : await this.#recordedPersons(record)
      this.#unfinished.takeUp({ record, ...(persons && { persons }) })
    }
    this.useSettings()
    this.personsRevoked(undefined)
    this.#unfinished.expire()
  }

  stop(): void {
    this.#unfinished.stop()
  }

  /** Called with what became of one, after each change. `listener` must not throw. @returns ends that */
  onChange(listener: (view: BreakGlassView) => void): () => void {
    return this.#unfinished.onChange(listener)
  }

  /** The newest first, 100 at most. */
  list(): readonly BreakGlassView[] {
    this.#unfinished.expire()
    return this.#options.store.recent().map(viewOf)
  }

  /** Closed, and not reviewed: the oldest first. */
  unreviewed(): readonly BreakGlassView[] {
    return this.#unfinished.all('closed').map(({ record }) => viewOf(record))
  }

  /**
   * With who and why: for whoever has a role, could confirm it, or asked for it.
   * @param viewer a person; or as entries name who it is. @param record that it is about to be shown
   * @throws BreakGlassError GS_BREAKGLASS_UNKNOWN, GS_BREAKGLASS_NOT_YOURS; what `record` throws
   */
  async show(id: string, viewer: ApprovingPerson | string, record: () => Promise<void>): Promise<ShownBreakGlass> {
    this.#unfinished.expire()
    const { store, recorded, settings } = this.#options
    const found = store.find(id)
    if (!found) throw new BreakGlassError('GS_BREAKGLASS_UNKNOWN')
    const isOwn = typeof viewer !== 'string' && found.by === this.#pseudonymOf(viewer)
    if (typeof viewer !== 'string' && !isOwn && !maySee(viewer, settings())) throw new BreakGlassError('GS_BREAKGLASS_NOT_YOURS')
    await record()
    return shownOf(found, recorded)
  }

  /** Recorded, and durable, before anybody can confirm it. @throws BreakGlassError, TrailError */
  async request({ resources, reason, minutes }: BreakGlassAsked, person: ApprovingPerson): Promise<BreakGlassView> {
    const { trail } = this.#options
    const settings = this.#settings()
    if (!mayAsk(person, settings)) throw new BreakGlassError('GS_BREAKGLASS_NOT_YOURS')
    this.#refuseResources(resources)
    if (!Number.isInteger(minutes) || minutes < 1 || minutes * 60_000 > settings.longest)
      throw new BreakGlassError(
        'GS_BREAKGLASS_TOO_LONG',
        `This may last ${Math.floor(settings.longest / 60_000)} minutes, and one at least.`,
      )
    const by = this.#pseudonymOf(person)
    this.#refuseAnother(by, person)
    const asked = { id: `bgl_${randomBytes(8).toString('hex')}` as OpeningId, by, resources: [...resources].sort(), minutes }
    return this.#whileBusy(by, async () => {
      const { index } = await trail.durable(requestedEntry(asked, personPayloads(trail, by, person, wordsOf(reason))))
      const [requestedAt, requested] = [this.#now(), { log: trail.name, index }]
      const terms = { settings: digestOf(settings), requestedAt, expiresAt: requestedAt + WAITS_FOR, requested }
      const one: Unfinished = { record: { ...asked, ...terms, state: 'requested' }, persons: { asker: person, confirmer: undefined } }
      try {
        this.#unfinished.add(one)
      } catch (error) {
        this.#unfinished.end(one, { why: 'interrupted' })
        throw error
      }
      // Meanwhile the configuration may have become another, or the person have been revoked.
      this.useSettings()
      this.personsRevoked(undefined)
      return viewOf(one.record)
    })
  }

  /** From when this resolves it is open. @throws BreakGlassError, TrailError */
  async confirm(id: string, person: ApprovingPerson): Promise<BreakGlassView> {
    const { trail } = this.#options
    const settings = this.#settings()
    this.personsRevoked(undefined)
    const one = this.#find(id)
    const { record } = one
    if (record.state !== 'requested') throw over(record)
    const asker = this.#refuseDependent(one, person)
    if (!mayConfirm(person, settings) || this.#options.isRevoked(person)) throw new BreakGlassError('GS_BREAKGLASS_NOT_YOURS')
    const [confirmedBy, openedAt] = [this.#pseudonymOf(person), this.#now()]
    const until = openedAt + record.minutes * 60_000
    const opening: BreakGlassRecord = { ...record, state: 'opening', confirmedBy, openedAt, until }
    // Before the entry: whatever a crash leaves, what the log says was opened has an end.
    this.#unfinished.keep(one, opening)
    one.persons = { asker, confirmer: person }
    let isRecorded = false
    try {
      const payloads = [...personPayloads(trail, record.by, asker, undefined), confirmerPayload(trail, confirmedBy, person)]
      const { index } = await trail.durable(openedEntry(record, confirmedBy, until, payloads))
      isRecorded = true
      // Closed, revoked or not configured any more meanwhile: then it is only on record, and so is its end.
      if (one.record !== opening) throw over(one.record)
      this.#unfinished.become(one, { ...opening, state: 'open', opened: { log: trail.name, index } })
    } catch (error) {
      // On record as opened, it is not opened a second time.
      if (one.record === opening && isRecorded) this.#unfinished.end(one, { why: 'interrupted' })
      else if (one.record === opening) {
        one.persons = { asker, confirmer: undefined }
        this.#unfinished.goBack(one, record)
      }
      throw error
    }
    return viewOf(one.record)
  }

  /**
   * Ends it at once: what is open, by the person whom it is for or whoever has the role; what waits, by the same and by whoever could confirm it.
   * @param by a person; or as entries name who it is. @throws BreakGlassError
   */
  async close(id: string, by: ApprovingPerson | string, reason: string | undefined): Promise<BreakGlassView> {
    const { trail } = this.#options
    const one = this.#find(id)
    const { state } = one.record
    if (state !== 'requested' && state !== 'opening' && state !== 'open') throw over(one.record)
    const person = typeof by === 'string' ? undefined : by
    const who = person ? this.#pseudonymOf(person) : (by as string)
    const isOwn = one.record.by === who || (person !== undefined && isAsker(one.persons, person))
    if (person && !isOwn && !mayClose(person, this.#options.settings())) throw new BreakGlassError('GS_BREAKGLASS_NOT_YOURS')
    const words = reason === undefined ? undefined : wordsOf(reason)
    const payloads = (): readonly PayloadDraft[] => (person ? personPayloads(trail, who, person, words) : [])
    this.#unfinished.end(one, { why: 'closed', by: who, unopened: isOwn ? 'withdrawn' : 'denied', payloads })
    await new Promise<void>((resolve, reject) =>
      trail.whenDurable((error) =>
        error ? reject(new BreakGlassError('GS_BREAKGLASS_NOT_RECORDED', undefined, { cause: error })) : resolve(),
      ),
    )
    return viewOf(one.record)
  }

  /** Somebody looked at what was done. @param note what came of it: a payload. @throws BreakGlassError, TrailError */
  async review(id: string, person: ApprovingPerson, note: string): Promise<BreakGlassView> {
    const { trail } = this.#options
    const one = this.#find(id)
    if (one.record.state === 'reviewed' || this.#busy.has(id)) throw over(one.record)
    if (one.record.state !== 'closed') throw new BreakGlassError('GS_BREAKGLASS_STILL_OPEN')
    return this.#whileBusy(id, async () => {
      one.persons ??= await this.#recordedPersons(one.record)
      const reviewedBy = this.#pseudonymOf(person)
      // Whom it was for may be erased by then, and it is reviewed all the same.
      if (reviewedBy === one.record.by) throw new BreakGlassError('GS_BREAKGLASS_SAME_PERSON')
      if (one.persons.asker) refuseDependent(one.persons.asker, person)
      const { index } = await trail.durable(reviewedEntry(one.record, reviewedBy, personPayloads(trail, reviewedBy, person, wordsOf(note))))
      const reviewed = { reviewedAt: this.#now(), reviewedBy, reviewed: { log: trail.name, index } }
      this.#unfinished.become(one, { ...one.record, state: 'reviewed', ...reviewed })
      return viewOf(one.record)
    })
  }

  /** Another configuration is in force: what it does not say as it was is over. */
  useSettings(): void {
    const settings = this.#options.settings()
    const [digest, resources] = [settings && digestOf(settings), this.#options.resources()]
    for (const one of this.#unfinished.running())
      if (one.record.settings !== digest || !one.record.resources.every((name) => resources.has(name)))
        this.#unfinished.end(one, { why: 'configuration' })
  }

  /** Somebody may sign in no more: what is for them, or was confirmed by them, is over. @param by who revoked them, as entries name them */
  personsRevoked(by: string | undefined): void {
    const { isRevoked } = this.#options
    for (const one of this.#unfinished.running()) {
      const { asker, confirmer } = one.persons ?? {}
      if ((asker && isRevoked(asker)) || (confirmer && isRevoked(confirmer))) this.#unfinished.end(one, { why: 'person-revoked', by })
    }
  }

  /** Undefined names where the log does not say them any more, or not as they were. */
  async #recordedPersons({ opened, requested }: BreakGlassRecord): Promise<PersonsOf> {
    try {
      return personsIn(await this.#options.recorded(opened ?? requested))
    } catch {
      return { asker: undefined, confirmer: undefined }
    }
  }

  async #whileBusy<T>(what: string, task: () => Promise<T>): Promise<T> {
    this.#busy.add(what)
    try {
      return await task()
    } finally {
      this.#busy.delete(what)
    }
  }

  #settings(): BreakGlassSettings {
    const settings = this.#options.settings()
    if (!settings) throw new BreakGlassError('GS_BREAKGLASS_NOT_AVAILABLE')
    return settings
  }

  #refuseResources(names: readonly string[]): void {
    const covered = this.#options.resources()
    if (names.length === 0 || names.length > MOST || new Set(names).size !== names.length || !names.every((name) => covered.has(name)))
      throw new BreakGlassError('GS_BREAKGLASS_RESOURCE')
  }

  /** A person has one request that waits, and all together have not too many. */
  #refuseAnother(by: string, person: LinkedPerson): void {
    this.#unfinished.expire()
    const waiting = this.#unfinished.all('requested', 'opening')
    const before = waiting.find(({ record, persons }) => record.by === by || isAsker(persons, person))
    if (before) throw new BreakGlassError('GS_BREAKGLASS_ASKED', `You asked already, as ${before.record.id}.`)
    if (this.#busy.has(by)) throw new BreakGlassError('GS_BREAKGLASS_ASKED')
    if (waiting.length + this.#busy.size >= MOST) throw new BreakGlassError('GS_BREAKGLASS_TOO_MANY')
  }

  /** @returns whom it is for. @throws BreakGlassError where it is not known that the other is somebody else */
  #refuseDependent({ record, persons }: Unfinished, person: ApprovingPerson) {
    const asker = persons?.asker
    if (!asker) throw new BreakGlassError('GS_BREAKGLASS_ASKER_UNKNOWN')
    if (record.by === this.#pseudonymOf(person)) throw new BreakGlassError('GS_BREAKGLASS_SAME_PERSON')
    refuseDependent(asker, person)
    return asker
  }

  /** @throws BreakGlassError: what is over is not unknown */
  #find(id: string): Unfinished {
    this.#unfinished.expire()
    const one = this.#unfinished.find(id)
    if (one) return one
    const record = this.#options.store.find(id)
    throw record ? over(record) : new BreakGlassError('GS_BREAKGLASS_UNKNOWN')
  }

  #pseudonymOf({ person: { issuer, subject } }: LinkedPerson): string {
    return this.#options.trail.pseudonym(issuer, subject)
  }
}

/** Of what an opening depends on; how long one may last counts when it is asked for. */
function digestOf({ who, on }: BreakGlassSettings): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify([who, on]))
    .digest('base64url')}`
}

const wordsOf = (text: string) => redactText(Buffer.from(text)).content

const over = ({ state }: BreakGlassRecord) =>
  new BreakGlassError('GS_BREAKGLASS_OVER', `This is ${state === 'opening' ? 'being opened' : state} already.`)
