import type { MaskedRow } from '../trail/index.ts'

/** Pairs of mask and column that are told apart for one operation; an entry has an end. */
const TOLD_APART = 16
/** Characters of a name that are said. */
const LONGEST_NAME = 256

/** What was masked for one operation, without values. */
export class MaskedCounts {
  readonly #rows = new Map<string, { readonly mask: string; readonly what: string; count: number }>()

  add(mask: string, what: string, count: number): void {
    if (count <= 0) return
    const key = JSON.stringify([mask, what])
    const row = this.#rows.get(key)
    if (row) row.count += count
    else if (this.#rows.size < TOLD_APART) this.#rows.set(key, { mask: said(mask), what: said(what), count })
    else this.#others(count)
  }

  /** Of what has no room any more, only how often. */
  #others(count: number): void {
    const others = this.#rows.get('')
    if (others) others.count += count
    else this.#rows.set('', { mask: '', what: '', count })
  }

  /** @param n of the operation */
  rows(n: number): readonly MaskedRow[] {
    return [...this.#rows.values()].map(({ mask, what, count }): MaskedRow => [n, mask, what, count])
  }
}

function said(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}…`
}
