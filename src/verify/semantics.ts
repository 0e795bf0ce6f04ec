import type { Check } from './check-log.ts'
import { type Fields, fail, fieldsOf, isCount, isText, listOf, refuse } from './verdict.ts'

/** Of what nothing is left out: of all entries from the first to the last, of a run, of a session, or of nothing. */
export type Whole = 'all' | 'run' | 'session' | 'none'
/** The most that is kept of what is open, and of what is over: no log can fill the memory. */
const MOST = 1 << 20
const ID = /^([0-9a-f]{10})\.(0|[1-9]\d{0,14})$/
const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/
/** Entries that name a run or session without being of it; those that belong in an open session. */
const ABOUT = /^(log\.|hold\.|connector\.|erased$|pruned$|signin\.refused$)/
const INSIDE = /^(session\.(open|close)|operation\..*|credential\.injected|recording\.segment|gap)$/

/** What must hold between entries: docs/verify.md, "semantic". Of what is wrong, it keeps what has the lowest index. */
export function* checkSemantics(whole: Whole): Check {
  const lives = { boots: new Map<unknown, Life>(), runs: new Map<unknown, Life>(), sessions: new Map<unknown, Life>() }
  const count = { boots: 0, runs: 0, sessions: 0, operations: 0, gaps: 0, erasures: 0 }
  let [boot, bootId, time, isWhole, rows] = [born(0), '', '', true, 0]
  let first: readonly [index: number, why: string] | undefined
  const [over, openings] = [new Set<string>(), new Map<unknown, Fields>()]

  function bad(index: number, why: string): false {
    if (!first || index < first[0]) first = [index, why]
    return false
  }

  /** Begins, goes on and ends once, in this order. @returns the boot, run or session, where its beginning is known */
  function live(what: keyof typeof lives, id: string, index: number, begins: boolean, ends: boolean, isHere = false): Life | undefined {
    const life = begins ? born(index) : lives[what].get(id)
    if ((begins || !life) && over.has(id)) bad(index, `is of ${id}, which is over`)
    else if (begins && lives[what].has(id)) bad(index, `begins ${id} again`)
    else if (!life && isHere && isWhole) bad(index, `is of ${id}, which has not begun`)
    if (begins) count[what]++
    if (begins && life) lives[what].set(id, life)
    if (!ends) return life
    const { missing, hole, owed } = life ?? born(index)
    if (missing > 0) bad(hole, `stands behind a hole: ${missing} ${what === 'boots' ? 'entries' : 'operations'} are missing, without a gap`)
    for (const [n, at] of owed) bad(at, `has operation ${n}, which has no outcome`)
    lives[what].delete(id)
    over.add(id)
    if (over.size > MOST) over.delete(over.values().next().value ?? '')
    return life
  }

  /** Comes to a number, which may leave out some. */
  function reach(life: Life, n: unknown, index: number, what: string): n is number {
    if (!isCount(n) || n < life.next) return bad(index, `has ${what} ${JSON.stringify(n)} where ${life.next} belongs`)
    if (n > life.next && life.missing <= 0) life.hole = index
    life.missing += n - life.next
    life.next = n + 1
    return true
  }

  function inSession(id: string, index: number, kind: string, entry: Fields): void {
    const session = live('sessions', id, index, kind === 'session.open', kind === 'session.close', whole !== 'none')
    if (!session) return
    if (kind === 'session.open') Object.assign(session, { run: entry.run, opened: entry })
    const [{ effects, owed, asks, opened }, account] = [session, lives.runs.get(session.run) ?? session]
    const isKnown = opened.breakGlass && (whole !== 'all' || !isWhole || isOpen(openings.get(entry.breakGlass), opened, entry))
    if (entry.breakGlass !== undefined && !isKnown) bad(index, `is under ${JSON.stringify(entry.breakGlass)}, which is not open for it`)
    rows -= effects.size + owed.size + asks.size
    for (const [decision, effect] of rowsOf(entry.decisions))
      if (isCount(decision) && isText(effect) && Object.hasOwn(account.decisions, effect)) effects.set(decision, effect)
    // One use of an approval is for the intents right behind it in its session.
    if (kind === 'operation.intent' && ![undefined, session.approval].includes(entry.approval) && whole !== 'none')
      bad(index, `has operations under ${JSON.stringify(entry.approval)}, which was not used right before it`)
    if (kind === 'operation.intent') session.approval = entry.approval
    for (const [n, , decision, form] of rowsOf(entry.ops)) {
      const effect = effects.get(decision)
      // A text that is only prepared comes to nothing by itself.
      const isFree = effect === 'allow' || (effect === 'ask' && (entry.approval !== undefined || form === 'prepare'))
      if (effect && !isFree && entry.breakGlass === undefined) asks.add(n)
      if (effect === undefined) bad(index, `has operation ${JSON.stringify(n)} with a decision that was not said`)
      else account.decisions[effect] = (account.decisions[effect] ?? 0) + 1
      if (reach(session, n, index, 'operation')) owed.set(n, index)
      count.operations++
    }
    for (const [n, status] of rowsOf(entry.outcomes)) {
      if (!owed.delete(n)) bad(index, `has an outcome of operation ${JSON.stringify(n)}, which has no open intent`)
      const happened = asks.delete(n) && status !== 'refused' && status !== 'unknown'
      if (happened) bad(index, `says that operation ${JSON.stringify(n)} was carried out, without an approval or break-glass`)
    }
    const told = [...rowsOf(entry.masked).map(([n]) => [n, 'masked of']), ...rowsOf(entry.usage).map(([n]) => [n, 'used by'])]
    for (const [n, what] of told)
      if (!rowsOf(entry.outcomes).some(([m]) => m === n)) bad(index, `says what was ${what} ${JSON.stringify(n)}, which goes on`)
    for (const [, ...used] of rowsOf(entry.usage)) for (const n of used.slice(0, 2)) account.tokens += isCount(n) ? n : Number.NaN
    // Segments of what was shown are numbered without a hole, up to what the end says; a lost one leaves a gap of its number.
    const isSegment = kind === 'recording.segment' || (kind === 'gap' && entry.segment !== undefined)
    if (isSegment && entry.segment !== ++session.segments) bad(index, `has segment ${JSON.stringify(entry.segment)}, out of order`)
    else if (kind === 'gap' && !isSegment) excuse(index, entry, session)
    // After a crash nobody knows how many there would have been.
    else if (kind === 'session.close' && opened.recording && entry.reason !== 'unknown' && entry.segments !== session.segments)
      bad(index, `says that it has ${JSON.stringify(entry.segments)} segments, where ${session.segments} are told of`)
    if (kind !== 'session.close') rows += effects.size + owed.size + asks.size
  }

  /** Asked once, used at most once, and only where it was approved. */
  function approve(index: number, kind: string, { approval: id, session, verdict, complete }: Fields, run: Life | undefined): void {
    if (kind === 'approval.used') Object.assign(lives.sessions.get(session) ?? {}, { approval: id })
    if (!run) return
    const [{ approvals }, state] = [run, run.approvals.get(id)]
    // What a crash kept from being recorded has an end all the same.
    if ((state === undefined) !== (kind === 'approval.asked') && kind !== 'approval.ended')
      bad(index, `is of ${JSON.stringify(id)}, which was${state ? '' : ' not'} asked before`)
    if (kind === 'approval.used' && state !== 'approved') bad(index, `uses ${JSON.stringify(id)}, which is not approved, or not any more`)
    rows -= approvals.size
    if (kind === 'approval.asked') approvals.set(id, 'asked')
    else if (kind !== 'approval.decided' || verdict === 'deny') approvals.set(id, 'over')
    else if (verdict === 'approve' && complete === true && state === 'asked') approvals.set(id, 'approved')
    rows += approvals.size
  }

  /** Operations that were refused, as their intents could not be written: they owe neither intent nor outcome. */
  function excuse(index: number, { first, last }: Fields, session: Life): void {
    if (!isCount(first) || !isCount(last) || last < first) return void bad(index, 'is a gap of no operations')
    // All of them are missing, also those that had an intent, but for what this tells of.
    if (last >= session.next && reach(session, last, index, '')) session.missing++
    for (const n of [...session.owed.keys()]) if (isCount(n) && first <= n && n <= last && session.owed.delete(n)) session.missing++
    session.missing -= last - first + 1
    if (session.missing < 0) bad(index, `excuses operations from ${first} to ${last}, of which some have ended`)
  }

  function see(index: number, entry: Fields): void {
    const { id, at, kind, run, session, entries, usage = {} } = entry
    const [, bootOf, counter] = (isText(id) && ID.exec(id)) || []
    if (bootOf === undefined || !isText(at) || !AT.test(at) || !isText(kind)) return void bad(index, 'has no id, time or kind')
    // A log that goes on from another one has the runs of that.
    if (bootId === '') isWhole = whole !== 'all' || (index === 0 && kind !== 'log.continued')
    // Within a boot the counter rises by one and time does not go back; a boot that is over does not come back.
    if (bootId !== bootOf) {
      live('boots', bootId, index, false, true)
      boot = live('boots', bootOf, index, true, false) ?? boot
      boot.next = bootId === '' && index > 0 ? Number(counter) : 0
    } else if (at < time) bad(index, 'is earlier than one before it')
    if (whole !== 'all') boot.next = Math.max(boot.next, Number(counter))
    reach(boot, Number(counter), index, 'counter')
    ;[bootId, time] = [bootOf, at]
    if (kind === 'erased' || kind === 'gap') count[kind === 'gap' ? 'gaps' : 'erasures']++
    // After a disk was full: so many entries were not written. It may stand before or behind the hole.
    if (kind === 'gap' && isCount(entries)) boot.missing -= entries
    if (ABOUT.test(kind)) return
    if (kind.startsWith('breakglass.')) openings.set(entry.breakGlass, { ...entry, before: openings.get(entry.breakGlass)?.kind })
    const runOf = run ?? lives.sessions.get(session)?.run
    if (isId(session) && INSIDE.test(kind)) inSession(session, index, kind, entry)
    const life = isId(runOf) && live('runs', runOf, index, kind === 'run.start', kind === 'run.end', whole === 'all' || whole === 'run')
    const says = life && kind === 'run.end' ? summary(life, life.decisions, { inputTokens: life.tokens }) : ''
    if (says && says !== summary(entry, fieldsOf(entry.decisions), fieldsOf(usage))) bad(index, `does not say what its run has: ${says}`)
    if (kind.startsWith('approval.')) approve(index, kind, entry, life || undefined)
    if (life && kind === 'run.end') rows -= life.approvals.size
    if (life) life.last = index
    if (lives.runs.size + lives.sessions.size + openings.size + rows > MOST)
      refuse(`more than ${MOST} runs, sessions and operations are open at once`)
  }

  for (let seen = yield; seen; seen = yield) see(seen[0], seen[1])
  live('boots', bootId, Number.POSITIVE_INFINITY, false, true)
  if (first) fail(`entry ${first[0]} ${first[1]}`, first[0])
  const says = Object.entries(count).map(([what, n]) => `${n} ${what}`)
  return `${says.join(', ')} are told of; ${lives.sessions.size} sessions still open`
}

