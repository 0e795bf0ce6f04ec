import type { Effect, SqlFacts } from '../../../operations/index.ts'

/** What gives a text its meaning besides the catalog. Plain values: it crosses into a worker. */
export interface SessionView {
  /** Schemas in the order in which unqualified names are looked up, as `search_path` has them, `"$user"` replaced; absent: unknown. */
  readonly searchPath?: readonly string[]
  /** Relations that this session made in its temporary schema; absent: unknown. */
  readonly temporary?: readonly string[]
  /** False inside a transaction that changed the catalog by more than `made` and `altered`: then no name is certain. */
  readonly catalogKnown: boolean
  /** Relations that this transaction made, as `schema.name`; they run no code. Absent: none. */
  readonly made?: readonly string[]
  /** Relations of the catalog whose columns this transaction changed. Absent: none. */
  readonly altered?: readonly string[]
  /** Whether the gateway keeps this session read-only at the server: what would undo that is `admin`. */
  readonly readOnly: boolean
  /** What may flow into each column of a result is wanted: `outputs` of the statements. */
  readonly lineage?: true
}

/** What may flow into one column of a result. */
export interface OutputColumn {
  /**
   * Columns as `schema.relation.column`, sorted: those of base tables, of their parents and children, and those of the views on the way.
   * `schema.relation.*` stands for whole rows.
   */
  readonly from: readonly string[]
  /** It is one column of a base table, handed through unchanged, however many views, subqueries and names lie between. */
  readonly plain: boolean
  /**
   * It is made of nothing but columns, constants, and functions, operators and casts whose flow is known (docs/lineage.md). Otherwise
   * anything may flow into it.
   */
  readonly certain: boolean
}

/** How the content of a COPY TO is written, as its options say; what they do not say is PostgreSQL's default. */
export interface CopyTo {
  readonly format: 'text' | 'csv' | 'binary'
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
  readonly null: string
  readonly header: boolean
  /** Absent: client_encoding. */
  readonly encoding?: string
}

/** What one statement of a text is and does. */
export interface StatementFacts {
  readonly effects: readonly Effect[]
  readonly sql: Omit<SqlFacts, 'statements' | 'transaction'>
  /** What it changes of the session once the server has completed it, in order. */
  readonly transitions: readonly Transition[]
  /**
   * Where code that is not known, or a name that is not, keeps one of these lists from being a fact: what was seen of them all the same. For
   * the trail, so that the statement can be found; never for rules.
   */
  readonly seen?: { readonly reads: readonly string[]; readonly writes: readonly string[]; readonly functions: readonly string[] }
  /**
   * Columns of the rows that it answers with, or copies out, in order; empty where there are none. Absent where `SessionView.lineage` did
   * not ask for them, and where nobody can say how many there are. Of EXECUTE and FETCH: those of the statement behind the name.
   */
  readonly outputs?: readonly OutputColumn[]
  /** Where only the number of columns is not known: what may flow into any of them. */
  readonly anyOutput?: OutputColumn
  /** COPY TO, where every option of it is known. */
  readonly copyTo?: CopyTo
  /** SQL-level EXECUTE: the name whose statement it runs. Its own facts are those of the parameters only. */
  readonly executes?: string
  /** With `executes`: something in its parameters may hold anything, and so may what the statement behind the name gives back. */
  readonly passesAnything?: true
  /** FETCH, MOVE, WHERE CURRENT OF: the cursor whose statement it runs on. */
  readonly fetches?: string
}

/** A change of the session, taken over when the server has completed the statement, and undone with its transaction where PostgreSQL does. */
export type Transition =
  /** SET, set_config. @param value as the server would show it; absent: not known, or DEFAULT. Names in lower case. */
  | { readonly kind: 'set'; readonly name: string; readonly value?: string; readonly local: boolean }
  /** RESET; name absent: all. */
  | { readonly kind: 'reset'; readonly name?: string }
  | { readonly kind: 'prepare'; readonly name: string; readonly statement: StatementFacts }
  /** Name absent: all. */
  | { readonly kind: 'deallocate'; readonly name?: string }
  | { readonly kind: 'declare'; readonly name: string; readonly statement: StatementFacts; readonly hold: boolean }
  /** Name absent: all. */
  | { readonly kind: 'close'; readonly name?: string }
  | {
      readonly kind: 'transaction'
      readonly verb: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare'
      readonly name?: string
    }
  /** Temporary relations come to be. @param untilCommit ON COMMIT DROP */
  | { readonly kind: 'create-temporary'; readonly names: readonly string[]; readonly untilCommit?: boolean }
  | { readonly kind: 'drop-temporary'; readonly names: readonly string[] }
  /**
   * The catalog changes. With `made` by no more than this: the relations of `made` come to be, which run no code, and those of `altered` have
   * other columns. Names are `schema.name`. If it is undone by itself (ROLLBACK TO), names are not known until the transaction ends.
   */
  | { readonly kind: 'define'; readonly made?: readonly string[]; readonly altered?: readonly string[] }
  /** Anything of the session may have changed: search_path, role, temporary relations, prepared statements, cursors. */
  | { readonly kind: 'opaque' }
  | { readonly kind: 'discard'; readonly what: 'all' | 'temp' | 'plans' | 'sequences' }
