import type { SqlFacts } from '../../operations/index.ts'
import { FACTS } from './facts.ts'
import { jsonValue } from './json-value.ts'
import { known } from './unknown-fact.ts'

export class ColumnsView {
  readonly output: readonly string[]
  readonly predicate: readonly string[]
  readonly written: readonly string[]

  constructor(columns: NonNullable<SqlFacts['columns']>) {
    this.output = columns.output
    this.predicate = columns.predicate
    this.written = columns.written
  }
}

/** How a fact becomes a value of the engine where it is none yet, by its type in FACTS. */
const AS: Readonly<Record<string, (fact: never) => unknown>> = {
  int: (fact: number) => BigInt(fact),
  dyn: jsonValue,
  'map<string, string>': (fact: Readonly<Record<string, string>>) => new Map(Object.entries(fact)),
  Columns: (fact: NonNullable<SqlFacts['columns']>) => new ColumnsView(fact),
}

type Fields<Of extends keyof typeof FACTS> = keyof (typeof FACTS)[Of]
type Read<Source> = (source: Source) => unknown

/**
 * The class of a variable of conditions, with a getter for each of its fields. One that has nothing to give throws, so that not even `has()` can take what is
 * unknown for what is absent.
 *
 * @param given the facts of the variable; undefined: nothing is known
 * @param own how fields are read that are no facts of the same name
 */
export function viewOf<Of extends keyof typeof FACTS, Source, Given extends object>(
  of: Of,
  given: (source: Source) => Given | undefined,
  own: { readonly [Field in Exclude<Fields<Of>, keyof Given>]: Read<Source> } & { readonly [Field in Fields<Of>]?: Read<Source> },
): new (
  source: Source,
) => object {
  const reads: Readonly<Record<string, Read<Source> | undefined>> = own
  class View {
    readonly #source: Source
    /** Values that had to be made. */
    #made: Map<string, unknown> | undefined

    constructor(source: Source) {
      this.#source = source
    }

    static {
      for (const [field, type] of Object.entries<string>(FACTS[of])) {
        const read: Read<Source> = reads[field] ?? ((source) => known(of, given(source), field as keyof Given & string))
        const as = AS[type]
        Object.defineProperty(View.prototype, field, {
          get(this: View) {
            if (as === undefined) return read(this.#source)
            const before = this.#made?.get(field)
            if (before !== undefined) return before
            const made = as(read(this.#source) as never)
            this.#made ??= new Map()
            this.#made.set(field, made)
            return made
          },
        })
      }
    }
  }
  return View
}
