/*
 * Requests of one run repeat what they said before, and each time a little more: the messages of a conversation. The trail says each such part once per
 * run. Parts stand in chains: a *link* says that a part follows a chain, which another link ends. Links are numbered per session.
 *
 * A payload `history.<n>` brings links n, n+1, … of its session, each behind the one before it. Its text, in lines:
 *   after <session> <link>             the chain that the first of them follows; absent: they begin one
 *   part <bytes>                       a link, and its part: so many bytes on the following line, and a line feed
 *   same <session> <link> <count>      so many links, whose parts are those of the links from that one on, which brought them as `part`
 * An intent's field `histories` says at which byte of `statement.<statement>` which chain belongs: `[statement, at, link]`, with the session behind it
 * where the link is of another one.
 */

/** Where a chain belongs in what was recorded of a request: `[statement, at (bytes), link]`, with the link's session where that is another one. */
export type HistoryRow =
  | readonly [statement: number, at: number, link: number]
  | readonly [statement: number, at: number, link: number, session: string]

/** One link, by its session and its number there. */
export interface LinkReference {
  readonly session: string
  readonly link: number
}

/** Links that one payload brings: one with its part, or several whose parts other links brought, one after the other from `same` on. */
export type HistoryItem = { readonly part: Uint8Array } | { readonly same: LinkReference; readonly count: number }

export interface HistoryPayload {
  readonly after: LinkReference | undefined
  readonly items: readonly HistoryItem[]
}

/** `history.<first link>` */
export const HISTORY = /^history\.(\d{1,15})$/

const NEWLINE = 0x0a
/** `same`, an id, two numbers of 15 digits: longer lines are none. */
const LONGEST_LINE = 128
const AFTER = /^after (ses_[a-z0-9]{1,64}) (\d{1,15})$/
const PART = /^part (\d{1,15})$/
const SAME = /^same (ses_[a-z0-9]{1,64}) (\d{1,15}) (\d{1,15})$/

export function writeHistory({ after, items }: HistoryPayload): Buffer {
  const pieces: Uint8Array[] = after ? [Buffer.from(`after ${after.session} ${after.link}\n`)] : []
  for (const item of items) {
    if ('part' in item) pieces.push(Buffer.from(`part ${item.part.byteLength}\n`), item.part, Buffer.of(NEWLINE))
    else pieces.push(Buffer.from(`same ${item.same.session} ${item.same.link} ${item.count}\n`))
  }
  return Buffer.concat(pieces)
}

/** @returns the parts as views into it; undefined where this version does not write it so */
export function readHistory(content: Uint8Array): HistoryPayload | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const items: HistoryItem[] = []
  let after: LinkReference | undefined
  for (let at = 0; at < bytes.byteLength; ) {
    const end = bytes.subarray(at, at + LONGEST_LINE).indexOf(NEWLINE)
    if (end === -1) return undefined
    const line = bytes.toString('latin1', at, at + end)
    const first = at === 0
    at += end + 1
    const [, length] = PART.exec(line) ?? []
    if (length !== undefined) {
      const behind = at + Number(length)
      if (bytes[behind] !== NEWLINE) return undefined
      items.push({ part: bytes.subarray(at, behind) })
      at = behind + 1
      continue
    }
    const [, session, link, count] = SAME.exec(line) ?? []
    const [, before, its] = first ? (AFTER.exec(line) ?? []) : []
    if (session !== undefined) items.push({ same: { session, link: Number(link) }, count: Number(count) })
    else if (before !== undefined) after = { session: before, link: Number(its) }
    else return undefined
  }
  return { after, items }
}
