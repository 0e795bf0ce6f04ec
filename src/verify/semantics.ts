import { type Fields, fieldsOf, isCount, isText, listOf } from './json.ts'
import { fail, refuse } from './verdict.ts'

/** What cannot be absent: an entry between two; the beginning of a session, or of a run. Without an entry 0, neither beginning. */
export type Extent = { readonly gapless: boolean; readonly sessions: boolean; readonly runs: boolean }

type Decisions = Record<string, number>
type Run = { readonly first: number; last: number; readonly decisions: Decisions }
/** Numbers that rise by one, but for as many as gaps tell of. `hole` is the index of the first entry behind what is missing. */
type Numbers = { next: number; missing: number; hole: number }
/** `effects` by the numbers of decisions; `owed`, by the numbers of operations without an outcome, the index of the intent. */
type Session = Numbers & { run: unknown; decisions: Decisions; effects: Map<unknown, string>; owed: Map<number, number> }

/** The most that is kept of what is open, and of what is over: no log can fill the memory. */
const MOST = 1 << 20
const ID = /^([0-9a-f]{10})\.(0|[1-9]\d{0,14})$/
const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/
const NUMBERS: Numbers = { next: 1, missing: 0, hole: 0 }
/** Entries that name a run or session without being of it; those that belong in an open session. */
const ABOUT = /^(log\.|hold\.|erased$|pruned$|signin\.refused$)/
const INSIDE = /^(session\.(open|close)|operation\..*|credential\.injected|gap)$/

