import { HISTORY, type HistoryItem, type HistoryPayload, type LinkReference, readHistory, type StoredEntry } from '../../trail/index.ts'
import type { OpenedEntries } from './opened-entries.ts'

/** A request as it was recorded. */
export interface PastRequest {
  /** All of it; where something is gone, a mark stands in its place. */
  readonly text: Buffer
  /** Bytes that are of this request alone, and of parts that were said with it for the first time. */
  readonly own: number
  /** Sessions that brought what is gone. */
  readonly gone: readonly string[]
}

/** Parts of one request, and payloads on the way to them: no request has as many. */
const MOST_STEPS = 1_000_000

/** Puts requests together again whose run said parts of them before, perhaps in another of its sessions. */
export class PastHistories {
  readonly #opened: OpenedEntries
  readonly #find: (session: string) => Promise<readonly StoredEntry[]>
  /** Entries that brought links, by session: the first link of each payload, ascending, and the entry. */
  readonly #places = new Map<string, [first: number, index: number][]>()
  readonly #looked = new Set<string>()

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
   * @param index of the entry that said the statement first
   * @returns undefined where what is its own is gone. @throws TrailError where a payload is not what its entry commits to
   */
  async request(session: string, statement: number, index: number): Promise<PastRequest | undefined> {
    const head = (await this.#opened.at(index)).get(`statement.${statement}`)
    if (head === undefined) return undefined
    const pieces: Uint8Array[] = []
    const gone = new Set<string>()
    let from = 0
    let own = head.byteLength
    for (const [of, at, link, its = session] of await this.#opened.histories(index)) {
      if (of !== statement) continue
      pieces.push(head.subarray(from, at))
      from = at
      const chain = await this.#chain({ session: its, link }, index)
      own += chain.own
      for (const each of chain.gone) gone.add(each)
      for (const part of chain.parts) pieces.push(part)
    }
    pieces.push(head.subarray(from))
    return { text: Buffer.concat(pieces), own, gone: [...gone] }
  }

  /** @param here bytes that this entry brought are counted */
  async #chain(end: LinkReference, here: number) {
    const stretches: Uint8Array[][] = []
    const gone = new Set<string>()
    let own = 0
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
        for (let each = 0; each < ('part' in item ? 1 : item.count); each++) {
          if (++steps > MOST_STEPS) break
          const brought = 'part' in item ? item.part : await this.#part({ session: item.same.session, link: item.same.link + each })
          if (brought === undefined && 'same' in item) gone.add(item.same.session)
          if ('part' in item && found.index === here) own += item.part.byteLength
          parts.push(brought ?? mark(link))
        }
      }
      stretches.push(parts)
      link = found.payload.after
    }
    return { parts: stretches.reverse().flat(), own, gone }
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
    const links = payload.items.reduce((sum, item) => sum + ('part' in item ? 1 : item.count), 0)
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
    const count = 'part' in item ? 1 : item.count
    taken.push('part' in item || count <= left ? item : { ...item, count: left })
    left -= count
  }
  return taken
}

function mark({ session, link }: LinkReference): Buffer {
  return Buffer.from(`«gone: what ${session} said as ${link}»`)
}
