import type { Catalog } from '../catalog/index.ts'
import type { OutputColumn } from '../sql/statement-facts.ts'
import type { ResultField } from '../wire/row-description.ts'

/**
 * The columns of a COPY TO as a RowDescription would say them. A COPY is not described by the server, so types are the catalog's; that of an
 * expression, and of a column that the catalog does not know, is 0: what is masked of it becomes NULL.
 *
 * @param outputs what its text says of them; undefined: nothing
 * @param width how many there are
 */
export function copiedFields(
  outputs: readonly OutputColumn[] | undefined,
  width: number,
  binary: boolean,
  catalog: Catalog | undefined,
): readonly ResultField[] {
  return Array.from({ length: width }, (_, at) => {
    const output = outputs?.[at]
    const type = catalog && output?.plain && output.certain ? baseOf(typeOf(output.from, catalog), catalog) : 0
    return { name: '', table: 0, column: 0, type, modifier: -1, format: binary ? 1 : 0 }
  })
}

/** Of domains over domains; more than anybody has. */
const DEEPEST = 32

/** What a domain is over: its values are written as those of that type. */
function baseOf(type: number, catalog: Catalog): number {
  let of = type
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const base = catalog.userTypeByOid(of)?.base
    if (base === undefined) return of
    of = base
  }
  return 0
}

/** A column that is handed through has one type, whichever of its names is looked up. */
function typeOf(names: readonly string[], catalog: Catalog): number {
  for (const name of names) {
    const type = typeNamed(name, catalog)
    if (type !== undefined) return type
  }
  return 0
}

/** @param name `schema.relation.column`; each of them may have dots in it */
function typeNamed(name: string, catalog: Catalog): number | undefined {
  const parts = name.split('.')
  for (let first = 1; first < parts.length - 1; first += 1) {
    for (let second = first + 1; second < parts.length; second += 1) {
      const relation = catalog.relation(parts.slice(0, first).join('.'), parts.slice(first, second).join('.'))
      const at = relation?.columns.indexOf(parts.slice(second).join('.')) ?? -1
      if (at >= 0) return relation?.types?.[at]
    }
  }
  return undefined
}
