import type { PastOperation, PastOutcome, TranscriptLine } from '../../api/local/index.ts'
import { Breather } from '../../evidence/index.ts'
import { type RecordedSegment, recordedSegment } from '../../recording/index.ts'
import type { DecisionRow, EntryFields, IntentFields, OutcomeFields, StoredEntry, Trail, UsageRow } from '../../trail/index.ts'
import { OpenedEntries, PastHistories, type PastRequest } from '../replaying/index.ts'
import { claimsIn } from './claims-in.ts'
import { ending } from './session-facts.ts'

export interface TranscriptOptions {
  readonly session: string
  /** Index of its `session.open`. */
  readonly opened: number
  readonly follow: boolean
  /** Whether segments are opened. */
  readonly recording: boolean
  /** The entries of another session of its run that brought what it refers to. */
  readonly brought?: ConstructorParameters<typeof PastHistories>[1]
}

/** Of a text that was said before, so much is said again; characters. */
const BEGINS = 1024
/** Decisions and texts that a session of the guard refers to at most before it begins anew (guard/decision-references.ts). */
const REMEMBERED = 4_096
const APPROVAL = Buffer.from('"kind":"approval.')
/** Entries of a session that are shown as they are. */
const TOLD = /^(approval\..*|credential\..*|gap|session\.killed|breakglass\..*)$/

/**
 * What happened in one session, in the order of the log, up to its end. Opens payloads: whoever calls it has recorded that they are read.
 * @throws TrailError; RangeError where a segment is none
 */
export async function* transcript(
  trail: Pick<Trail, 'read'>,
  { session, opened: from, follow, recording, brought }: TranscriptOptions,
  signal: AbortSignal,
): AsyncGenerator<TranscriptLine> {
  const name = Buffer.from(`"${session}"`)
  const said = new Said(trail, brought)
  /** Requests for approval of this session: who decided names only the request. */
  const asked = new Set<string>()
  const breather = new Breather()
  for await (const entry of trail.read({ from, follow, signal })) {
    await breather.breathe()
    const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
    // Most entries are of others, and are not even parsed: an id needs no escapes in JSON.
    const isAbout = asked.size > 0 && bytes.includes(APPROVAL) && asked.has(String(entry.fields.approval))
    if (!isAbout && (!bytes.includes(name) || entry.fields.session !== session)) continue
    const { kind, fields, index, at } = entry
    if (kind === 'approval.asked' && asked.size < REMEMBERED) asked.add(String(fields.approval))
    const place = { entry: index, at }
    if (kind === 'operation.intent') yield* said.operations(entry)
    else if (kind === 'operation.outcome') yield* outcomes(entry)
    else if (kind === 'session.close') {
      yield { closed: { ...place, ...ending(fields) } }
      return
    } else if (typeof fields.segment === 'number') {
      if (recording) yield segmentLine(recordedSegment(entry, fields.segment))
    } else if (TOLD.test(kind)) yield { told: { kind, ...place, fields: fields as Record<string, never> } }
  }
}

function segmentLine({ segment, index, at, header, events, missing }: RecordedSegment): TranscriptLine {
  return {
    segment: {
      ...{ segment, entry: index, at, events: events.map((event) => [...event]) },
      ...(header && { started: header.started }),
      ...(missing && { missing }),
    },
  }
}

function* outcomes({ fields, index, at }: StoredEntry): Generator<{ outcome: PastOutcome }> {
  const { outcomes: rows, masked = [], usage = [] } = fields as unknown as OutcomeFields
  for (const [n, status, count, bytes, us, code] of rows) {
    const masks = masked.filter(([of]) => of === n).map(([, mask, what, times]): [string, string, number] => [mask, what, times])
    yield {
      outcome: {
        ...{ n, entry: index, at, status, rows: count, bytes, us },
        ...(code !== undefined && { code }),
        ...(masks.length > 0 && { masked: masks }),
        ...usageOf(usage.find(([of]) => of === n)),
      },
    }
  }
}

function usageOf(row: UsageRow | undefined): Pick<PastOutcome, 'usage'> {
  if (row === undefined) return {}
  const [, inputTokens, outputTokens, cachedTokens, micros, currency] = row
  const money = micros !== undefined && currency !== undefined && { money: { micros, currency } }
  return { usage: { inputTokens, outputTokens, cachedTokens, ...money } }
}

/** What a session said once and refers to. */
class Said {
  readonly #opened: OpenedEntries
  readonly #histories: PastHistories
  /** The entry that said a text, and a decision, by its number. */
  readonly #texts = new Map<number, number>()
  readonly #decisions = new Map<number, DecisionRow>()
  /** The entry that said a set of claims, by its number. */
  readonly #claims = new Map<number, number>()

  constructor(trail: Pick<Trail, 'read'>, brought: TranscriptOptions['brought']) {
    this.#opened = new OpenedEntries(trail)
    this.#histories = new PastHistories(this.#opened, brought)
  }

  async *operations(entry: StoredEntry): AsyncGenerator<{ operation: PastOperation }> {
    const { index, at, commitments } = entry
    const { ops, decisions = [], retries = [], claims = [], approval, breakGlass } = entry.fields as EntryFields as unknown as IntentFields
    for (const row of decisions) remember(this.#decisions, row[0], row)
    this.#opened.isAt(entry)
    this.#histories.see(entry)
    for (const [n, statement, decision, form = 'bind'] of ops) {
      const isFirst = `statement.${statement}` in commitments
      if (isFirst) remember(this.#texts, statement, index)
      const said = await this.#said(String(entry.fields.session), statement)
      const text = said?.text.toString()
      const [, effect, rules, policy] = this.#decisions.get(decision) ?? []
      const claimed = await this.#claimed(claims.find(([by]) => by === n)?.[1], entry)
      const [, session, operation] = retries.find(([again]) => again === n) ?? []
      yield {
        operation: {
          ...{ n, entry: index, at, form, statement },
          ...(text !== undefined && { text: isFirst ? text : text.slice(0, BEGINS) }),
          ...(said && said.gone.length > 0 && { gone: [...said.gone] }),
          ...(effect && { effect, rules: [...(rules ?? [])], policy: policy ?? '' }),
          ...(approval !== undefined && { approval }),
          ...(breakGlass !== undefined && { breakGlass }),
          ...(session !== undefined && operation !== undefined && { retryOf: { session, operation } }),
          ...(claimed && { claims: claimed }),
        },
      }
    }
  }

  /** @param entry the one that is read */
  async #claimed(number: number | undefined, { index, commitments }: StoredEntry): Promise<Record<string, string> | undefined> {
    if (number === undefined) return undefined
    const name = `claims.${number}`
    if (name in commitments) remember(this.#claims, number, index)
    const at = this.#claims.get(number)
    const content = at === undefined ? undefined : (await this.#opened.at(at)).get(name)
    return content && claimsIn(content)
  }

  async #said(session: string, statement: number): Promise<PastRequest | undefined> {
    const at = this.#texts.get(statement)
    return at === undefined ? undefined : this.#histories.news(session, statement, at)
  }
}

/** Forgets what was said longest ago. */
function remember<T>(known: Map<number, T>, number: number, value: T): void {
  known.delete(number)
  known.set(number, value)
  if (known.size <= REMEMBERED) return
  for (const oldest of known.keys()) {
    known.delete(oldest)
    break
  }
}