/** What must hold between entries: docs/verify.md, "semantic". Of what is wrong, it keeps what has the lowest index. */
export function checkSemantics({ gapless, sessions: hasSessions, runs: hasRuns }: Extent) {
  const [runs, sessions, over] = [new Map<unknown, Run>(), new Map<unknown, Session>(), new Set<string>()]
  const count = { boots: 0, sessions: 0, operations: 0, gaps: 0, erased: 0 }
  let boot = { id: '', at: '', next: 0, missing: 0, hole: 0 }
  let [isWhole, kept] = [true, 0]
  let first: { readonly index: number; readonly why: string } | undefined

  function bad(index: number, why: string): void {
    if (index < (first?.index ?? Number.POSITIVE_INFINITY)) first = { index, why }
  }

  function finish(id: string, { missing, hole }: Numbers, what: string): void {
    if (missing > 0) bad(hole, `stands behind a hole: ${missing} ${what} are missing, and no gap tells of them`)
    over.add(id)
    if (over.size > MOST) over.delete(over.values().next().value ?? '')
  }

  /** Within a boot the counter rises by one and time does not go back; a boot that is over does not come back. */
  function follow(index: number, id: string, counter: number, at: string): void {
    if (boot.id === '') isWhole = index === 0 || !gapless
    if (boot.id !== id) {
      finish(boot.id, boot, 'entries')
      if (over.has(id)) bad(index, 'is of a boot that is over')
      boot = { id, at, next: boot.id === '' && index > 0 ? counter : 0, missing: 0, hole: 0 }
      count.boots++
    }
    if (!gapless) boot.next = Math.max(boot.next, counter)
    if (!reach(boot, counter, index)) bad(index, `has counter ${counter} where ${boot.next} belongs`)
    if (at < boot.at) bad(index, 'is earlier than one before it')
    boot.at = at
  }

  /** A run or session begins once, before its other entries, and none comes behind its end. */
  function checkLife(index: number, id: string, begins: boolean, isOpen: boolean, hasBeginning: boolean): void {
    if (over.has(id)) bad(index, `is of ${id}, which is over`)
    else if (begins && isOpen) bad(index, `begins ${id} again`)
    else if (!begins && !isOpen && hasBeginning && isWhole) bad(index, `is of ${id}, which has not begun`)
  }

  function inSession(index: number, kind: string, id: string, entry: Fields): void {
    checkLife(index, id, kind === 'session.open', sessions.has(id), hasSessions)
    if (kind === 'session.open') {
      const { decisions } = runs.get(entry.run) ?? newRun(index)
      sessions.set(id, { run: entry.run, decisions, effects: new Map(), owed: new Map(), ...NUMBERS })
      count.sessions++
    }
    const session = sessions.get(id)
    if (session && kind === 'operation.intent') intend(index, entry, session)
    if (session && kind === 'operation.outcome') settle(index, entry, session)
    if (session && kind === 'gap') excuse(index, entry, session)
    if (kind === 'session.close') {
      for (const [n, at] of session?.owed ?? []) bad(at, `has operation ${n}, which has no outcome`)
      kept -= session ? session.owed.size + session.effects.size : 0
      finish(id, session ?? NUMBERS, 'operations')
      sessions.delete(id)
    }
  }

  function intend(index: number, entry: Fields, session: Session): void {
    const { decisions, effects, owed } = session
    kept -= owed.size + effects.size
    for (const [decision, effect] of rowsOf(entry.decisions)) {
      if (isCount(decision) && isText(effect) && Object.hasOwn(decisions, effect)) effects.set(decision, effect)
    }
    for (const [n, , decision] of rowsOf(entry.ops)) {
      const effect = effects.get(decision)
      if (!isCount(n) || !reach(session, n, index)) bad(index, `has operation ${n} where ${session.next} belongs`)
      else if (effect === undefined) bad(index, `has operation ${n} with a decision that was not said`)
      else {
        owed.set(n, index)
        decisions[effect] = (decisions[effect] ?? 0) + 1
        count.operations++
      }
    }
    kept += owed.size + effects.size
  }

  function settle(index: number, entry: Fields, { owed }: Session): void {
    for (const [n] of rowsOf(entry.outcomes)) {
      if (owed.delete(n as number)) kept--
      else bad(index, `has an outcome of operation ${n}, which has no open intent`)
    }
  }

  /** Operations that were refused, as their intents could not be written: they owe neither intent nor outcome. */
  function excuse(index: number, { first, last }: Fields, session: Session): void {
    if (!isCount(first) || !isCount(last) || last < first) return void bad(index, 'is a gap of no operations')
    const open = [...session.owed.keys()].filter((n) => first <= n && n <= last)
    for (const n of open) session.owed.delete(n)
    kept -= open.length
    session.missing -= Math.max(0, Math.min(last + 1, session.next) - first) - open.length
    if (session.missing < 0) bad(index, `excuses operations from ${first} to ${last}, of which some have ended`)
    if (last >= session.next && reach(session, Math.max(first, session.next), index)) session.next = last + 1
  }

  function inRun(index: number, kind: string, id: string, entry: Fields): void {
    const run = runs.get(id)
    checkLife(index, id, kind === 'run.start', run !== undefined, hasRuns)
    if (kind === 'run.start') runs.set(id, newRun(index))
    if (kind === 'run.end') {
      const { first, last, decisions } = run ?? entry
      const isRight = Object.entries(fieldsOf(decisions)).every(([effect, sum]) => fieldsOf(entry.decisions)[effect] === sum)
      if (first !== entry.first || last !== entry.last || !isRight) {
        bad(index, `does not say what its run has: ${JSON.stringify({ first, last, decisions })}`)
      }
      finish(id, NUMBERS, '')
      runs.delete(id)
    }
    if (run) run.last = index
  }

  return {
    /** Entries in order. @throws Unusable where more is open at once than can be kept */
    see(index: number, entry: Fields): void {
      const { id, at, kind, run, session, entries } = entry
      const [, bootId, counter] = (isText(id) && ID.exec(id)) || []
      if (bootId === undefined || !isText(at) || !AT.test(at) || !isText(kind)) return void bad(index, 'has no id, time or kind')
      follow(index, bootId, Number(counter), at)
      // The runs of the origin before go on.
      if (index === 0 && kind === 'log.continued') isWhole = false
      if (kind === 'erased') count.erased++
      if (kind === 'gap') count.gaps++
      // After a disk was full: so many entries were not written. It may stand before or behind the hole.
      if (kind === 'gap' && isCount(entries)) boot.missing -= entries
      if (ABOUT.test(kind)) return
      const of = run ?? (isText(session) ? sessions.get(session)?.run : undefined)
      if (isId(session) && INSIDE.test(kind)) inSession(index, kind, session, entry)
      if (isId(of)) inRun(index, kind, of, entry)
      if (runs.size + sessions.size + kept > MOST) refuse(`more than ${MOST} runs, sessions and operations are open at once`)
    },
    /** After the last entry. @throws Failure */
    end(): string {
      finish(boot.id, boot, 'entries')
      if (first) fail(`entry ${first.index} ${first.why}`, first.index)
      const open = `${sessions.size} sessions still open`
      return `${count.boots} boots, ${count.sessions} sessions, ${count.operations} operations, ${open}; ${count.gaps} gaps and ${count.erased} erasures are told of`
    },
  }
}

/** Comes to a number, which may leave out some. @returns false where it is behind already */
function reach(numbers: Numbers, n: number, index: number): boolean {
  if (n < numbers.next) return false
  if (n > numbers.next && numbers.missing <= 0) numbers.hole = index
  numbers.missing += n - numbers.next
  numbers.next = n + 1
  return true
}

const newRun = (index: number): Run => ({ first: index, last: index, decisions: { allow: 0, ask: 0, deny: 0 } })
const rowsOf = (rows: unknown) => listOf(rows).map(listOf)
const isId = (id: unknown): id is string => isText(id) && id.length <= 128
