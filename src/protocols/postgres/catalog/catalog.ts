/** A snapshot of what the names of one target database mean. Immutable. */
export interface Catalog {
  /** Digest of its content, `sha256:…`. The same content has the same version. */
  readonly version: string
  /** `server_version_num`, such as 150004. */
  readonly serverVersion: number
  hasSchema(name: string): boolean
  relation(schema: string, name: string): Relation | undefined
  relationByOid(oid: number): Relation | undefined
  /**
   * Functions, procedures and aggregates of that name in every schema. In pg_catalog and information_schema only what does not come with
   * PostgreSQL: an overload there may be meant where a built-in function is called.
   */
  userFunctions(name: string): readonly UserFunction[]
  /** Operators of that name in every schema; in pg_catalog those that do not come with PostgreSQL. */
  userOperators(name: string): readonly UserOperator[]
  /** Types in every schema but pg_catalog and information_schema. */
  userType(schema: string, name: string): UserType | undefined
  /** Types of this name in every schema. */
  userTypes(name: string): readonly UserType[]
  /** A type that does not come with PostgreSQL, those of rows left out. */
  userTypeByOid(oid: number): UserType | undefined
  /** Event triggers are enabled: any DDL runs user code. */
  readonly eventTriggers: boolean
  /** Whether there is code of users that is not harmless behind the casts, or behind input and constraints, of any user type. */
  readonly typeCode: { readonly casts: boolean; readonly inputs: boolean }
}

export type RelationKind =
  | 'table'
  | 'partitioned table'
  | 'view'
  | 'materialized view'
  | 'foreign table'
  | 'sequence'
  | 'index'
  | 'toast'
  | 'composite type'

export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: RelationKind
  /** In order; dropped ones left out. */
  readonly columns: readonly string[]
  /** attnum of each of `columns`; absent where they are 1, 2, 3 and so on. */
  readonly numbers?: readonly number[]
  /** atttypid of each of `columns`. */
  readonly types?: readonly number[]
  /** Columns that are computed from others of the row. Absent: none. */
  readonly generated?: readonly ({ readonly column: string } & ColumnLineage)[]
  /** Inheritance and partitions, direct ones; oids. */
  readonly parents: readonly number[]
  readonly children: readonly number[]
  /** Tables whose rows change when rows of this one are deleted or updated: foreign keys with CASCADE, SET NULL, SET DEFAULT. */
  readonly cascades: readonly Cascade[]
  /** Every table with a foreign key on this one, whatever its action. */
  readonly referencedBy: readonly number[]
  /** TOAST: the table that it belongs to. Index: the table it is on. */
  readonly of?: number
  /** Views and materialized views. Absent elsewhere. */
  readonly view?: ViewFacts
  /** Row security, where it has policies. */
  readonly policies?: Policies
  /** Of a partitioned table: the columns of its key, `*` where it has expressions. An UPDATE of one may move rows to other partitions. */
  readonly partitionKey?: readonly string[]
  /** An exclusion constraint is on it: the error of a row that it refuses shows another row. */
  readonly exclusion?: true
  /** Has rewrite rules besides a view's own: a statement on it may do anything that they say. */
  readonly rules: boolean
  /** User triggers that fire on these; internal ones of foreign keys are not among them. */
  readonly triggers: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
  /**
   * Row security, generated columns, defaults, CHECK constraints, partition keys or index expressions that call functions which are not
   * harmless, or columns of types with such code behind them.
   */
  readonly userCode: { readonly onRead: boolean; readonly onWrite: boolean }
}

/** What a column of a view, or one that is generated, is made of. */
export interface ColumnLineage {
  /** Columns that may flow into it, by relation; `*` for whole rows. What is named here may itself be of a view. */
  readonly from: readonly { readonly relation: number; readonly columns: readonly string[] }[]
  /** It is the only one of `from`, handed through unchanged. */
  readonly plain: boolean
  /** It is made of nothing but those, constants, and functions, operators and casts whose flow is known. */
  readonly certain: boolean
}

export interface Cascade {
  readonly relation: number
  readonly on: 'delete' | 'update'
  /** Columns there that are set; empty where its rows are deleted. */
  readonly columns: readonly string[]
  /** Columns here that the foreign key is on: an UPDATE of none of them does not cascade. `*` where one of them is computed from others. */
  readonly key: readonly string[]
}

/**
 * What reading (or writing through) a view comes to, directly; what it reads may be views again. Views that come with PostgreSQL (oid below
 * 16384) are leaves, with nothing in either list: what reading them comes to goes by their name.
 */
export interface ViewFacts {
  /** Relations that its definition names, with the columns that it uses of each (pg_depend); `*` where it may use whole rows. */
  readonly uses: readonly { readonly relation: number; readonly columns: readonly string[] }[]
  /**
   * Functions that its definition calls, as `schema.name`, built-in ones included; absent where the definition could not be read:
   * then the view is opaque. Operators, casts and types count as the functions behind them.
   */
  readonly calls?: readonly string[]
  /**
   * What each column is made of, in order. Absent where the definition could not be read: then each may be made of all that it uses, and
   * of more.
   */
  readonly columns?: readonly ColumnLineage[]
}

/** What the policies of a table come to, all of them together: which apply depends on the role and the command. */
export interface Policies extends ViewFacts {
  /** Row security is enabled; otherwise none of them applies. */
  readonly enabled: boolean
}

/** Code of users: what it does is not known. C functions of extensions that are immutable or stable are taken at their word. */
export interface UserFunction {
  readonly schema: string
  readonly name: string
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window'
  readonly language: string
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  /** Belongs to an extension. */
  readonly extension?: string
  /** Immutable or stable, in C, of an extension: calling it has no effect of its own. */
  readonly harmless: boolean
}

export interface UserOperator {
  readonly schema: string
  readonly name: string
  readonly harmless: boolean
}

export interface UserType {
  readonly schema: string
  readonly name: string
  readonly kind: 'base' | 'composite' | 'domain' | 'enum' | 'range' | 'multirange' | 'pseudo'
  /** Input, casts and constraints are built in, or harmless code of an extension: making a value of it has no effect. */
  readonly harmless: boolean
  /** pg_type.oid; absent for types of the rows of tables and views. */
  readonly oid?: number
  /** Of an enum: its labels, in order. */
  readonly labels?: readonly string[]
  /** Of a domain: the pg_type.oid that it is over, which may be another domain. */
  readonly base?: number
}
