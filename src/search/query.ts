import { createHash } from 'node:crypto'
import { CUT } from './deriver.ts'
import { SearchError } from './errors.ts'
import type { Facet, Term, Terms } from './terms.ts'
import { searched } from './words.ts'

export const effects = ['allow', 'ask', 'deny'] as const

/** What is searched for: entries that meet all of it. Everything, where it is empty. */
export interface SearchQuery {
  /** Times of entries, ms since the epoch: from `since` on, before `until`. */
  readonly since?: number
  readonly until?: number
  /** A kind, or a family of them: `operation`. */
  readonly kind?: string
  /** Pseudonym of a principal. */
  readonly who?: string
  readonly run?: string
  readonly session?: string
  readonly resource?: string
  /** Break-glass, `bgl_…`: its own entries, and everything of the sessions under it. */
  readonly breakGlass?: string
  /** What an operation is, or what its statement says that it does: `bind`, `select`, `alter role`. */
  readonly action?: string
  /** A name in its statement, as it is written there: `customers`, `public.customers`. */
  readonly object?: string
  readonly decision?: (typeof effects)[number]
  /** A trace that a client says an operation, or a span that it tells of, belongs to: 32 hexadecimal digits in lower case. */
  readonly trace?: string
  /** Words that payloads of the entry must hold, in any order; between quotes, in that order. Nothing else has a meaning. */
  readonly text?: string
  /** From the oldest on; from the newest back where it is not said. */
  readonly oldest?: boolean
}

/** A query in the language of the index. */
export interface Plan {
  /** Of each group, one term at least; the rarest are likely to be first. */
  readonly groups: readonly Group[]
  /** Words that must follow each other in one text: an entry is opened to see it. */
  readonly sequences: readonly (readonly string[])[]
  /** All words, for entries of which not every word is in the index. */
  readonly words: readonly string[]
  /** Marks those entries. */
  readonly cut: Term
  /** What one and the same operation of an entry must meet; undefined where it is at most one thing. */
  readonly operation: { readonly effect: string | undefined; readonly groups: readonly Group[] } | undefined
  /** Says which query a cursor belongs to; times are not part of it, as they may be relative to now. */
  readonly digest: Buffer
}

export interface Group {
  readonly terms: readonly Term[]
  /** A word: an entry of which not every word is in the index may hold it too. */
  readonly word: boolean
}

const LONGEST_TEXT = 1024
const MOST_WORDS = 32
const DIGEST_BYTES = 8

/** @throws SearchError GS_SEARCH_QUERY */
export function plan(query: SearchQuery, terms: Terms): Plan {
  const { kind, who, run, session, resource, breakGlass, decision, trace } = query
  const { words, sequences } = readText(query.text)
  const one = (facet: Facet, value: string | undefined) => (value === undefined ? [] : [group([terms.of(facet, value)])])
  const ofOperation = [
    ...one('object', query.object?.toLowerCase()),
    ...(query.action === undefined ? [] : [group(actionTerms(query.action, terms))]),
    ...one('trace', trace),
  ]
  return {
    groups: [
      ...one('session', session),
      ...words.map((word) => ({ terms: [terms.of('word', word)], word: true })),
      ...one('run', run),
      ...ofOperation,
      ...one('who', who),
      ...one('breakGlass', breakGlass),
      ...one('resource', resource),
      ...one('effect', decision),
      ...one('kind', kind),
    ],
    sequences,
    words,
    cut: terms.of('cut', CUT),
    operation: ofOperation.length + (decision === undefined ? 0 : 1) > 1 ? { effect: decision, groups: ofOperation } : undefined,
    digest: digestOf(query, words, sequences),
  }
}

function group(terms: readonly Term[]): Group {
  return { terms, word: false }
}

/** A form of the protocol and a word of a statement share one name space for whoever searches. */
function actionTerms(action: string, terms: Terms): readonly Term[] {
  const plain = action.trim().toLowerCase().replace(/\s+/g, ' ')
  return [terms.of('action', plain), terms.of('form', plain)]
}

function readText(text: string | undefined): { words: readonly string[]; sequences: readonly (readonly string[])[] } {
  if (text === undefined) return { words: [], sequences: [] }
  if (text.length > LONGEST_TEXT) throw new SearchError('GS_SEARCH_QUERY', `A search has at most ${LONGEST_TEXT} characters.`)
  const words = new Set<string>()
  const sequences: (readonly string[])[] = []
  // Every second piece stood between quotes.
  for (const [at, piece] of text.split('"').entries()) {
    for (const part of at % 2 === 1 ? [piece] : piece.split(/\s+/)) {
      const found = searched(part)
      for (const word of found.words) words.add(word)
      if (found.inOrder) sequences.push(found.words)
    }
  }
  if (words.size === 0) throw new SearchError('GS_SEARCH_QUERY', 'There is no word in what is searched for.')
  if (words.size > MOST_WORDS) throw new SearchError('GS_SEARCH_QUERY', `A search has at most ${MOST_WORDS} words.`)
  return { words: [...words], sequences }
}

function digestOf(
  { since: _since, until: _until, text: _text, ...rest }: SearchQuery,
  words: readonly string[],
  sequences: unknown,
): Buffer {
  const said = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([said, words, sequences]))
    .digest()
    .subarray(0, DIGEST_BYTES)
}
