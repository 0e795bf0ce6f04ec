import { type Fields, field, isCount, isText } from './json.ts'
import { type Decisions, Session } from './session.ts'
import { Failure, Unusable } from './verdict.ts'

/** What cannot be absent: an entry between two; the beginning of a session, or of a run, of which there is more. Without an entry 0, neither. */
export interface Extent {
  readonly gapless: boolean
  readonly sessions: boolean
  readonly runs: boolean
}

/** Of what has begun before, nothing is known. */
const STRETCH: Extent = { gapless: true, sessions: false, runs: false }

/** The most that is kept of what is open, and of what is over: no log can fill the memory. */
const MOST = 1 << 20
const ID = /^([0-9a-f]{10})\.(0|[1-9]\d{0,14})$/
const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/
/** Entries that name a run or session without being of it; those that belong in an open session. */
const ABOUT = /^(log\.|hold\.|erased$|pruned$|signin\.refused$)/
const INSIDE = /^(session\.close|operation\..*|credential\.injected|gap)$/

interface Run {
  readonly first: number
  last: number
  over: boolean
  readonly decisions: Decisions
}

/** What must hold between entries: docs/verify.md, "semantic". Of what is wrong, it keeps what has the lowest index. */
export class Semantics {
  #extent: Extent
  readonly #runs = new Map<string, Run>()
  readonly #sessions = new Map<string, { readonly run: Run | undefined; readonly session: Session }>()
  readonly #over = { boots: new Set<string>(), runs: new Set<string>(), sessions: new Set<string>() }
  readonly #count = { boots: 0, sessions: 0, operations: 0, gaps: 0, erased: 0 }
  #boot = { id: '', next: 0, at: '', missing: 0, hole: 0 }
  #kept = 0
  #failure: Failure | undefined

  constructor(extent: Extent) {
    this.#extent = extent
  }

