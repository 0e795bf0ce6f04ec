import type { Flow } from './rule-flow.ts'

/** What was read of a target's catalog, as it stands there. Oids are numbers; 0 is none. */
export interface Snapshot {
  readonly serverVersion: number
  readonly eventTriggers: boolean
  readonly schemas: readonly string[]
  /** By oid. */
  readonly relations: readonly RelationRow[]
  /** Child and parent. */
  readonly inheritance: readonly (readonly [child: number, parent: number])[]
  readonly foreignKeys: readonly ForeignKeyRow[]
  readonly triggers: readonly TriggerRow[]
  /** Relations that have rewrite rules besides a view's own. */
  readonly rules: readonly number[]
  readonly viewUses: readonly { readonly view: number; readonly relation: number; readonly columns: readonly string[] }[]
  readonly viewCode: readonly ViewCodeRow[]
  /** What the columns of views are made of; a view whose definition could not be read is not among them. */
  readonly viewColumns: readonly { readonly view: number; readonly columns: readonly Flow[] }[]
  /** Columns that are computed from others. */
  readonly generated: readonly { readonly relation: number; readonly column: string; readonly flow: Flow }[]
  /** What the policies of a table use and call, as for a view. */
  readonly policyUses: Snapshot['viewUses']
  readonly policyCode: readonly ViewCodeRow[]
  readonly expressions: readonly ExpressionRow[]
  readonly functions: readonly FunctionRow[]
  readonly operators: readonly { readonly schema: string; readonly name: string; readonly function: number }[]
  readonly types: readonly TypeRow[]
  readonly columnTypes: readonly ColumnTypeRow[]
  readonly casts: readonly CastRow[]
  readonly operatorClasses: readonly { readonly type: number; readonly functions: readonly number[] }[]
}

export interface RelationRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** pg_class.relkind */
  readonly kind: string
  readonly rowSecurity: boolean
  readonly columns: readonly string[]
  /** attnum of each of them; absent: 1, 2, 3 and so on. */
  readonly numbers?: readonly number[]
  /** atttypid of each of them; absent: not known. */
  readonly types?: readonly number[]
  /** Of an index or a TOAST table: its table. */
  readonly of: number
  /** Of a partitioned table: the columns of its key; `*` where it has expressions. */
  readonly partitionKey: readonly string[]
  /** An exclusion constraint is on it. */
  readonly exclusion: boolean
}

export interface ForeignKeyRow {
  readonly referenced: number
  readonly key: readonly string[]
  readonly referencing: number
  readonly columns: readonly string[]
  /** Those that ON DELETE sets, where it names some. */
  readonly deleteSets: readonly string[]
  /** pg_constraint.confdeltype, confupdtype */
  readonly onDelete: string
  readonly onUpdate: string
  /** A column of `key` is computed from others. */
  readonly generated: boolean
}

export interface TriggerRow {
  readonly relation: number
  /** pg_trigger.tgtype */
  readonly type: number
  readonly function: number
  readonly condition: boolean
}

export interface ViewCodeRow {
  readonly view: number
  readonly functions: readonly number[]
  /** It may use whole rows of what it names. */
  readonly rows: boolean
  readonly types: readonly number[]
  /** Everything that it names; the view itself may be among it. */
  readonly relations: readonly number[]
}

/** Functions that an expression of a relation or domain calls, and when it runs. */
export interface ExpressionRow {
  readonly part: 'write' | 'both' | 'policy' | 'domain'
  readonly owner: number
  readonly functions: readonly number[]
}

export interface FunctionRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** pg_proc.prokind */
  readonly kind: string
  readonly language: string
  /** pg_proc.provolatile */
  readonly volatility: string
  readonly extension: string | undefined
  /** Has arguments through which SQL, or the name of something, can come in. */
  readonly talkative: boolean
  /** Of an aggregate: the functions that it is made of. */
  readonly parts: readonly number[]
  /** Of a function in the language `internal` that does not come with PostgreSQL: what it is inside. */
  readonly symbol: string | undefined
}

export interface TypeRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** pg_type.typtype */
  readonly kind: string
  /** Of a composite type: its pg_class row. */
  readonly relation: number
  /** What it is made of: base of a domain, element of an array, subtype of a range. */
  readonly of: number
  /** Input, output and modifier functions. */
  readonly io: readonly number[]
  /** Canonical and difference function of a range. */
  readonly range: readonly number[]
  /** Of an enum. */
  readonly labels?: readonly string[]
}

/** A column type that is not built in. */
export interface ColumnTypeRow {
  readonly relation: number
  readonly type: number
  /** Where the type is one of rows: their pg_class row. */
  readonly rowsOf: number
}

export interface CastRow {
  readonly source: number
  readonly target: number
  /** 0: none is needed. */
  readonly function: number
  /** Where they are types of rows: their pg_class rows. */
  readonly sourceRows: number
  readonly targetRows: number
}
