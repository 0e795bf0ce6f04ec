import { type Found, markOf, type Redacted, type SecretKind, sumOf } from './redacted.ts'

interface Span {
  readonly start: number
  readonly end: number
  readonly by: Uint8Array
  readonly found: readonly Found[]
}

/** A text of nothing but short secrets would grow by its marks. Bytes. */
const ROOM_TO_GROW = 64 * 1024

/** Places of one text and what comes in their place. They may be added in any order and overlap: then the larger one swallows the other. */
export class Spans {
  readonly #spans: Span[] = []

  get empty(): boolean {
    return this.#spans.length === 0
  }

  add(start: number, end: number, kind: SecretKind): void {
    if (start < end) this.#spans.push({ start, end, by: markOf(kind), found: [{ kind, count: 1 }] })
  }

  /** In place of a literal comes the literal with some of it redacted, or a mark that is not as plain as `add` makes it. */
  replace(start: number, end: number, by: Uint8Array, found: readonly Found[]): void {
    if (start < end) this.#spans.push({ start, end, by, found })
  }

  /** Takes over what was found in a part of the text that begins at `offset`. */
  take(part: Spans, offset: number, keep: (start: number) => boolean = () => true): void {
    for (const { start, end, by, found } of part.#spans) {
      if (keep(start + offset)) this.#spans.push({ start: start + offset, end: end + offset, by, found })
    }
  }

  /** @returns undefined where the marks would make more of it than is reasonable */
  applyTo(bytes: Uint8Array): Pick<Redacted, 'content' | 'found'> | undefined {
    const kept = apart(this.#spans, (first, second) => ({ ...first, end: second.end, found: sumOf([first.found, second.found]) }))
    const parts: Uint8Array[] = []
    let length = 0
    let at = 0
    for (const { start, end, by } of kept) {
      parts.push(bytes.subarray(at, start), by)
      length += start - at + by.length
      at = end
    }
    parts.push(bytes.subarray(at))
    length += bytes.length - at
    if (length > 2 * bytes.length + ROOM_TO_GROW) return undefined
    return { content: Buffer.concat(parts, length), found: sumOf(kept.map((span) => span.found)) }
  }
}

/**
 * In order and apart. What swallows another is the one that begins first, of those the longest, of those the first that was added.
 * @param joined makes one of the two where the second goes on behind the first
 */
export function apart<Each extends { readonly start: number; readonly end: number }>(
  spans: readonly Each[],
  joined: (first: Each, second: Each) => Each,
): Each[] {
  const kept: Each[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1)
    if (last === undefined || last.end <= span.start) kept.push(span)
    else if (last.end < span.end) kept[kept.length - 1] = joined(last, span)
  }
  return kept
}
