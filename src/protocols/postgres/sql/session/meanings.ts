import type { SessionView, StatementFacts } from '../statement-facts.ts'
import type { Kept } from './kept.ts'

/** What gives texts their meaning: sessions in which a text means the same share one object. */
export interface Meaning {
  /** Of the catalog; undefined: none. */
  readonly version: string | undefined
  readonly view: SessionView
  /** Nothing was kept by it lately: it is to be asked for anew. */
  forgotten: boolean
  young: Map<string, Kept>
  old: Map<string, Kept>
  readonly key: string
}

/** Bytes that a text is charged for beside its own. */
const OVERHEAD = 600
/** Bytes of a text up to which it is kept. */
const KEPT = 64 * 1024

/** Texts that were understood, by their exact bytes and what gave them their meaning. Bounded; what was not used lately is forgotten. */
export class Meanings {
  readonly #half: number
  readonly #meanings = new Map<string, Meaning>()
  #filled = 0

  /** @param room bytes, about */
  constructor(room: number) {
    this.#half = room / 2
  }

  of(version: string | undefined, view: SessionView): Meaning {
    const { searchPath, temporary, catalogKnown, made, altered, readOnly, lineage } = view
    const key = JSON.stringify([version, searchPath, temporary, catalogKnown, made, altered, readOnly, lineage])
    const known = this.#meanings.get(key)
    if (known) return known
    const meaning: Meaning = { version, view, forgotten: false, young: new Map(), old: new Map(), key }
    this.#meanings.set(key, meaning)
    this.#fill(key.length * 2 + OVERHEAD)
    return meaning
  }

  get(meaning: Meaning, text: string): Kept | undefined {
    const young = meaning.young.get(text)
    if (young !== undefined) return young
    const old = meaning.old.get(text)
    if (old !== undefined) {
      meaning.young.set(text, old)
      this.#fill(text.length + OVERHEAD)
    }
    return old
  }

  put(meaning: Meaning, text: string, kept: Kept): void {
    if (meaning.forgotten || text.length > KEPT) return
    meaning.young.set(text, kept)
    this.#fill(text.length + OVERHEAD * kept.statements.reduce((sum, statement) => sum + weight(statement), 1))
  }

  #fill(bytes: number): void {
    this.#filled += bytes
    if (this.#filled <= this.#half) return
    this.#filled = 0
    for (const meaning of this.#meanings.values()) {
      if (meaning.young.size === 0 && meaning.old.size === 0) {
        meaning.forgotten = true
        this.#meanings.delete(meaning.key)
      }
      meaning.old = meaning.young
      meaning.young = new Map()
    }
  }
}

/** Of what a statement's facts take, in `OVERHEAD`. */
function weight({ sql, transitions, outputs = [] }: StatementFacts): number {
  const { reads, writes, functions, columns } = sql
  const names =
    (reads?.length ?? 0) +
    (writes?.length ?? 0) +
    (functions?.length ?? 0) +
    outputs.reduce((sum, { from }) => sum + 1 + from.length, 0) +
    (columns ? columns.output.length + columns.predicate.length + columns.written.length : 0)
  return 1 + Math.ceil(names / 8) + transitions.length
}
