import type { Facts } from '../../../../operations/index.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { analyse } from '../facts/index.ts'
import { loadParser, ParsePool, type Parser, type PoolOptions, prescan, type Reading, readText, Share } from '../parse/index.ts'
import type { SqlSession } from '../sql-session.ts'
import type { StatementFacts } from '../statement-facts.ts'
import { decisive, endsTransaction } from './decisive.ts'
import { Generations } from './generations.ts'
import { isMissing, type Kept, NOT_UNDERSTOOD, refusedText } from './kept.ts'
import { type Meaning, Meanings } from './meanings.ts'
import { factsOf } from './merge.ts'
import type { Source } from './names.ts'
import { type Reader, ReadSession, type SessionOptions } from './session.ts'

export interface UnderstandingOptions {
  /** Bytes up to which a text is read; a longer one is refused. */
  readonly statementBytes: number
  readonly pool?: PoolOptions
  /** Bytes that texts and their facts may take, about; default 64 MiB. */
  readonly room?: number
}

/** What a gateway understands SQL with: one parser beside the connections, threads for long texts, and what was understood lately. */
export interface Understanding {
  /** @param share whose turns its long texts take; its own by default. Those of one run have a standing together */
  openSession(options: SessionOptions, share?: Share): SqlSession
  /** Ends the threads. What is still asked of a session is refused. */
  close(): Promise<void>
}

const ROOM = 64 * 1024 * 1024
/** ms behind the start after which the threads are started: nothing waits for them yet, and they would hold up the start. */
const WARM = 1_000
/** MiB in bytes that facts, each once, may take. */
const FACTS = 8 * 1024 * 1024

export function createUnderstanding(options: UnderstandingOptions): Understanding {
  const pool = new ParsePool(options.pool)
  const warming = setTimeout(() => pool.warm(), WARM).unref()
  const reader = new TextReader(options, pool)
  return {
    openSession: (session, share = new Share()) => new ReadSession(reader, share, session),
    async close() {
      clearTimeout(warming)
      await pool.close()
    },
  }
}

/** These change what names of statements and cursors stand for, and nothing of what is in a text. */
const NAMING: ReadonlySet<string> = new Set(['prepare', 'deallocate', 'declare'])

class TextReader implements Reader {
  readonly meanings: Meanings
  readonly #limit: number
  readonly #pool: ParsePool
  readonly #loaded: Promise<void>
  /** Undefined until it is loaded, and once a text was too much for it: then the threads read everything. */
  #parser: Parser | undefined
  readonly #facts = new Generations<Facts>(FACTS)
  readonly #sources = new WeakMap<StatementFacts, Source>()

  constructor({ statementBytes, room = ROOM }: UnderstandingOptions, pool: ParsePool) {
    this.#limit = statementBytes
    this.meanings = new Meanings(room)
    this.#pool = pool
    this.#loaded = loadParser().then((parser) => {
      this.#parser = parser
    })
  }

  read(text: Uint8Array, key: string, meaning: Meaning, catalog: Catalog | undefined, share: Share): Kept | Promise<Kept> {
    const judged = prescan(text, this.#limit)
    if (typeof judged === 'object') return refusedText(judged.refused)
    if (judged === 'long') return this.#elsewhere(text, key, meaning, catalog, share)
    if (this.#parser) return this.#here(this.#parser, text, key, meaning, catalog, share)
    return this.#loaded.then(() =>
      this.#parser ? this.#here(this.#parser, text, key, meaning, catalog, share) : this.#elsewhere(text, key, meaning, catalog, share),
    )
  }

  sourceOf(statement: StatementFacts): Source | undefined {
    return this.#sources.get(statement)
  }

  together(statements: readonly StatementFacts[], { version }: Meaning): { facts: Facts; statements: readonly StatementFacts[] } {
    const facts = factsOf(statements, version)
    const content = JSON.stringify(facts)
    const known = this.#facts.get(content)
    if (known) return { facts: known, statements }
    this.#facts.put(content, facts, content.length * 3)
    return { facts, statements }
  }

  #here(parser: Parser, text: Uint8Array, key: string, meaning: Meaning, catalog: Catalog | undefined, share: Share): Kept | Promise<Kept> {
    try {
      const string = Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8')
      return this.#keep(readText(parser, analyse, string, catalog, meaning.view), key, meaning)
    } catch {
      // The parser may not be used again.
      this.#parser = undefined
      return this.#elsewhere(text, key, meaning, catalog, share)
    }
  }

  async #elsewhere(text: Uint8Array, key: string, meaning: Meaning, catalog: Catalog | undefined, share: Share): Promise<Kept> {
    return this.#keep(await this.#pool.read(share, { text, catalog, view: meaning.view }), key, meaning)
  }

  #keep(reading: Reading, text: string, meaning: Meaning): Kept {
    if (reading === 'unparsed') {
      const unparsed = { ...NOT_UNDERSTOOD, text, meaning }
      this.meanings.put(meaning, text, unparsed)
      return unparsed
    }
    if ('refused' in reading) return refusedText(reading.refused)
    const statements = withoutDoubt(reading.statements)
    const { view, version } = meaning
    const certain = view.searchPath !== undefined && view.temporary !== undefined && view.catalogKnown && version !== undefined
    const kept: Kept = {
      ...this.together(statements, meaning),
      text,
      meaning,
      named: statements.some(({ executes, fetches }) => executes !== undefined || fetches !== undefined),
      missing: certain && statements.some(isMissing),
    }
    this.#remember(statements, text, meaning)
    this.meanings.put(meaning, text, kept)
    return kept
  }

  /** Where statements stand that may have to be understood anew: only what nothing in its own text gives another meaning. */
  #remember(statements: readonly StatementFacts[], text: string, meaning: Meaning): void {
    for (const [index, statement] of statements.entries()) {
      const { transitions } = statement
      if (transitions.some(({ kind }) => kind === 'prepare')) this.#sources.set(statement, { text, meaning, index, inner: true })
      else if (transitions.some((transition) => !NAMING.has(transition.kind) && decisive(transition))) return
    }
  }
}

/**
 * Behind what makes temporary relations unknown within a text, a DROP or ALTER does not say whether it was one of them, and the session
 * may know of it: then it may have been any.
 */
function withoutDoubt(statements: readonly StatementFacts[]): readonly StatementFacts[] {
  let doubt = false
  return statements.map((statement) => {
    const { transitions, executes, fetches } = statement
    const doubtful = doubt && transitions.some((transition) => transition.kind === 'define' && !transition.made)
    doubt ||= executes !== undefined || fetches !== undefined
    doubt ||= transitions.some((transition) => transition.kind === 'opaque' || endsTransaction(transition))
    return doubtful ? { ...statement, transitions: [...transitions, { kind: 'opaque' }] } : statement
  })
}
