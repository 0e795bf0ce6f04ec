import type { ExplainedEntry, ExplainedOperation } from '../../api/local/index.ts'
import { Breather } from '../../evidence/index.ts'
import type { Facts } from '../../operations/index.ts'
import type { Asker, Explanation } from '../../policy/index.ts'
import type { IntentFields, StoredEntry, Trail } from '../../trail/index.ts'
import { type Known, PastJudge, type Referred, unrecordedOf } from './judge-past.ts'
import { OpenedEntries } from './opened-entries.ts'
import { PastAskers } from './past-askers.ts'
import { PastHistories } from './past-histories.ts'
import { PastPolicies, type PastPolicy, type PolicyInForce } from './past-policies.ts'
import { isFollowed, type PastSession, PastSessions } from './past-sessions.ts'
import { type Unsure, unsureReasons } from './unsure.ts'

export interface Explaining {
  readonly candidate: PastPolicy
  readonly inForce: PolicyInForce
}

/**
 * What was decided of each operation of an entry and what every rule of then said of it, and what every rule of a candidate says.
 *
 * @param entry an `operation.intent`
 * @throws TrailError; what the signal aborts with
 */
export async function explainEntry(
  trail: Pick<Trail, 'read'>,
  entry: StoredEntry,
  { candidate, inForce }: Explaining,
  signal: AbortSignal,
): Promise<ExplainedEntry> {
  const { session: id, ops, breakGlass } = entry.fields as unknown as IntentFields
  const opened = new OpenedEntries(trail)
  const askers = new PastAskers(opened)
  const policies = new PastPolicies(inForce)
  const histories = new PastHistories(opened)
  const judge = new PastJudge(opened, askers, policies, candidate, histories)
  const session = await sessionAt(trail, entry, id, { policies, histories }, signal)
  const who = session && askers.of(session)
  const at = Date.parse(entry.at)
  const operations: ExplainedOperation[] = []
  for (const [operation, statement, decision, form = 'bind'] of ops) {
    const explained = session
      ? await explain(judge, candidate, session, { statement, decision, form, at })
      : { unsure: told({ unsure: 'session' }), besides: false }
    // Of what the rules permit it says nothing.
    const isUnder = breakGlass !== undefined && explained.decided?.effect !== 'allow'
    operations.push({ operation, form, ...explained, ...(isUnder && { breakGlass }) })
  }
  return {
    ...{ entry: entry.index, at: entry.at, session: id, operations },
    ...(session && { run: session.runId, resource: session.resource }),
    ...(who && 'principal' in who && { who: { ...who.principal, groups: [...who.principal.groups] } }),
  }
}

/** What is known of a session where one of its entries stands: the log is read up to there. */
async function sessionAt(
  trail: Pick<Trail, 'read'>,
  entry: StoredEntry,
  id: string,
  { policies, histories }: { readonly policies: PastPolicies; readonly histories: PastHistories },
  signal: AbortSignal,
) {
  const sessions = new PastSessions(histories)
  const breather = new Breather()
  for await (const before of trail.read({ signal })) {
    if (before.index > entry.index) break
    await breather.breathe()
    if (!isFollowed(before)) continue
    // Of operations, only those of this session, and what others of its run may have said before it.
    if (before.kind === 'operation.intent' && before.fields.session !== id && !bringsLinks(before)) continue
    policies.see(before)
    sessions.see(before, policies.current)
  }
  signal.throwIfAborted()
  return sessions.of(id)
}

function bringsLinks({ bytes }: StoredEntry): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"history.')
}

type Explained = Omit<ExplainedOperation, 'operation' | 'form' | 'breakGlass'>

async function explain(judge: PastJudge, candidate: PastPolicy, session: PastSession, operation: Referred): Promise<Explained> {
  const text = await judge.text(session, operation.statement)
  const said = session.decisions.get(operation.decision)
  const recorded = {
    ...(text && { statement: text.toString() }),
    ...(said && { decided: { effect: said.effect, rules: [...said.rules], policy: said.policy } }),
  }
  const known = await judge.known(session, operation)
  if ('unsure' in known) return { ...recorded, unsure: told(known), besides: false }
  const { facts, past, who } = known
  const judged = await judge.judge(session, operation)
  const asker = judge.asker(session, who)
  // Where the text is gone, or something was taken out, its size is not known: rules that ask for it are told apart by the judgement.
  const statement = { text: text ?? new Uint8Array() }
  const asked = { statement, ...(facts && { facts }) }
  const because = 'unsure' in judged ? undefined : judged.after.because
  return {
    ...recorded,
    ...(facts && { facts: factsOf(facts) }),
    ...(past && { before: explanationOf(past.policy.explain(past.asker, asked, operation.at)) }),
    ...afterOf(candidate, asker, known, asked, operation.at),
    ...('unsure' in judged && { unsure: told(judged) }),
    ...(because && { because }),
    besides: !('unsure' in judged) && judged.besides,
  }
}

/** Every rule of the candidate; nothing where one of them asks for what was not recorded. */
function afterOf(
  { policy }: PastPolicy,
  asker: Asker | undefined,
  { who, facts, past }: Known,
  asked: Parameters<PastPolicy['policy']['explain']>[1],
  at: number,
): Pick<Explained, 'after'> {
  if (asker === undefined) return {}
  const unrecorded = unrecordedOf(who, facts, past?.policy)
  const judged = policy.rejudge(asker, { facts, bytes: asked.statement.text.byteLength, unrecorded }, at)
  return 'needs' in judged ? {} : { after: explanationOf(policy.explain(asker, asked, at)) }
}

function told({ unsure: reason, needs }: Unsure): NonNullable<ExplainedOperation['unsure']> {
  return { reason, why: unsureReasons[reason], ...(needs && { needs: [...needs] }) }
}

function factsOf(facts: Facts): NonNullable<ExplainedOperation['facts']> {
  return JSON.parse(JSON.stringify(facts))
}

function explanationOf({ decision, rules, unpermitted }: Explanation): NonNullable<ExplainedOperation['after']> {
  return {
    decision: { ...decision, rules: [...decision.rules] },
    rules: rules.map(({ misses, permits, ...rule }) => ({ ...rule, misses: [...misses], permits: [...permits] })),
    unpermitted: [...unpermitted],
  }
}
