import { flowIsKnown } from './builtin/index.ts'
import type { ColumnLineage, Relation } from './catalog.ts'
import type { Flow } from './rule-flow.ts'
import type { RelationRow, Snapshot } from './snapshot.ts'
import { isBuiltin, type Trust } from './trust.ts'

/** What columns of views, and those that are generated, are made of: by the names that columns have now. */
export class ViewLineage {
  readonly #trust: Trust
  readonly #views: ReadonlyMap<number, readonly Flow[]>
  readonly #generated: ReadonlyMap<number, Snapshot['generated']>
  /** Views that make values of types with code behind them that is not known. */
  readonly #doubtful: ReadonlySet<number>
  readonly #rows: ReadonlyMap<number, RelationRow>

  constructor(snapshot: Snapshot, trust: Trust) {
    this.#trust = trust
    this.#views = new Map(snapshot.viewColumns.map(({ view, columns }) => [view, columns]))
    this.#generated = Map.groupBy(snapshot.generated, ({ relation }) => relation)
    this.#rows = new Map(snapshot.relations.map((row) => [row.oid, row]))
    const coded = snapshot.viewCode.filter(({ types }) => types.some((type) => trust.codeBehind(type)?.length !== 0))
    this.#doubtful = new Set(coded.map(({ view }) => view))
  }

  /** In the order of its columns; undefined where it is no view, or its definition says something else than its columns do. */
  ofView({ oid, columns }: RelationRow): readonly ColumnLineage[] | undefined {
    const flows = this.#views.get(oid)
    if (flows?.length !== columns.length) return undefined
    return flows.map((flow) => this.#lineage(flow, !this.#doubtful.has(oid)))
  }

  generated(oid: number): Relation['generated'] {
    return this.#generated.get(oid)?.map(({ column, flow }) => ({ column, ...this.#lineage(flow, true) }))
  }

  #lineage({ from, plain, calls, known }: Flow, trusted: boolean): ColumnLineage {
    const columns = new Map<number, string[]>()
    let certain = known && trusted && calls.every((oid) => this.#isKnown(oid))
    for (const [relation, number] of from) {
      const row = this.#rows.get(relation)
      const name = number === 0 ? '*' : row?.columns[row.numbers ? row.numbers.indexOf(number) : number - 1]
      // A relation, or a column, that is not there any more.
      if (name === undefined) certain = false
      const into = columns.get(relation)
      if (into) into.push(name ?? '*')
      else columns.set(relation, [name ?? '*'])
    }
    return { from: [...columns].map(([relation, names]) => ({ relation, columns: names })), plain: plain && certain, certain }
  }

  #isKnown(oid: number): boolean {
    const row = this.#trust.function(oid)
    return row !== undefined && isBuiltin(row) && flowIsKnown(row.schema, row.name)
  }
}
