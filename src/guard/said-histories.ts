import { hash } from 'node:crypto'
import type { History, RunId, Statement } from '../operations/index.ts'
import { type HistoryItem, type HistoryRow, type LinkReference, writeHistory } from '../trail/index.ts'
import type { Histories, KnownLink, RunHistories } from './run-histories.ts'

/** A request as it is recorded: what is only its own, and what its run said before or says with it for the first time. */
export interface SaidRequest {
  /** Without the parts of its histories. */
  readonly head: Uint8Array
  /** Where they belong. */
  readonly rows: readonly HistoryRow[]
  /** New links, by the number of the first. */
  readonly brought: readonly { readonly first: number; readonly content: Uint8Array }[]
}

const NO_ROWS: readonly HistoryRow[] = Object.freeze([])
const NOTHING_NEW: SaidRequest['brought'] = Object.freeze([])

/** Records the parts that requests repeat once per run, for one session of it. */
export class SaidHistories {
  readonly #session: string
  readonly #run: RunId
  readonly #histories: Histories
  #last = 0

  /** @param session its id. @param run its run's */
  constructor(session: string, run: RunId, histories: Histories) {
    this.#session = session
    this.#run = run
    this.#histories = histories
  }

  /**
   * @param statement its number in the session
   * @param redact called with each part that is recorded now, and the number of the first link of its payload
   */
  say(
    statement: number,
    { text, recorded = text, histories = [] }: Statement,
    redact: (part: Uint8Array, first: number) => Uint8Array,
  ): SaidRequest {
    if (histories.length === 0) return { head: recorded, rows: NO_ROWS, brought: NOTHING_NEW }
    const kept: Uint8Array[] = []
    const rows: HistoryRow[] = []
    const brought: SaidRequest['brought'][number][] = []
    const known = this.#histories.of(this.#run)
    let [from, at] = [0, 0]
    for (const history of histories) {
      const end = history.ends.at(-1)
      if (end === undefined) continue
      const chain = this.#chain(known, recorded, history, redact)
      if (chain.brought) brought.push(chain.brought)
      kept.push(recorded.subarray(from, history.from))
      at += history.from - from
      from = end
      const { session, link } = chain.end
      rows.push(session === this.#session ? [statement, at, link] : [statement, at, link, session])
    }
    kept.push(recorded.subarray(from))
    return { head: Buffer.concat(kept), rows, brought }
  }

  /** After an entry that said some for the first time was not written: they are said again. */
  forget(): void {
    this.#histories.forget(this.#run)
  }

  #chain(runs: RunHistories, recorded: Uint8Array, { from, ends }: History, redact: (part: Uint8Array, first: number) => Uint8Array) {
    const first = this.#last + 1
    const items: HistoryItem[] = []
    let after: LinkReference | undefined
    let before: KnownLink | undefined
    let start = from
    for (const end of ends) {
      const part = recorded.subarray(start, end)
      start = end
      // The bytes of each part are looked at this once; what comes before it is told by the link.
      const digest = hash('sha256', part, 'binary')
      const known = this.#last < first ? runs.link(before, digest) : undefined
      if (known) {
        before = known
        continue
      }
      if (this.#last < first) after = before
      const link = { session: this.#session, link: ++this.#last }
      const same = runs.part(digest)
      if (same === undefined) items.push({ part: redact(part, first) })
      else if (!goesOn(items, same)) items.push({ same, count: 1 })
      before = runs.add(before, digest, link, same === undefined)
    }
    const brought = items.length === 0 ? undefined : { first, content: writeHistory({ after, items }) }
    return { end: before as KnownLink, brought }
  }
}

/** Whether the part is the one behind those of the last item, which then has it too. */
function goesOn(items: HistoryItem[], { session, link }: LinkReference): boolean {
  const last = items.at(-1)
  if (last === undefined || 'part' in last || last.same.session !== session || last.same.link + last.count !== link) return false
  items[items.length - 1] = { same: last.same, count: last.count + 1 }
  return true
}
