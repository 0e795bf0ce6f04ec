import type { Catalog } from '../../catalog/catalog.ts'
import { UNKNOWN_NAME } from '../opaque.ts'
import type { Share } from '../parse/index.ts'
import type { SqlSession, Understood } from '../sql-session.ts'
import type { SessionView, StatementFacts } from '../statement-facts.ts'
import { type CatalogSource, SessionCatalog } from './catalog-source.ts'
import { type Kept, NOT_UNDERSTOOD } from './kept.ts'
import { Lexing } from './lexing.ts'
import type { Meaning, Meanings } from './meanings.ts'
import { passingAnything, withInner } from './merge.ts'
import type { Prepared, Source } from './names.ts'
import { NamesWithin } from './names-within.ts'
import { readSearchPath } from './search-path.ts'
import { SessionState } from './session-state.ts'

/** What all sessions have in common. */
export interface Reader {
  readonly meanings: Meanings
  /** Reads a text that is not known yet. Never rejects. */
  read(text: Uint8Array, key: string, meaning: Meaning, catalog: Catalog | undefined, share: Share): Kept | Promise<Kept>
  /** Where it stands; undefined where that is not kept. */
  sourceOf(statement: StatementFacts): Source | undefined
  /** The facts of these statements as those of one text. */
  together(statements: readonly StatementFacts[], meaning: Meaning): Understood
}

export interface SessionOptions {
  readonly catalog: CatalogSource
  /** Who is logged in at the target; empty: not known. */
  readonly user: string
  /** search_path as the server shows it behind the log-in; undefined: not known. */
  readonly searchPath: string | undefined
  /**
   * Schemas that this user may use, at least those on the search path: the server passes over any other. `all`: no schema is closed to it.
   * Undefined: not known, and then no unqualified name is.
   */
  readonly usable: readonly string[] | 'all' | undefined
  /** Whether the gateway keeps this session read-only at the server. */
  readonly readOnly: boolean
  /** ParameterStatus of the target's log-in. */
  readonly parameters: ReadonlyMap<string, string>
  /** `server_version_num`, such as 150004. */
  readonly serverVersion: number
  /** Whether what flows into each column of results is wanted now; asked for each text. Absent: it is not. */
  readonly lineage?: () => boolean
}

/** The first version that reports search_path (release notes of PostgreSQL 18). */
const REPORTS_SEARCH_PATH = 180_000

export class ReadSession implements SqlSession {
  readonly #reader: Reader
  readonly #share: Share
  readonly #readOnly: boolean
  readonly #lineage: () => boolean
  readonly #user: { readonly name: string | undefined; readonly usable: SessionOptions['usable'] }
  readonly #state: SessionState
  readonly #lexing: Lexing
  readonly #catalog: SessionCatalog
  #epoch = 0
  #meaning: Meaning | undefined
  /** Texts with parameters of users' types, by number. */
  readonly #typed = new WeakSet<Uint8Array>()
  /** By what `#meaning` was found. */
  #by: { readonly now: unknown; readonly catalog: Catalog | undefined; readonly lineage: boolean } | undefined
  #definitions = 0
  /** Some text ran something by its name: what names stand for matters. */
  #usesNames = false
  #names = 0
  /** What texts with names in them came to, until something changes. */
  #resolved: { readonly epoch: number; readonly texts: Map<Kept, Understood> } | undefined

  constructor(reader: Reader, share: Share, options: SessionOptions) {
    const { searchPath, parameters, serverVersion, usable } = options
    const user = options.user === '' ? undefined : options.user
    this.#reader = reader
    this.#share = share
    this.#readOnly = options.readOnly
    this.#lineage = options.lineage ?? (() => false)
    this.#user = { name: user, usable }
    this.#catalog = new SessionCatalog(options.catalog)
    this.#lexing = new Lexing(parameters)
    const reportsSearchPath = serverVersion >= REPORTS_SEARCH_PATH
    this.#state = new SessionState({ user, searchPath, reportsSearchPath })
    for (const [name, value] of parameters) this.#state.reported(name, value)
  }

