import { loadModule, parseSync } from 'libpg-query'
import type { Catalog } from '../../src/protocols/postgres/catalog/catalog.ts'
import { analyse } from '../../src/protocols/postgres/sql/facts/index.ts'
import type { SessionView, StatementFacts } from '../../src/protocols/postgres/sql/statement-facts.ts'
import { catalogOf, SHOP } from './shop-catalog.ts'

await loadModule()

const shop = catalogOf(SHOP)

/** A session as most are: only public in its path, nothing temporary. */
export const VIEW: SessionView = { searchPath: ['public'], temporary: [], catalogKnown: true, readOnly: false }

/** Facts of every statement of a text, in the catalog of the shop. */
export function allFactsOf(sql: string, view: Partial<SessionView> = {}, catalog: Catalog | undefined = shop): readonly StatementFacts[] {
  return analyse(parseSync(sql), catalog, { ...VIEW, ...view })
}

/** Facts of the last statement of a text. */
export function factsOf(sql: string, view: Partial<SessionView> = {}, catalog: Catalog | undefined = shop): StatementFacts {
  return allFactsOf(sql, view, catalog).at(-1)!
}

/** Effects as `class/action`. */
export function effectsOf(sql: string, view: Partial<SessionView> = {}, catalog: Catalog | undefined = shop): readonly string[] {
  return factsOf(sql, view, catalog).effects.map((effect) => `${effect.class}/${effect.action}`)
}
