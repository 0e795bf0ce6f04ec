import type { ReplayAsked, ReplayStep } from '../../api/local/index.ts'
import { Breather } from '../../evidence/index.ts'
import type { IntentFields, StoredEntry, Trail } from '../../trail/index.ts'
import { PastJudge } from './judge-past.ts'
import { OpenedEntries } from './opened-entries.ts'
import { PastAskers } from './past-askers.ts'
import { PastHistories } from './past-histories.ts'
import { PastPolicies, type PastPolicy, type PolicyInForce } from './past-policies.ts'
import { isFollowed, type PastSession, PastSessions } from './past-sessions.ts'
import { type Place, Tally } from './tally.ts'
import { unsure } from './unsure.ts'

/** Entries between two words about how far it is. */
const STEP = 4_096
/** Characters of a statement that an example shows. */
const HEAD = 120

/** What is replayed: entries from the first to before `end`, of which those of the time and place asked for are judged. */
export interface Replay extends Pick<ReplayAsked, 'since' | 'until' | 'resource' | 'examples'> {
  readonly candidate: PastPolicy
  readonly inForce: PolicyInForce
  readonly end: number
}

/**
 * Reads the log once, in order, and judges every operation again. What a session or a run said once is remembered while it lives, and bounded;
 * facts and texts are opened when they are needed. So memory depends on what lives at one time, not on how long the log is.
 *
 * @throws TrailError; what the signal aborts with
 */
export async function* replay(
  trail: Pick<Trail, 'read'>,
  { candidate, inForce, end, since = 0, until = Number.POSITIVE_INFINITY, resource, examples }: Replay,
  signal: AbortSignal,
): AsyncGenerator<ReplayStep> {
  const opened = new OpenedEntries(trail)
  const askers = new PastAskers(opened)
  const policies = new PastPolicies(inForce)
  const histories = new PastHistories(opened)
  const sessions = new PastSessions(histories)
  const judge = new PastJudge(opened, askers, policies, candidate, histories)
  const tally = new Tally(examples)
  const breather = new Breather()
  let first: number | undefined

  for await (const entry of trail.read({ signal })) {
    if (entry.index >= end) break
    first ??= entry.index
    if ((entry.index - first) % STEP === 0) yield { done: entry.index - first, of: end - first }
    await breather.breathe()
    if (!isFollowed(entry)) continue
    const at = Date.parse(entry.at)
    const isAsked = at >= since && at < until
    if (entry.kind === 'session.close' && isAsked) opening(entry)
    policies.see(entry)
    sessions.see(entry, policies.current)
    if (!isAsked) continue
    if (entry.kind === 'session.open') lost(entry)
    else if (entry.kind === 'operation.intent') await judged(entry, at)
  }
  signal.throwIfAborted()
  yield { report: tally.report(candidate.policy.digest, first ?? end, end) }

  async function judged(entry: StoredEntry, at: number): Promise<void> {
    const { session: id, ops } = entry.fields as unknown as IntentFields
    const session = sessions.of(id)
    if (resource !== undefined && session !== undefined && session.resource !== resource) return
    opened.isAt(entry)
    for (const [operation, statement, decision, form = 'bind'] of ops) {
      tally.operation()
      await breather.breathe()
      if (session === undefined) {
        tally.unsure(unsure('session'), entry.index)
        continue
      }
      const judged = await judge.judge(session, { statement, decision, form, at })
      if ('unsure' in judged) tally.unsure(judged, entry.index)
      else {
        const place = { ...placeOf(entry, session, judged.known.who.principal), operation }
        await tally.judged(judged, place, async () => head(await judge.text(session, statement)))
      }
    }
  }

  /** A session that would not be opened any more. What was done in it is counted too. */
  function lost(entry: StoredEntry): void {
    const session = sessions.of(String(entry.fields.session))
    if (session?.effect === 'allow' && !session.isUnderBreakGlass) compareOpening(entry, session, 'deny')
  }

  /** A session that was refused, and would be opened; the end says whether it was rules that refused it. */
  function opening(entry: StoredEntry): void {
    const session = sessions.of(String(entry.fields.session))
    if (session?.effect === 'deny' && entry.fields.reason === 'GS_POLICY_DENIED') compareOpening(session.opened, session, 'allow')
  }

  function compareOpening(entry: StoredEntry, session: PastSession, to: 'allow' | 'deny'): void {
    if (resource !== undefined && session.resource !== resource) return
    const who = askers.of(session)
    if ('unsure' in who) {
      // Of a session that was open, its operations are counted.
      if (to === 'allow') tally.unsure(who, entry.index)
      return
    }
    const asker = judge.asker(session, who)
    const opens = asker !== undefined && candidate.policy.mayOpen(asker, session.openedAt) ? 'allow' : 'deny'
    if (opens === to) tally.opening(to === 'allow' ? 'deny' : 'allow', to, placeOf(entry, session, who.principal))
  }
}

function placeOf(
  { index, at }: StoredEntry,
  { id, runId, resource }: PastSession,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
): Place {
  return { entry: index, at, run: runId, session: id, issuer, subject, resource }
}

/** How a text begins, on one line. */
function head(text: Buffer | undefined): string | undefined {
  if (text === undefined) return undefined
  const line = text
    .subarray(0, 4 * HEAD)
    .toString()
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > HEAD ? `${line.slice(0, HEAD)}…` : line
}
