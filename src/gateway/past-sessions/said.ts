import type { PastAbout, PastOperation, PastOutcome } from '../../api/local/index.ts'
import type { DecisionRow, EntryFields, IntentFields, OutcomeFields, StoredEntry, Trail, UsageRow } from '../../trail/index.ts'
import { OpenedEntries, PastHistories, type PastRequest } from '../replaying/index.ts'
import { aboutIn } from './about-in.ts'
import { claimsIn } from './claims-in.ts'

/** Of a text that was said before, so much is said again; characters. */
const BEGINS = 1024
/** Decisions and texts that a session of the guard refers to at most before it begins anew (guard/decision-references.ts). */
const REMEMBERED = 4_096

/** What stands beside entries, for as many sessions as are read together. */
export class OpenedPast {
  readonly opened: OpenedEntries
  readonly histories: PastHistories

  /** @param brought the entries of other sessions of the run that brought what is referred to */
  constructor(trail: Pick<Trail, 'read'>, brought: ConstructorParameters<typeof PastHistories>[1]) {
    this.opened = new OpenedEntries(trail)
    this.histories = new PastHistories(this.opened, brought)
  }
}

/** What became of operations. */
export function* outcomes({ fields, index, at }: StoredEntry): Generator<{ outcome: PastOutcome }> {
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
export class Said {
  readonly #past: OpenedPast
  readonly #tellsAbout: boolean
  /** The entry that said a text, and a decision, by its number. */
  readonly #texts = new Map<number, number>()
  readonly #decisions = new Map<number, DecisionRow>()
  /** The entry that said a set of claims, by its number. */
  readonly #claims = new Map<number, number>()
  /** The same of facts. */
  readonly #facts = new Map<number, number>()

  /** @param tellsAbout whether facts are opened, to say what operations are about */
  constructor(past: OpenedPast, tellsAbout = false) {
    this.#past = past
    this.#tellsAbout = tellsAbout
  }

  async *operations(entry: StoredEntry): AsyncGenerator<{ operation: PastOperation }> {
    const { index, at, commitments } = entry
    const { ops, decisions = [], retries = [], claims = [], approval, breakGlass } = entry.fields as EntryFields as unknown as IntentFields
    for (const row of decisions) remember(this.#decisions, row[0], row)
    const { opened, histories } = this.#past
    opened.isAt(entry)
    histories.see(entry)
    for (const [n, statement, decision, form = 'bind'] of ops) {
      const isFirst = `statement.${statement}` in commitments
      if (isFirst) remember(this.#texts, statement, index)
      const said = await this.#said(String(entry.fields.session), statement)
      const text = said?.text.toString()
      const [, effect, rules, policy] = this.#decisions.get(decision) ?? []
      const claimed = await this.#claimed(claims.find(([by]) => by === n)?.[1], entry)
      const about = this.#tellsAbout ? await this.#about(decision, entry) : undefined
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
          ...(about && { about }),
        },
      }
    }
  }

  async #claimed(number: number | undefined, entry: StoredEntry): Promise<Record<string, string> | undefined> {
    const content = await this.#content('claims', this.#claims, number, entry)
    return content && claimsIn(content)
  }

  /** What was decided on; undefined where that is gone, or nothing is known of it. */
  async #about(decision: number, entry: StoredEntry): Promise<PastAbout | undefined> {
    const content = await this.#content('facts', this.#facts, this.#decisions.get(decision)?.[4], entry)
    return content && aboutIn(content)
  }

  /** @param entry the one that is read */
  async #content(what: string, known: Map<number, number>, number: number | undefined, { index, commitments }: StoredEntry) {
    if (number === undefined) return undefined
    const name = `${what}.${number}`
    if (name in commitments) remember(known, number, index)
    const at = known.get(number)
    return at === undefined ? undefined : (await this.#past.opened.at(at)).get(name)
  }

  async #said(session: string, statement: number): Promise<PastRequest | undefined> {
    const at = this.#texts.get(statement)
    return at === undefined ? undefined : this.#past.histories.news(session, statement, at)
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
