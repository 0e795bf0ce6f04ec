import type { PastSpan, RunTranscriptLine } from '../../api/local/index.ts'
import { Belonging, Breather } from '../../evidence/index.ts'
import type { EntryFields, EntryValue, StoredEntry, Trail } from '../../trail/index.ts'
import { OpenedPast, outcomes, Said } from './said.ts'
import { clientOf, ending, sessionFacts } from './session-facts.ts'

export interface RunTranscriptOptions {
  readonly run: string
  /** Index of its `run.start`. */
  readonly started: number
  readonly follow: boolean
  /** The entries of sessions that brought what others refer to. */
  readonly brought?: ConstructorParameters<typeof OpenedPast>[1]
}

/** Entries that name a run and are not of what happened in it. */
const OTHERS = /^(run\.start|log\..*|hold\..*|erased|pruned|recording\..*)$/

/**
 * What happened in one run, over all its sessions, in the order of the log, up to its end. Opens payloads: whoever calls it has recorded that they
 * are read. Of sessions that are over nothing is kept, so that a run may be of any length.
 * @throws TrailError
 */
export async function* runTranscript(
  trail: Pick<Trail, 'read' | 'hasKey'>,
  { run, started, follow, brought }: RunTranscriptOptions,
  signal: AbortSignal,
): AsyncGenerator<RunTranscriptLine> {
  const belonging = new Belonging({ run })
  const past = new OpenedPast(trail, brought)
  const sessions = new Map<string, Said>()
  const breather = new Breather()
  for await (const entry of trail.read({ from: started, follow, signal })) {
    await breather.breathe()
    if (!belonging.mayHave(entry.bytes) || !belonging.has(entry.fields) || OTHERS.test(entry.kind)) continue
    const { kind, fields, index, at } = entry
    const place = { entry: index, at }
    const session = String(fields.session)
    if (kind === 'session.open') {
      sessions.set(session, new Said(past, true))
      const client = clientOf(entry)
      yield { session: { ...sessionFacts(entry, undefined, false, trail), ...(client && { client }) } }
    } else if (kind === 'operation.intent') {
      for await (const { operation } of (sessions.get(session) ?? new Said(past, true)).operations(entry))
        yield { operation: { ...operation, session } }
    } else if (kind === 'operation.outcome') {
      for (const { outcome } of outcomes(entry)) yield { outcome: { ...outcome, session } }
    } else if (kind === 'session.close') {
      sessions.delete(session)
      yield { closed: { session, ...place, ...ending(fields) } }
    } else if (kind === 'run.spans') yield { spans: { ...place, ...spansOf(entry) } }
    else if (kind === 'run.end') {
      yield { ended: { ...place, ...endOf(fields) } }
      return
    } else if (typeof fields.segment !== 'number') yield { told: { kind, ...place, fields: fields as Record<string, never> } }
  }
}

function spansOf(entry: StoredEntry) {
  const { other, dropped } = entry.fields
  const content = entry.payloads().find(({ name }) => name === 'spans')?.content
  const claimed = content && claimedIn(content)
  return { other: numberOf(other), dropped: numberOf(dropped), ...(claimed && { claimed }) }
}

/** As this version writes them. */
function claimedIn(content: Uint8Array): PastSpan[] | undefined {
  try {
    const spans: unknown = JSON.parse(Buffer.from(content).toString('utf8'))
    return Array.isArray(spans) ? (spans as PastSpan[]) : undefined
  } catch {
    return undefined
  }
}

function endOf({ state, decisions, usage }: EntryFields) {
  const { allow, ask, deny } = fieldsOf(decisions)
  const { money, ...tokens } = fieldsOf(usage)
  const used = {
    ...{ calls: numberOf(tokens.calls), inputTokens: numberOf(tokens.inputTokens), outputTokens: numberOf(tokens.outputTokens) },
    ...{ cachedTokens: numberOf(tokens.cachedTokens), money: (Array.isArray(money) ? money : []).map(moneyOf) },
  }
  return {
    ...{ state: String(state), decisions: { allow: numberOf(allow), ask: numberOf(ask), deny: numberOf(deny) } },
    ...(usage !== undefined && { usage: used }),
  }
}

function moneyOf(row: EntryValue) {
  const [micros, currency] = Array.isArray(row) ? row : []
  return { micros: numberOf(micros), currency: String(currency) }
}

const numberOf = (value: EntryValue | undefined) => (typeof value === 'number' ? value : 0)

function fieldsOf(value: EntryValue | undefined): EntryFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as EntryFields) : {}
}
