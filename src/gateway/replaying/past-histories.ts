import { HISTORY, type HistoryItem, type HistoryPayload, type LinkReference, readHistory, type StoredEntry } from '../../trail/index.ts'
import type { OpenedEntries } from './opened-entries.ts'
import { Window } from './window.ts'

/** A request as it was recorded. */
export interface PastRequest {
  /** Where something is gone, a mark stands in its place. */
  readonly text: Buffer
  /** Sessions that brought what is gone. */
  readonly gone: readonly string[]
}

/** What a chain comes to. */
interface Summary {
  readonly parts: number
  readonly gone: ReadonlySet<string>
}

/** Parts of one request, and payloads on the way to them: no request has as many. */
const MOST_STEPS = 1_000_000
/** Chains whose sum is remembered. */
const KEPT_SUMMARIES = 16_384
const NOTHING: Summary = { parts: 0, gone: new Set() }

/** Puts requests together again whose run said parts of them before, perhaps in another of its sessions. */
export class PastHistories {
  readonly #opened: OpenedEntries
  readonly #find: (session: string) => Promise<readonly StoredEntry[]>
  /** Entries that brought links, by session: the first link of each payload, ascending, and the entry. */
  readonly #places = new Map<string, [first: number, index: number][]>()
  readonly #looked = new Set<string>()
  readonly #summaries = new Window<Summary, string>(KEPT_SUMMARIES)

  /** @param find the entries that brought links of a session of which none was seen; in order */
  constructor(opened: OpenedEntries, find: (session: string) => Promise<readonly StoredEntry[]> = async () => []) {
    this.#opened = opened
    this.#find = find
  }

  /** Must see the intents of a session in order. @returns whether it brought links */
  see({ index, fields, commitments }: Pick<StoredEntry, 'index' | 'fields' | 'commitments'>): boolean {
    const firsts = Object.keys(commitments).flatMap((name) => HISTORY.exec(name)?.[1] ?? [])
    if (firsts.length === 0) return false
    const session = String(fields.session)
    const places = this.#places.get(session) ?? []
    this.#places.set(session, places)
    for (const first of firsts.map(Number).sort((a, b) => a - b)) {
      if (first > (places.at(-1)?.[0] ?? 0)) places.push([first, index])
    }
    return true
  }

  /** Nothing that is asked for later refers to it. */
  forget(session: string): void {
    this.#places.delete(session)
  }

  /**
   * All of it.
   * @param index of the entry that said the statement first
   * @returns undefined where what is its own is gone. @throws TrailError where a payload is not what its entry commits to
   */
  async request(session: string, statement: number, index: number): Promise<PastRequest | undefined> {
    return this.#request(session, statement, index, (end) => this.#chain(end))
  }

  /** What is new in it: where something stands that was said before, it says how many parts that are. As `request` besides. */
  async news(session: string, statement: number, index: number): Promise<PastRequest | undefined> {
    return this.#request(session, statement, index, (end) => this.#end(end, index))
  }

