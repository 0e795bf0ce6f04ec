import type { ReplayExample, ReplayReport } from '../../api/local/index.ts'
import { type Answer, isSame, type Judged } from './judge-past.ts'
import { type Unsure, unsureReasons } from './unsure.ts'

/** Changes that are told apart, and those who are told apart in each: what is recorded decides how many there are, so it must be bounded. */
const MOST_CHANGES = 1_000
const MOST_COUNTED = 1_000
const MOST_TOLD = 10

type What = ReplayReport['changes'][number]['what']

interface Change {
  readonly what: What
  readonly from: Answer
  readonly to: Answer
  count: number
  readonly who: Map<string, { readonly issuer: string; readonly subject: string; readonly resource: string; count: number }>
  readonly examples: ReplayExample[]
}

/** Whom and what a change is counted for. */
export type Place = Omit<ReplayExample, 'statement'>

/** What comes of a replay, counted. */
export class Tally {
  readonly #examples: number
  readonly #changes = new Map<string, Change>()
  readonly #unsure = new Map<string, { readonly unsure: Unsure; readonly entry: number; count: number }>()
  #operations = 0
  #same = 0
  #otherRules = 0
  #limitsUnknown = 0
  #otherChanges = 0
  #besides = 0

  /** @param examples how many are kept of each change */
  constructor(examples: number) {
    this.#examples = examples
  }

  operation(): void {
    this.#operations++
  }

  unsure(unsure: Unsure, entry: number): void {
    const key = JSON.stringify([unsure.unsure, unsure.needs])
    const known = this.#unsure.get(key)
    if (known) known.count++
    else this.#unsure.set(key, { unsure, entry, count: 1 })
  }

  /** @param statement how the text begins; asked only where it is shown */
  async judged({ before, after, besides }: Judged, place: Place, statement: () => Promise<string | undefined>): Promise<void> {
    if (besides) this.#besides++
    if (before.effect === after.effect && areSameLimits(before, after)) {
      this.#same++
      if (!isSame(before, after)) this.#otherRules++
      if (before.limits === undefined && after.effect !== 'deny') this.#limitsUnknown++
      return
    }
    const change = this.#change('operation', before, after, place)
    if (change && change.examples.length < this.#examples) {
      const text = await statement()
      change.examples.push({ ...place, ...(text !== undefined && { statement: text }) })
    }
  }

  /** That a session would be opened that was not, or the other way round. */
  opening(from: Answer['effect'], to: Answer['effect'], place: Place): void {
    const change = this.#change('opening', { effect: from, rules: [] }, { effect: to, rules: [] }, place)
    if (change && change.examples.length < this.#examples) change.examples.push(place)
  }

  #change(what: What, from: Answer, to: Answer, { issuer, subject, resource }: Place): Change | undefined {
    const key = JSON.stringify([what, from, to])
    let change = this.#changes.get(key)
    if (change === undefined) {
      if (this.#changes.size === MOST_CHANGES) {
        this.#otherChanges++
        return undefined
      }
      change = { what, from, to, count: 0, who: new Map(), examples: [] }
      this.#changes.set(key, change)
    }
    change.count++
    const person = JSON.stringify([issuer, subject, resource])
    const counted = change.who.get(person)
    if (counted) counted.count++
    else if (change.who.size < MOST_COUNTED) change.who.set(person, { issuer, subject, resource, count: 1 })
    return change
  }

  report(policy: string, first: number, end: number): ReplayReport {
    const changes = [...this.#changes.values()].sort((a, b) => b.count - a.count)
    const unsure = [...this.#unsure.values()].sort((a, b) => b.count - a.count)
    return {
      ...{ policy, first, end, operations: this.#operations, same: this.#same },
      ...{ otherRules: this.#otherRules, limitsUnknown: this.#limitsUnknown, besides: this.#besides },
      changed: changes.reduce((sum, { count }) => sum + count, this.#otherChanges),
      untold: unsure.reduce((sum, { count }) => sum + count, 0),
      changes: changes.map(({ who, from, to, ...change }) => {
        const told = [...who.values()].sort((a, b) => b.count - a.count).slice(0, MOST_TOLD)
        const others = change.count - told.reduce((sum, { count }) => sum + count, 0)
        return { ...change, from: answered(from), to: answered(to), who: told, others }
      }),
      otherChanges: this.#otherChanges,
      unsure: unsure.map(({ unsure: { unsure: reason, needs }, entry, count }) => ({
        ...{ reason, why: unsureReasons[reason], count, entry },
        ...(needs && { needs: [...needs] }),
      })),
    }
  }
}

/** Of then they may not be known: that is told apart, and is no change. */
function areSameLimits({ limits: before }: Answer, { limits: after }: Answer): boolean {
  if (before === undefined || after === undefined) return true
  return (['rows', 'bytes', 'time'] as const).every((name) => before?.[name] === after?.[name])
}

const answered = ({ rules, limits, ...answer }: Answer) => ({ ...answer, rules: [...rules], ...(limits !== undefined && { limits }) })
