import type { Facts, Principal, RunFacts, SqlFacts } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { known } from './unknown-fact.ts'

/**
 * What conditions see, one class per variable: the engine knows a type by its class. A getter that has nothing to give throws, so that
 * not even `has()` can take what is unknown for what is absent.
 */

export class ColumnsView {
  readonly output: readonly string[]
  readonly predicate: readonly string[]
  readonly written: readonly string[]

  constructor(columns: NonNullable<SqlFacts['columns']>) {
    this.output = columns.output
    this.predicate = columns.predicate
    this.written = columns.written
  }
}

export class SqlView {
  readonly #facts: Facts
  #columns: ColumnsView | undefined

  constructor(facts: Facts) {
    this.#facts = facts
  }

  get actions(): readonly string[] {
    return actionsOf(this.#facts)
  }

  get classes(): readonly string[] {
    return classesOf(this.#facts)
  }

  get statements(): bigint {
    return BigInt(this.#known('statements'))
  }

  get reads(): readonly string[] {
    return this.#known('reads')
  }

  get writes(): readonly string[] {
    return this.#known('writes')
  }

  get columns(): ColumnsView {
    this.#columns ??= new ColumnsView(this.#known('columns'))
    return this.#columns
  }

  get functions(): readonly string[] {
    return this.#known('functions')
  }

  get bounded(): boolean {
    return this.#known('bounded')
  }

  get transaction(): string {
    return this.#known('transaction')
  }

  #known<Name extends keyof SqlFacts>(name: Name): NonNullable<SqlFacts[Name]> {
    return known('sql', this.#facts.sql, name)
  }
}

/** What an operation does, without what it belongs to, and the other way round; each once. */
export const actionsOf = ({ effects }: Facts): readonly string[] => distinct(effects.map(({ action }) => action))
export const classesOf = ({ effects }: Facts): readonly string[] => distinct(effects.map((effect) => effect.class))

const distinct = (sorted: readonly string[]) => [...new Set(sorted)]

/** The length of the longest list that conditions could go through. */
export function longestList({ effects, sql, k8s, http, model }: Facts): number {
  const requested = Math.max(
    effects.length,
    k8s?.command?.length ?? 0,
    http?.headers === undefined ? 0 : Object.keys(http.headers).length,
    model?.tools?.length ?? 0,
    model?.toolCalls?.length ?? 0,
  )
  if (sql === undefined) return requested
  const { reads, writes, functions, columns } = sql
  return Math.max(
    requested,
    reads?.length ?? 0,
    writes?.length ?? 0,
    functions?.length ?? 0,
    columns === undefined ? 0 : Math.max(columns.output.length, columns.predicate.length, columns.written.length),
  )
}

export class PrincipalView {
  readonly kind: string
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[]

  constructor({ kind, issuer, subject, groups }: Principal) {
    this.kind = kind
    this.issuer = issuer
    this.subject = subject
    this.groups = groups
  }
}

export class ResourceView {
  readonly name: string
  readonly kind: string
  readonly tags: readonly string[]

  constructor({ name, kind, tags }: Asker['resource']) {
    this.name = name
    this.kind = kind
    this.tags = tags
  }
}

export class RunView {
  readonly #run: Asker['run']

  constructor(run: Asker['run']) {
    this.#run = run
  }

  get id(): string {
    return known('run', this.#run, 'id')
  }

  get repository(): string {
    return this.#known('repository')
  }

  get workflow(): string {
    return this.#known('workflow')
  }

  get commit(): string {
    return this.#known('commit')
  }

  get attempt(): string {
    return this.#known('attempt')
  }

  get launcher(): string {
    return this.#known('launcher')
  }

  get url(): string {
    return this.#known('url')
  }

  #known(name: keyof RunFacts): string {
    return known('run', this.#run?.facts, name)
  }
}

export class SessionView {
  readonly #session: Asker['session']

  constructor(session: Asker['session']) {
    this.#session = session
  }

  get id(): string {
    return this.#known('id')
  }

  get user(): string {
    return this.#known('user')
  }

  get database(): string {
    return this.#known('database')
  }

  get application(): string {
    return this.#known('application')
  }

  #known(name: keyof NonNullable<Asker['session']>): string {
    return known('session', this.#session, name)
  }
}
