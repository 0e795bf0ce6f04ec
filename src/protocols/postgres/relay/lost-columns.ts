import { type Facts, type Mask, maskedColumns, Refusal } from '../../../operations/index.ts'
import type { Catalog } from '../catalog/index.ts'

/** A column that a mask names and that is not there, in a relation that is: `schema.name`. */
interface Lost {
  readonly mask: string
  readonly relation: string
}

/**
 * Masks name columns by their names. Where one was given another name past the gateway, or the mask never named it rightly, what it holds would be
 * shown: of that relation nothing is read or written until the mask is corrected.
 */
export class LostColumns {
  readonly #catalog: () => Catalog | undefined
  readonly #database: string | undefined
  #known: { readonly masks: readonly Mask[]; readonly catalog: Catalog; readonly lost: readonly Lost[] } | undefined

  /** @param catalog the newest there is @param database as the target calls it; undefined: not known */
  constructor(catalog: () => Catalog | undefined, database: string | undefined) {
    this.#catalog = catalog
    this.#database = database
  }

  /** @returns why an operation is refused, with the mask as `rule`; undefined where it comes across no such relation, or there is no catalog yet */
  refusal(masks: readonly Mask[], { effects, sql }: Facts): Refusal | undefined {
    const lost = this.#lost(masks)
    const [first] = lost
    if (first === undefined || effects.every((effect) => effect.class === 'session')) return undefined
    const touched = sql?.reads && sql.writes && new Set([...sql.reads, ...sql.writes])
    const found = touched ? lost.find(({ relation }) => touched.has(relation)) : first
    return found && refused(found.mask)
  }

  #lost(masks: readonly Mask[]): readonly Lost[] {
    const catalog = this.#catalog()
    if (!catalog) return NONE
    const known = this.#known
    if (known?.masks === masks && known.catalog === catalog) return known.lost
    const lost = masks.flatMap((mask) =>
      maskedColumns(mask, this.#database).flatMap((column) => {
        const relation = lostOf(column, catalog)
        return relation === undefined ? [] : [{ mask: mask.name, relation }]
      }),
    )
    this.#known = { masks, catalog, lost }
    return lost
  }
}

const NONE: readonly Lost[] = []

/** @param column `schema.relation.column`, each of which may have dots in it @returns the relation that is there, where the column is not */
function lostOf(column: string, catalog: Catalog): string | undefined {
  const parts = column.split('.')
  let lost: string | undefined
  for (let first = 1; first < parts.length - 1; first += 1) {
    for (let second = first + 1; second < parts.length; second += 1) {
      const relation = catalog.relation(parts.slice(0, first).join('.'), parts.slice(first, second).join('.'))
      if (!relation) continue
      const name = parts.slice(second).join('.')
      if (name === '*' || relation.columns.includes(name)) return undefined
      lost ??= `${relation.schema}.${relation.name}`
    }
  }
  return lost
}

function refused(mask: string): Refusal {
  return new Refusal('GS_MASKED_COLUMN', {
    rule: `mask:${mask}`,
    reason: `The mask "${mask}" names a column of what this statement uses, and there is no column of that name any more.`,
    next: 'Report it: the mask has to be corrected first; gatescribe doctor says which name is meant.',
  })
}
