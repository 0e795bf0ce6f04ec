import type { Facts } from '../../../operations/index.ts'
import type { Catalog } from '../catalog/index.ts'
import type { StatementFacts } from './statement-facts.ts'

/** What a text is, as it would run now. */
export interface Understood {
  /** The same object for equal facts. */
  readonly facts: Facts
  /** One per statement of the text, in order. */
  readonly statements: readonly StatementFacts[]
  /** Set where the text is refused whatever the rules say: one sentence that holds nothing of the text. */
  readonly refusal?: string
}

/** What is known of one session, and what its texts mean in it. State follows the server: it changes by what the server has completed. */
export interface SqlSession {
  /**
   * @param text without NUL; kept until the answer is there
   * @returns at once, or a promise where a worker or the catalog has to be waited for; it never rejects
   */
  understand(text: Uint8Array): Understood | Promise<Understood>
  /**
   * A Parse gives some parameter of this text a type by its number that does not come with PostgreSQL (FirstNormalObjectId, 16384): code of
   * users may run for its values. To be called before `understand`, with the same object.
   */
  typed(text: Uint8Array): void
  /** Changes whenever the same text may mean something else than before. */
  readonly epoch: number
  /** Whether a text that comes behind these may mean something else once they are completed. */
  changes(statements: readonly StatementFacts[]): boolean
  /**
   * Settings that an application makes up, which this session has set at some time, in lower case and sorted: PostgreSQL lists them nowhere.
   * Undefined: more than can be kept.
   */
  readonly applicationSettings: readonly string[] | undefined
  /** The newest that is known of the target's database, also where this session has changed it since; undefined: nothing. */
  readonly catalog: Catalog | undefined
  /** ParameterStatus. */
  reported(name: string, value: string): void
  /** The server has completed this statement. @param tag of its CommandComplete; empty where its portal was suspended */
  completed(statement: StatementFacts, tag: string): void
  /**
   * The server has answered with an error: what its transaction changed is undone.
   * @param during the statement that it was at, where that is known: some commit before they fail
   */
  failed(during?: StatementFacts): void
  /** ReadyForQuery. @param status one of `transaction` of the wire */
  ready(status: number): void
  /** ParseComplete of a named statement: EXECUTE may name it. */
  prepared(name: string, understood: Understood): void
  /** CloseComplete of a named statement. */
  deallocated(name: string): void
  close(): void
}
