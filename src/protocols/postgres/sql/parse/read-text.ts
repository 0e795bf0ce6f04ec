import type { ParseResult } from 'libpg-query'
import type { Catalog } from '../../catalog/catalog.ts'
import type { SessionView, StatementFacts } from '../statement-facts.ts'
import type { Parser } from './parser.ts'
import type { Refused } from './prescan.ts'

/** What a text was read as; `unparsed`: it is no SQL that we know, or more than can be kept. */
export type Reading = { readonly statements: readonly StatementFacts[] } | 'unparsed' | Refused

/** What the statements of a tree do: one fact sheet per statement. Never throws. */
export type Analyse = (tree: ParseResult, catalog: Catalog | undefined, view: SessionView) => readonly StatementFacts[]

/** Characters that the names in the facts of one text may come to; what is more is not understood. */
const FACTS = 128 * 1024

/**
 * Parses and analyses one text that passed the pre-scan.
 * @throws where the parser ended and may not be used again
 */
export function readText(parser: Parser, analyse: Analyse, text: string, catalog: Catalog | undefined, view: SessionView): Reading {
  const tree = parser.parse(text)
  if (!tree) return 'unparsed'
  const statements = analyse(tree, catalog, view)
  return size(statements, FACTS) < 0 ? 'unparsed' : { statements }
}

/** @returns what is left of the budget; negative once it is used up */
function size(value: unknown, budget: number): number {
  if (typeof value === 'string') return budget - value.length - 8
  if (typeof value !== 'object' || value === null) return budget - 8
  let left = budget - 8
  for (const part of Object.values(value)) {
    left = size(part, left)
    if (left < 0) break
  }
  return left
}