/**
 * A boot, run or session. Its entries or operations have numbers that rise by one, but for as many as gaps tell of: `next` is due, and `hole`
 * the index of the first entry behind what is missing.
 */
type Life = ReturnType<typeof born>
/**
 * `effects` by the numbers of decisions; `owed`, by those of operations without an outcome, the index of the intent; `asks`, those of them that rules
 * deny, or ask about and nobody approved; `opened`, how a session began, and `segments` of it; `tokens`, what models used; `approval`, what the session has just used; `approvals`, what became of those of a run.
 */
const born = (index: number) => ({
  ...{ first: index, last: index, run: undefined as unknown, decisions: { allow: 0, ask: 0, deny: 0 } as Record<string, number> },
  ...{ next: 1, missing: 0, hole: 0, segments: 0, tokens: 0, effects: new Map<unknown, string>(), owed: new Map<unknown, number>() },
  ...{ opened: {} as Fields, asks: new Set<unknown>(), approval: undefined as unknown, approvals: new Map<unknown, string>() },
})
const summary = ({ first, last }: Fields, { allow, ask, deny }: Fields, { inputTokens = 0, outputTokens = 0 }: Fields) =>
  JSON.stringify({ first, last, allow, ask, deny, tokens: Number(inputTokens) + Number(outputTokens) })
/**
 * Whether break-glass, as was said of it last, is open by then for whom and what a session is of: asked for, and opened by another person, for an
 * hour at most. Where a clock went back, the time of a log stands still: so it is held against how long it may last, not until when.
 * Two clocks may differ by 2 s.
 */
const isOpen = ({ kind, before, who, confirmedBy = who, resources, minutes, at }: Fields = {}, session: Fields, entry: Fields) =>
  `${before} ${kind}` === 'breakglass.requested breakglass.opened' &&
  whoIn(confirmedBy) !== whoIn(who) &&
  whoIn(who) === whoIn(session.who) &&
  listOf(resources).includes(session.resource) &&
  Date.parse(`${entry.at}`) <= Date.parse(`${at}`) + Math.min(Number(minutes), 60) * 60_000 + 2_000
const whoIn = (who: unknown) => `${fieldsOf(who).pseudonym} ${fieldsOf(who).kind}`
const rowsOf = (rows: unknown) => (Array.isArray(rows) ? rows.map(listOf) : [])
const isId = (id: unknown): id is string => isText(id) && id.length <= 128