  async #request(
    session: string,
    statement: number,
    index: number,
    partsOf: (end: LinkReference) => Promise<{ readonly parts: readonly Uint8Array[]; readonly gone: ReadonlySet<string> }>,
  ): Promise<PastRequest | undefined> {
    const head = (await this.#opened.at(index)).get(`statement.${statement}`)
    if (head === undefined) return undefined
    const pieces: Uint8Array[] = []
    const gone = new Set<string>()
    let from = 0
    for (const [of, at, link, its = session] of await this.#opened.histories(index)) {
      if (of !== statement) continue
      pieces.push(head.subarray(from, at))
      from = at
      const chain = await partsOf({ session: its, link })
      for (const each of chain.gone) gone.add(each)
      for (const part of chain.parts) pieces.push(part)
    }
    pieces.push(head.subarray(from))
    return { text: Buffer.concat(pieces), gone: [...gone] }
  }

  /** The parts that an entry brought, and a word about those before. */
  async #end(end: LinkReference, index: number) {
    const { gone, parts: all } = await this.#summary(end)
    const found = await this.#bringing(end)
    const items = found?.index === index ? upTo(found.payload.items, end.link - found.first + 1) : []
    const parts: Uint8Array[] = []
    let said = all - items.reduce((sum, item) => sum + linksOf(item), 0)
    const before = () => {
      if (said > 0) parts.push(Buffer.from(`«${said} ${said === 1 ? 'part' : 'parts'} as before»`))
      said = 0
    }
    for (const item of items) {
      if ('part' in item) {
        before()
        parts.push(item.part)
      } else said += item.count
    }
    before()
    return { parts, gone }
  }

  /** How many parts a chain has, and who brought what of it is gone. */
  async #summary(end: LinkReference): Promise<Summary> {
    const way: { readonly key: string; readonly parts: number; readonly gone: readonly string[] }[] = []
    let sum = NOTHING
    for (let link: LinkReference | undefined = end; link !== undefined && way.length < MOST_STEPS; ) {
      const key = `${link.session} ${link.link}`
      const known = this.#summaries.get(key)
      if (known) {
        sum = known
        break
      }
      const found = await this.#bringing(link)
      if (found === undefined) {
        way.push({ key, parts: 1, gone: [link.session] })
        break
      }
      const same = found.payload.items.flatMap((item) => ('part' in item ? [] : [item.same]))
      const missing: string[] = []
      for (const each of same) if ((await this.#part(each)) === undefined) missing.push(each.session)
      way.push({ key, parts: link.link - found.first + 1, gone: missing })
      link = found.payload.after
    }
    for (const { key, parts, gone } of way.reverse()) {
      sum = { parts: sum.parts + parts, gone: gone.length === 0 ? sum.gone : new Set([...sum.gone, ...gone]) }
      this.#summaries.set(key, sum)
    }
    return sum
  }

  async #chain(end: LinkReference) {
    const stretches: Uint8Array[][] = []
    const gone = new Set<string>()
    let steps = 0
    for (let link: LinkReference | undefined = end; link !== undefined; ) {
      const found = await this.#bringing(link)
      if (found === undefined || ++steps > MOST_STEPS) {
        gone.add(link.session)
        stretches.push([mark(link)])
        break
      }
      const parts: Uint8Array[] = []
      for (const item of upTo(found.payload.items, link.link - found.first + 1)) {
        for (let each = 0; each < linksOf(item); each++) {
          if (++steps > MOST_STEPS) break
          const brought = 'part' in item ? item.part : await this.#part({ session: item.same.session, link: item.same.link + each })
          if (brought === undefined && 'same' in item) gone.add(item.same.session)
          parts.push(brought ?? mark(link))
        }
      }
      stretches.push(parts)
      link = found.payload.after
    }
    return { parts: stretches.reverse().flat(), gone }
  }

  /** The part that a link brought itself. */
  async #part(link: LinkReference): Promise<Uint8Array | undefined> {
    const found = await this.#bringing(link)
    const item = found && upTo(found.payload.items, link.link - found.first + 1).at(-1)
    return item && 'part' in item ? item.part : undefined
  }

  async #bringing({ session, link }: LinkReference): Promise<{ first: number; index: number; payload: HistoryPayload } | undefined> {
    const [first, index] = await this.#place(session, link)
    if (first === undefined || index === undefined) return undefined
    const content = (await this.#opened.at(index)).get(`history.${first}`)
    const payload = content && readHistory(content)
    if (payload === undefined) return undefined
    const links = payload.items.reduce((sum, item) => sum + linksOf(item), 0)
    return link < first + links ? { first, index, payload } : undefined
  }

  async #place(session: string, link: number): Promise<readonly [first: number, index: number] | readonly []> {
    const known = last(this.#places.get(session) ?? [], link)
    if (known !== undefined || this.#looked.has(session)) return known ?? []
    this.#looked.add(session)
    for (const entry of await this.#find(session)) this.see(entry)
    return last(this.#places.get(session) ?? [], link) ?? []
  }
}

/** The last place that is not behind the link. */
function last(places: readonly (readonly [first: number, index: number])[], link: number): readonly [number, number] | undefined {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle]?.[0] ?? 0) <= link) low = middle + 1
    else high = middle
  }
  return places[low - 1]
}

/** The items of so many links; of the last one perhaps not all that it has. */
function upTo(items: readonly HistoryItem[], links: number): readonly HistoryItem[] {
  const taken: HistoryItem[] = []
  let left = links
  for (const item of items) {
    if (left <= 0) break
    const count = linksOf(item)
    taken.push('part' in item || count <= left ? item : { ...item, count: left })
    left -= count
  }
  return taken
}

function linksOf(item: HistoryItem): number {
  return 'part' in item ? 1 : item.count
}

function mark({ session, link }: LinkReference): Buffer {
  return Buffer.from(`«gone: what ${session} said as ${link}»`)
}