  understand(text: Uint8Array): Understood | Promise<Understood> {
    if (this.#lexing.uncertain(text)) return NOT_UNDERSTOOD
    if (this.#catalog.awaited) return this.#catalog.wait().then(() => this.#withTypes(text))
    return this.#withTypes(text)
  }

  typed(text: Uint8Array): void {
    this.#typed.add(text)
  }

  get epoch(): number {
    this.#current()
    if (this.#usesNames && this.#names !== this.#state.names.version) {
      this.#names = this.#state.names.version
      this.#epoch += 1
    }
    return this.#epoch
  }

  changes(statements: readonly StatementFacts[]): boolean {
    return this.#state.changes(statements)
  }

  get catalog(): Catalog | undefined {
    return this.#catalog.newest
  }

  get applicationSettings(): readonly string[] | undefined {
    return this.#state.applicationSettings.names
  }

  reported(name: string, value: string): void {
    if (this.#lexing.reported(name, value)) this.#epoch += 1
    else this.#state.reported(name, value)
  }

  completed(statement: StatementFacts, tag: string): void {
    this.#state.completed(statement, tag, this.#reader.sourceOf(statement))
    this.#define()
  }

  failed(during?: StatementFacts): void {
    this.#state.failed(during)
  }

  ready(status: number): void {
    this.#state.ready(status)
    this.#define()
  }

  prepared(name: string, understood: Understood): void {
    const { text, meaning, statements } = understood as Kept
    const [statement = NOTHING] = statements
    const source = text === undefined || meaning === undefined ? undefined : { text, meaning, index: 0, inner: false }
    const opaque = statement.effects.some((effect) => effect.class === 'opaque')
    // What cannot be understood anew is not known once anything changes, so it is not known at all.
    if (source || opaque || statement === NOTHING) this.#state.names.prepare(name, { statement, source })
    else this.#state.names.deallocate(name)
  }

  deallocated(name: string): void {
    this.#state.names.deallocate(name)
  }

  close(): void {
    this.#state.names.lose()
  }

  /** What gives a text its meaning now. */
  #current(): Meaning {
    const { now } = this.#state
    const catalog = this.#catalog.current
    const lineage = this.#lineage()
    const by = this.#by
    if (this.#meaning && by?.now === now && by.catalog === catalog && by.lineage === lineage && !this.#meaning.forgotten)
      return this.#meaning
    this.#by = { now, catalog, lineage }
    const meaning = this.#reader.meanings.of(catalog?.version, this.#view(lineage))
    if (meaning !== this.#meaning) this.#epoch += 1
    this.#meaning = meaning
    return meaning
  }

  #view(lineage: boolean): SessionView {
    const { path, user, temporary, defined, made, altered } = this.#state.now
    const schemas = path === undefined ? undefined : readSearchPath(path, user)
    const searchPath = schemas && this.#isOpen(schemas, user) ? schemas : undefined
    return {
      ...(searchPath && { searchPath }),
      ...(temporary && { temporary }),
      catalogKnown: !defined,
      ...(made.length > 0 && { made }),
      ...(altered.length > 0 && { altered }),
      readOnly: this.#readOnly,
      ...(lineage && { lineage }),
    }
  }

  /** Whether the server looks into all of these that exist. What a role that was SET may use is not known. */
  #isOpen(schemas: readonly string[], user: string | undefined): boolean {
    const { usable } = this.#user
    if (usable === 'all') return true
    if (usable === undefined || user !== this.#user.name) return false
    const catalog = this.#catalog.current
    return schemas.every((schema) => usable.includes(schema) || BUILT_IN.has(schema) || !catalog?.hasSchema(schema))
  }

  /** A transaction that changed the catalog may be over. */
  #define(): void {
    if (this.#definitions === this.#state.definitions) return
    this.#definitions = this.#state.definitions
    this.#catalog.changed()
    this.#epoch += 1
  }

  #withTypes(text: Uint8Array): Understood | Promise<Understood> {
    const understood = this.#understand(text)
    if (!this.#typed.has(text)) return understood
    const typed = (kept: Understood): Kept => {
      const { casts, inputs } = this.#catalog.current?.typeCode ?? { casts: true, inputs: true }
      const statements = casts || inputs ? kept.statements.map(passingAnything) : kept.statements
      // By its text alone it is not understood anew.
      return { ...(kept as Kept), ...this.#reader.together(statements, this.#current()), text: undefined, meaning: undefined }
    }
    return understood instanceof Promise ? understood.then(typed) : typed(understood)
  }

  #understand(text: Uint8Array): Understood | Promise<Understood> {
    const read = this.#read(Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1'), text)
    return read instanceof Promise ? read.then((kept) => this.#found(kept, text)) : this.#found(read, text)
  }

  /** The statements of a text on their own. @param key the text, one character per byte */
  #read(key: string, text: Uint8Array | undefined): Kept | Promise<Kept> {
    const meaning = this.#current()
    return (
      this.#reader.meanings.get(meaning, key) ??
      this.#reader.read(text ?? Buffer.from(key, 'latin1'), key, meaning, this.#catalog.current, this.#share)
    )
  }

  #found(kept: Kept, text: Uint8Array): Understood | Promise<Understood> {
    if (kept.missing) {
      const searched = this.#catalog.search()
      if (searched) return searched.then(() => this.#understand(text))
    }
    return kept.named ? this.#resolve(kept) : kept
  }

  /** Puts what stands behind the names of statements and cursors in their place. */
  #resolve(kept: Kept): Understood | Promise<Understood> {
    if (!this.#usesNames) {
      this.#usesNames = true
      this.#epoch += 1
    }
    const { epoch } = this
    if (this.#resolved?.epoch !== epoch) this.#resolved = { epoch, texts: new Map() }
    const { texts } = this.#resolved
    const known = texts.get(kept)
    if (known) return known
    const meaning = this.#current()
    const inner = this.#inner(kept.statements)
    const together = (statements: readonly StatementFacts[]) => {
      const understood: Kept = { ...kept, ...this.#reader.together(statements, meaning) }
      texts.set(kept, understood)
      return understood
    }
    return inner instanceof Promise ? inner.then(together) : together(inner)
  }

  #inner(statements: readonly StatementFacts[]): readonly StatementFacts[] | Promise<readonly StatementFacts[]> {
    const within = new NamesWithin(this.#state.names)
    const all = statements.map((statement) => {
      const inner: (StatementFacts | Promise<StatementFacts>)[] = []
      if (statement.executes !== undefined) {
        const prepared = within.prepared(statement.executes)
        inner.push(prepared ? this.#anew(prepared) : UNKNOWN_NAME)
      }
      if (statement.fetches !== undefined) inner.push(within.cursor(statement.fetches) ?? UNKNOWN_NAME)
      within.follow(statement)
      return inner.some((one) => one instanceof Promise)
        ? Promise.all(inner).then((found) => found.reduce(withInner, statement))
        : (inner as StatementFacts[]).reduce(withInner, statement)
    })
    return all.some((one) => one instanceof Promise) ? Promise.all(all) : (all as readonly StatementFacts[])
  }

  /** A prepared statement as it would run now: the server resolves its names anew where they may have changed. */
  #anew({ statement, source }: Prepared): StatementFacts | Promise<StatementFacts> {
    if (!source || source.meaning === this.#current()) return statement
    const pick = ({ statements, refusal }: Kept): StatementFacts => {
      const outer = refusal === undefined ? statements[source.index] : undefined
      if (!source.inner) return outer ?? UNKNOWN_NAME
      for (const transition of outer?.transitions ?? []) if (transition.kind === 'prepare') return transition.statement
      return UNKNOWN_NAME
    }
    const read = this.#read(source.text, undefined)
    return read instanceof Promise ? read.then(pick) : pick(read)
  }
}

/** Open to everybody, and to be named on a search path. */
const BUILT_IN: ReadonlySet<string> = new Set(['pg_temp', 'pg_catalog', 'information_schema'])

/** An empty query. */
const NOTHING: StatementFacts = { effects: [], sql: {}, transitions: [] }
