import type { Catalog, Relation } from '../catalog/index.ts'
import type { MaskCatalog } from './types.ts'

/** Columns that every table has; none of them is data. */
const SYSTEM_COLUMN = 'ctid'

/** What masks ask of a catalog. @param catalog undefined: not known */
export function maskCatalog(catalog: Catalog | undefined): MaskCatalog {
  return {
    origin(table, column) {
      const relation = catalog?.relationByOid(table)
      if (!catalog || !relation) return undefined
      const name = column < 0 ? SYSTEM_COLUMN : nameOf(relation, column)
      const related = [...family(catalog, relation)]
      if (name === undefined || !related.every((one) => isStored(one, name))) return undefined
      return related.map((one) => `${one.schema}.${one.name}.${name}`)
    },
    labels: (type) => catalog?.userTypeByOid(type)?.labels,
  }
}

function nameOf({ columns, numbers }: Relation, column: number): string | undefined {
  return columns[numbers ? numbers.indexOf(column) : column - 1]
}

/**
 * What the server says of this column is where its values come from. With rules, what it does is another statement than the one that it names; what is
 * computed from other columns comes from those.
 */
function isStored({ kind, rules, generated = [] }: Relation, name: string): boolean {
  return (kind === 'table' || kind === 'partitioned table') && !rules && !generated.some(({ column }) => column === name)
}

/** A relation, and those that its rows may lie in or be seen through: parents and children, all the way; columns have the same names there. */
function family(catalog: Catalog, relation: Relation): ReadonlySet<Relation> {
  const all = new Set([relation])
  for (const towards of ['parents', 'children'] as const) {
    const line = new Set([relation])
    for (const one of line) {
      for (const oid of one[towards]) {
        const other = catalog.relationByOid(oid)
        if (other) line.add(other)
      }
    }
    for (const one of line) all.add(one)
  }
  return all
}