  /** Entries in order. @throws Unusable where more is open at once than can be kept */
  see(index: number, entry: Fields): void {
    const [id, at, kind] = [field(entry, 'id'), field(entry, 'at'), field(entry, 'kind')]
    const [, boot, counter] = (isText(id) && ID.exec(id)) || []
    if (boot === undefined || !isText(at) || !AT.test(at) || !isText(kind)) this.#bad(index, 'has no id, time or kind')
    else {
      const isLater = index > 0 && this.#boot.id === ''
      if (isLater && this.#extent.gapless) this.#extent = STRETCH
      this.#follow(index, boot, Number(counter), at)
      // The runs of the origin before go on.
      if (index === 0 && kind === 'log.continued') this.#extent = STRETCH
      if (kind === 'gap') this.#fill(entry)
      if (kind === 'erased') this.#count.erased++
      if (!ABOUT.test(kind)) this.#take(index, kind, entry)
    }
    if (this.#kept > MOST) throw new Unusable(`more than ${MOST} runs, sessions and operations are open at once`)
  }

  /** After the last entry. @throws Failure */
  complete(): string {
    this.#endBoot()
    if (this.#failure) throw this.#failure
    const { boots, sessions, operations, gaps, erased } = this.#count
    const open = `${this.#sessions.size} sessions still open`
    return `${boots} boots, ${sessions} sessions, ${operations} operations, ${open}; ${gaps} gaps and ${erased} erasures are told of`
  }

  /** Within a boot the counter rises by one and time does not go back; a boot that is over does not come back. */
  #follow(index: number, id: string, counter: number, at: string): void {
    const { gapless, sessions } = this.#extent
    if (this.#boot.id !== id) {
      this.#endBoot()
      if (this.#over.boots.has(id)) this.#bad(index, 'is of a boot that is over')
      remember(this.#over.boots, id)
      const isWhole = gapless && (sessions || this.#boot.id !== '')
      this.#boot = { id, next: isWhole ? 0 : counter, at, missing: 0, hole: 0 }
      this.#count.boots++
    }
    const boot = this.#boot
    if (counter < boot.next) this.#bad(index, `has counter ${counter} where ${boot.next} belongs`)
    if (at < boot.at) this.#bad(index, 'is earlier than one before it')
    if (gapless && counter > boot.next) {
      boot.missing += counter - boot.next
      if (boot.missing > 0 && boot.hole === 0) boot.hole = index
    }
    boot.next = counter + 1
    boot.at = at
  }

  /** `gap` after a disk was full: so many entries were not written. It may stand before or behind the hole. */
  #fill(entry: Fields): void {
    this.#count.gaps++
    const entries = field(entry, 'missing') ?? field(entry, 'entries')
    if (isCount(entries)) this.#boot.missing -= entries
    if (this.#boot.missing <= 0) this.#boot.hole = 0
  }

  #endBoot(): void {
    const { missing, hole } = this.#boot
    if (missing > 0) this.#bad(hole, `stands behind a hole in the counter: ${missing} are missing, and no gap tells of them`)
  }

  /** An entry of a run or session. */
  #take(index: number, kind: string, entry: Fields): void {
    const [runId, sessionId] = [field(entry, 'run'), field(entry, 'session')]
    const named = isId(runId) ? this.#runOf(index, kind, runId) : undefined
    const run = (isId(sessionId) ? this.#inSession(index, kind, sessionId, entry, named) : undefined) ?? named
    if (run?.over) this.#bad(index, 'is of a run that is over')
    if (run && kind === 'run.end') this.#sumUp(index, entry, run)
    if (run) run.last = index
  }

  #runOf(index: number, kind: string, id: string): Run | undefined {
    const [run, isOver] = [this.#runs.get(id), this.#over.runs.has(id)]
    if (isOver) this.#bad(index, 'is of a run that is over')
    else if (kind === 'run.start' ? run : !run && this.#extent.runs)
      this.#bad(index, `is of a run that has ${run ? 'already' : 'not'} started`)
    if (kind === 'run.start') {
      this.#runs.set(id, { first: index, last: index, over: false, decisions: { allow: 0, ask: 0, deny: 0 } })
      this.#kept += run ? 0 : 1
    }
    if (kind === 'run.end') {
      this.#kept -= Number(this.#runs.delete(id))
      remember(this.#over.runs, id)
    }
    return this.#runs.get(id) ?? run
  }

  #sumUp(index: number, entry: Fields, run: Run): void {
    const { first, last, decisions } = run
    const isRight = Object.entries(decisions).every(([effect, count]) => field(field(entry, 'decisions'), effect) === count)
    if (field(entry, 'first') !== first || field(entry, 'last') !== last || !isRight) {
      this.#bad(index, `does not say of its run what its entries say: first ${first}, last ${last}, ${JSON.stringify(decisions)}`)
    }
    run.over = true
  }

  /** @returns the run of the session */
  #inSession(index: number, kind: string, id: string, entry: Fields, run: Run | undefined): Run | undefined {
    const [open, isOver, opens] = [this.#sessions.get(id), this.#over.sessions.has(id), kind === 'session.open']
    if (opens && (open || isOver)) this.#bad(index, 'opens a session that was open before')
    if (!opens && !open && INSIDE.test(kind) && (isOver || this.#extent.sessions)) this.#bad(index, 'is of a session that is not open')
    if (opens) {
      this.#count.sessions++
      this.#kept += 1 - (open?.session.kept ?? 0)
      this.#sessions.set(id, { run, session: new Session(run?.decisions ?? { allow: 0, ask: 0, deny: 0 }) })
    }
    if (kind === 'session.close') remember(this.#over.sessions, id)
    if (!open || opens) return undefined
    const { session } = open
    this.#kept -= session.kept
    this.#count.operations -= session.operations
    const why = session.step(index, kind, entry)
    if (why !== undefined) this.#bad(index, why)
    this.#count.operations += session.operations
    if (kind === 'session.close') {
      for (const [from, what] of session.undone()) this.#bad(from, what)
      this.#sessions.delete(id)
    } else this.#kept += session.kept
    return open.run
  }

  #bad(index: number, why: string): void {
    if (index < (this.#failure?.entry ?? Number.POSITIVE_INFINITY)) this.#failure = new Failure('semantic', `entry ${index} ${why}`, index)
  }
}

const isId = (id: unknown): id is string => isText(id) && id.length <= 128

function remember(ids: Set<string>, id: string): void {
  ids.add(id)
  if (ids.size > MOST) ids.delete(ids.values().next().value as string)
}
