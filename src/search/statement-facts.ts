import { type SqlToken, sqlTokens } from './sql-tokens.ts'

/**
 * What a SQL text says that it does, and to what, as far as that can be told without its grammar and the server's catalogue: a first form of what
 * a parser will say. It is made for finding: it names rather too much than too little, and names as they are written.
 */
export interface StatementFacts {
  /** `select`, `alter role`: the words that each statement begins with, and of those that change something also within others. */
  readonly actions: readonly string[]
  /** `customers`, `public.customers`: names behind FROM, JOIN, INTO, UPDATE, TABLE and the like; a qualified one also without its schema. */
  readonly objects: readonly string[]
}

const MOST_ACTIONS = 32
const MOST_OBJECTS = 64

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** The commands of PostgreSQL that a statement can begin with. */
const COMMANDS = words(
  'abort alter analyze begin call checkpoint close cluster comment commit copy create deallocate declare delete discard do drop end execute explain ' +
    'fetch grant import insert listen load lock merge move notify prepare reassign refresh reindex release reset revoke rollback savepoint security ' +
    'select set show start table truncate unlisten update vacuum values with',
)
/** Those that another statement can hold: behind WITH … AS (, EXPLAIN, PREPARE … AS, COPY (, and behind such a part. */
const WITHIN = words('select insert update delete merge values table')
const BEFORE_WITHIN = words('( ) as explain analyze verbose all union except intersect')
/** Commands whose second word says what they do. */
const TWO_WORDS = words('alter create drop reassign refresh import security')
const SET_WORDS = words('role session transaction local')
const SKIPPED = words('or replace temp temporary unique unlogged global local trusted procedural recursive constraint')
/** Half a kind of object: the next word is the other half. */
const HALF = words('materialized foreign event access operator text default user')
const OBJECT_FOLLOWS = words(
  'from join into update table view index sequence schema database role user group function procedure aggregate type domain extension ' +
    'trigger policy rule server tablespace publication subscription collation call truncate copy lock using',
)
const NOT_A_NAME = words(
  'select set where values only if not exists lateral table as on using concurrently with when order group for all in null default ' +
    'current_user session_user stdin stdout',
)
const SKIPPED_BEFORE_NAME = words('only if not exists lateral concurrently table')
const LIST_ENDS = words('where group order having limit offset fetch window union except intersect returning set select values when with')
/** Where ON is followed by what the statement is about. */
const ON_NAMES = words('create grant revoke comment drop security alter')

/** Linear in the text. @param most characters that are looked at */
export function statementFacts(text: string, most: number): StatementFacts {
  const actions = new Set<string>()
  const objects = new Set<string>()
  const reader = new Reader(actions, objects)
  for (const token of sqlTokens(text, most)) {
    reader.see(token)
    if (actions.size >= MOST_ACTIONS && objects.size >= MOST_OBJECTS) break
  }
  reader.end()
  return { actions: [...actions].slice(0, MOST_ACTIONS), objects: [...objects].slice(0, MOST_OBJECTS) }
}

/** Goes through the tokens of a text once; what it expects next is all that it remembers. */
class Reader {
  readonly #actions: Set<string>
  readonly #objects: Set<string>
  #verb: string | undefined
  /** Words of an action that is not complete yet. */
  #action: string[] = []
  #previous = ';'
  #nameFollows = false
  /** Parts of a name that is being read, and whether a dot has just been. */
  #name: string[] = []
  #dotted = false
  /** Per depth of brackets: whether a comma leads to another name. */
  #lists: boolean[] = [false]

  constructor(actions: Set<string>, objects: Set<string>) {
    this.#actions = actions
    this.#objects = objects
  }

  see(token: SqlToken): void {
    if (token.kind === 'mark') this.#seeMark(token.text)
    else if (token.kind === 'word') this.#seeWord(token.text)
    else this.#seeQuoted(token.text)
    this.#previous = token.kind === 'quoted' ? '"' : token.text
  }

  end(): void {
    this.#endName()
    this.#endAction()
  }

  #seeMark(mark: string): void {
    if (mark === '.' && this.#name.length > 0) {
      this.#dotted = true
      return
    }
    this.#endName()
    this.#endAction()
    if (mark === ',') this.#nameFollows = this.#lists.at(-1) ?? false
    else this.#nameFollows = false
    if (mark === '(') this.#lists.push(false)
    if (mark === ')' && this.#lists.length > 1) this.#lists.pop()
    if (mark === ';') {
      this.#verb = undefined
      this.#lists = [false]
    }
  }

  #seeQuoted(name: string): void {
    this.#endAction()
    if (this.#dotted || (this.#nameFollows && this.#name.length === 0)) this.#addPart(name)
    else this.#endName()
  }

  #seeWord(word: string): void {
    if (this.#dotted) {
      this.#addPart(word)
      return
    }
    this.#endName()
    this.#goOnWithAction(word)
    if (this.#verb === undefined) this.#begin(word)
    else if (WITHIN.has(word) && BEFORE_WITHIN.has(this.#previous)) this.#actions.add(word)
    if (this.#nameFollows && !NOT_A_NAME.has(word)) this.#addPart(word)
    else if (!this.#nameFollows || !SKIPPED_BEFORE_NAME.has(word)) this.#lookOut(word)
  }

  /** For what leads to a name, and what ends a list of them. */
  #lookOut(word: string): void {
    this.#nameFollows = this.#leadsToName(word)
    if (this.#nameFollows) this.#lists[this.#lists.length - 1] = true
    else if (LIST_ENDS.has(word)) this.#lists[this.#lists.length - 1] = false
  }

  #begin(word: string): void {
    this.#verb = word
    if (!COMMANDS.has(word)) return
    this.#action = [word]
    if (!TWO_WORDS.has(word) && word !== 'set') this.#endAction()
  }

  #goOnWithAction(word: string): void {
    const [verb] = this.#action
    if (verb === undefined) return
    if (verb === 'set') {
      if (SET_WORDS.has(word)) this.#action.push(word)
      this.#endAction()
    } else if (this.#action.length > 1 || !SKIPPED.has(word)) {
      this.#action.push(word)
      if (!HALF.has(word) || this.#action.length > 2) this.#endAction()
    }
  }

  #endAction(): void {
    const [verb, ...kind] = this.#action
    this.#action = []
    if (verb === undefined) return
    this.#actions.add(verb)
    // `alter user mapping` is three words; the second alone may be the whole of it (`alter user`).
    if (kind.length > 0) this.#actions.add(`${verb} ${kind[0]}`)
    if (kind.length > 1) this.#actions.add(`${verb} ${kind.join(' ')}`)
  }

  #leadsToName(word: string): boolean {
    if (word === 'on') return ON_NAMES.has(this.#verb ?? '')
    // FOR UPDATE, IS DISTINCT FROM, ON CONFLICT DO UPDATE, ON UPDATE CASCADE.
    if (word === 'update' || word === 'from') return !['for', 'distinct', 'do', 'on'].includes(this.#previous)
    if (word === 'using') return this.#verb === 'delete' || this.#verb === 'merge'
    return OBJECT_FOLLOWS.has(word)
  }

  #addPart(part: string): void {
    this.#name.push(part)
    this.#dotted = false
    this.#nameFollows = false
  }

  #endName(): void {
    // A quote that opens at the end of a text, and "", name nothing.
    const name = this.#name.filter((part) => part !== '')
    if (name.length > 0 && this.#objects.size < MOST_OBJECTS) {
      this.#objects.add(name.join('.'))
      this.#objects.add(name.at(-1) as string)
    }
    this.#name = []
    this.#dotted = false
  }
}
