import { type RuleNode, type RuleValue, readRuleTree } from './rule-tree.ts'

/** What flows into a column, as a stored tree says it. */
export interface Flow {
  /** Relation and attnum; 0 for whole rows. */
  readonly from: readonly (readonly [relation: number, column: number])[]
  /** It is the only one of `from`, handed through unchanged. */
  readonly plain: boolean
  /** Functions that may have part in its value. */
  readonly calls: readonly number[]
  /** Nothing else has: every node was one that is known. */
  readonly known: boolean
}

/** Steps that one definition may take; one that joins a hundred tables takes some ten thousand. */
const MOST_STEPS = 300_000

/**
 * What each column of a view is made of. Conditions of the view itself (WHERE, ON, GROUP BY …) are no part of its values; what a value is
 * compared, ordered or partitioned by within an expression is.
 *
 * @param tree pg_rewrite.ev_action
 * @returns in order; undefined where it cannot be told
 */
export function viewFlow(tree: string): readonly Flow[] | undefined {
  const [query, ...others] = listOf(readRuleTree(tree))
  if (others.length > 0 || !isNode(query) || query.type !== 'QUERY') return undefined
  return bounded((walk) => {
    const scope: Scope = { query, parent: undefined }
    return targets(query).map((target, index) => freeze(walk.column(scope, index + 1), walk.isPlain(scope, target)))
  })
}

/** What a generated column is made of. @param tree pg_attrdef.adbin @param relation that it is a column of */
export function generatedFlow(tree: string, relation: number): Flow {
  const expression = readRuleTree(tree)
  const table: RuleNode = { type: 'RANGETBLENTRY', fields: new Map([...KIND_RELATION, ['relid', String(relation)]]) }
  const query: RuleNode = { type: 'QUERY', fields: new Map([['rtable', [table]]]) }
  const flow = bounded((walk) => {
    const found = nothing()
    walk.value(expression, { query, parent: undefined }, found)
    return freeze(found, undefined)
  })
  return (expression === undefined ? undefined : flow) ?? { from: [[relation, 0]], plain: false, calls: [], known: false }
}

const KIND_RELATION: readonly (readonly [string, string])[] = [['rtekind', '0']]

class TooLong extends Error {}

function bounded<Result>(read: (walk: Walk) => Result): Result | undefined {
  try {
    return read(new Walk())
  } catch (error) {
    // A tree that leads deeper than the stack goes is not read either.
    if (error instanceof TooLong || error instanceof RangeError) return undefined
    throw error
  }
}

/** A query, and those around it. */
interface Scope {
  readonly query: RuleNode
  readonly parent: Scope | undefined
}

interface Found {
  /** `relation attnum` */
  readonly from: Set<string>
  readonly calls: Set<number>
  known: boolean
}

const nothing = (): Found => ({ from: new Set(), calls: new Set(), known: true })

function freeze({ from, calls, known }: Found, plain: string | undefined): Flow {
  return {
    from: [...from].map((each) => each.split(' ').map(Number) as [number, number]),
    plain: plain !== undefined && from.size === 1 && from.has(plain),
    calls: [...calls],
    known,
  }
}

/** RTEKind of parsenodes.h. */
const KINDS = ['relation', 'subquery', 'join', 'function', 'tablefunc', 'values', 'cte', 'transition', 'result', 'group'] as const

/** Nodes that are nothing but what is in them; PostgreSQL 15 calls some of them by shorter names. */
const KNOWN: ReadonlySet<string> = new Set(
  `AGGREF ALIAS ARRAY ARRAYCOERCEEXPR ARRAYEXPR BOOLEANTEST BOOLEXPR CASE CASEEXPR CASETESTEXPR CASEWHEN COALESCE COALESCEEXPR COERCETODOMAIN
   COERCETODOMAINVALUE COERCEVIAIO COLLATE COLLATEEXPR COMMONTABLEEXPR CONST CONVERTROWTYPEEXPR DISTINCTEXPR FIELDSELECT FIELDSTORE FROMEXPR
   FUNCEXPR GROUPINGFUNC GROUPINGSET JOINEXPR JSONBEHAVIOR JSONCONSTRUCTOREXPR JSONEXPR JSONFORMAT JSONISPREDICATE JSONRETURNING
   JSONTABLEPATH JSONTABLEPATHSCAN JSONTABLESIBLINGJOIN JSONVALUEEXPR MINMAX MINMAXEXPR NAMEDARGEXPR NULLIFEXPR NULLTEST OPEXPR PARAM QUERY
   RANGETBLENTRY RANGETBLFUNCTION RANGETBLREF RELABELTYPE ROW ROWCOMPARE ROWCOMPAREEXPR ROWEXPR ROWMARKCLAUSE RTE RTEPERMISSIONINFO
   SCALARARRAYOPEXPR SETOPERATIONSTMT SORTGROUPCLAUSE SQLVALUEFUNCTION SUBLINK SUBSCRIPTINGREF TABLEFUNC TABLESAMPLECLAUSE TARGETENTRY VAR
   WHEN WINDOWCLAUSE WINDOWFUNC XMLEXPR`.split(/\s+/),
)

/** Fields that name a function: as `functionsIn` of the queries has them. */
const CALLS = ['funcid', 'opfuncid', 'aggfnoid', 'winfnoid', 'tsmhandler', 'startInRangeFunc', 'endInRangeFunc'] as const

/** pg_proc.oid of count(*), count("any") and pg_typeof, which come with PostgreSQL (pg_proc.dat). */
const COUNTS: ReadonlySet<number> = new Set([2803, 2147])
const TYPE_OF = 1619

/** SubLinkType of primnodes.h: the value is that of the columns of the subquery. */
const SHOWS: ReadonlySet<string> = new Set(['4', '5', '6'])

class Walk {
  #steps = 0
  /** Columns of what stands in FROM that were worked out, by their entry. */
  readonly #columns = new Map<RuleNode, Map<number, Found>>()
  readonly #queryColumns = new Map<RuleNode, Map<number, Found>>()

  /** Column of the result of a query, counted from 1; 0 for all of them. */
  column(scope: Scope, number: number): Found {
    const { query } = scope
    const known = memo(this.#queryColumns, query, number)
    if (known.found) return known.found
    const found = nothing()
    // What leads back to itself adds nothing to itself.
    known.set(found)
    const all = targets(query)
    const arms = armsOf(query.fields.get('setOperations'))
    const picked = number === 0 ? all : all.slice(number - 1, number)
    // SEARCH and CYCLE add columns that hold values of others.
    for (const target of picked.length > 0 ? picked : all) this.value(target, scope, found)
    for (const arm of arms) this.#add(found, this.#entryColumn(scope, arm, picked.length > 0 ? number : 0))
    return found
  }

  /** `relation attnum` where a result is a column handed through. */
  isPlain(scope: Scope, target: RuleNode): string | undefined {
    if (armsOf(scope.query.fields.get('setOperations')).length > 0) return undefined
    let value = target.fields.get('expr')
    let at: Scope | undefined = scope
    for (let steps = 0; steps < 1_000 && at && isNode(value) && value.type === 'VAR'; steps++) {
      const place = upTo(at, number(value, 'varlevelsup'))
      const entry: RuleNode | undefined = place && entryAt(place.query, number(value, 'varno'))
      const column = number(value, 'varattno')
      if (!place || !entry || column <= 0) return undefined
      switch (kindOf(entry)) {
        case 'relation':
          return `${number(entry, 'relid')} ${column}`
        case 'join':
          value = listOf(entry.fields.get('joinaliasvars'))[column - 1]
          at = place
          break
        case 'group':
          value = listOf(entry.fields.get('groupexprs'))[column - 1]
          at = place
          break
        case 'subquery':
        case 'cte': {
          const inner = kindOf(entry) === 'cte' ? cteOf(place, entry) : innerOf(place, entry)
          if (!inner || armsOf(inner.query.fields.get('setOperations')).length > 0) return undefined
          value = targets(inner.query)[column - 1]?.fields.get('expr')
          at = inner
          break
        }
        default:
          return undefined
      }
    }
    return undefined
  }

  /** Everything that may flow into a value. */
  value(value: RuleValue | undefined, scope: Scope, into: Found): void {
    this.#steps += 1
    if (this.#steps > MOST_STEPS) throw new TooLong()
    if (value === undefined || typeof value === 'string') return
    if (!isNode(value)) {
      for (const each of value) this.value(each, scope, into)
      return
    }
    const { type, fields } = value
    switch (type) {
      case 'VAR':
        this.#reference(value, scope, into)
        return
      case 'QUERY':
        this.#all(value, { query: value, parent: scope }, into)
        return
      case 'SUBLINK':
        this.#subLink(value, scope, into)
        return
      case 'NULLTEST':
        if (this.#isColumn(fields.get('arg'), scope)) return
        break
      case 'GROUPINGFUNC':
        return
      case 'FUNCEXPR':
        if (number(value, 'funcid') === TYPE_OF) return
        break
      case 'AGGREF':
        if (COUNTS.has(number(value, 'aggfnoid')) && this.#countsColumn(value, scope)) {
          this.value(fields.get('aggfilter'), scope, into)
          return
        }
        break
      case 'WINDOWFUNC':
        this.#window(value, scope, into)
        break
    }
    if (!KNOWN.has(type)) into.known = false
    this.#all(value, scope, into)
  }

  #all(node: RuleNode, scope: Scope, into: Found): void {
    for (const name of CALLS) {
      const oid = node.fields.has(name) ? number(node, name) : 0
      if (oid > 0) into.calls.add(oid)
    }
    for (const value of node.fields.values()) if (typeof value !== 'string') this.value(value, scope, into)
  }

  #reference(reference: RuleNode, scope: Scope, into: Found): void {
    const place = upTo(scope, number(reference, 'varlevelsup'))
    const column = number(reference, 'varattno')
    // ctid, tableoid and the like say nothing of what is in the row.
    if (column < 0) return
    if (place) this.#add(into, this.#entryColumn(place, number(reference, 'varno'), column))
    else into.known = false
  }

  /** A column of something in FROM; 0 for its whole row. */
  #entryColumn(scope: Scope, index: number, column: number): Found {
    const entry = entryAt(scope.query, index)
    if (!entry) return { ...nothing(), known: false }
    const known = memo(this.#columns, entry, column)
    if (known.found) return known.found
    const found = nothing()
    known.set(found)
    const { fields } = entry
    const pick = (name: string) => {
      const all = listOf(fields.get(name))
      this.value(column === 0 ? all : all[column - 1], scope, found)
    }
    switch (kindOf(entry)) {
      case 'relation':
        found.from.add(`${number(entry, 'relid')} ${column}`)
        break
      case 'subquery': {
        const inner = innerOf(scope, entry)
        if (inner) this.#add(found, this.column(inner, column))
        else found.known = false
        break
      }
      case 'cte': {
        const inner = cteOf(scope, entry)
        // Columns of what refers to itself may go round into one another.
        if (inner) this.#add(found, this.column(inner, inner.recursive ? 0 : column))
        else found.known = false
        break
      }
      case 'join':
        pick('joinaliasvars')
        break
      case 'group':
        pick('groupexprs')
        break
      case 'values':
        for (const row of listOf(fields.get('values_lists'))) this.value(column === 0 ? row : listOf(row)[column - 1], scope, found)
        break
      case 'function':
        this.value(fields.get('functions'), scope, found)
        break
      case 'tablefunc':
        this.value(fields.get('tablefunc'), scope, found)
        break
      case 'result':
        break
      default:
        found.known = false
        this.#all(entry, scope, found)
    }
    return found
  }

  #subLink(node: RuleNode, scope: Scope, into: Found): void {
    const query = node.fields.get('subselect')
    if (!SHOWS.has(String(node.fields.get('subLinkType'))) || !isNode(query)) {
      this.#all(node, scope, into)
      return
    }
    this.#add(into, this.column({ query, parent: scope }, 0))
    this.value(node.fields.get('testexpr'), scope, into)
  }

  /** PARTITION BY, ORDER BY and the frame stand beside the query. */
  #window(node: RuleNode, scope: Scope, into: Found): void {
    const all = targets(scope.query, true)
    for (const clause of listOf(scope.query.fields.get('windowClause'))) {
      if (!isNode(clause) || number(clause, 'winref') !== number(node, 'winref')) continue
      this.#all(clause, scope, into)
      for (const name of ['partitionClause', 'orderClause']) {
        for (const sort of listOf(clause.fields.get(name))) {
          if (!isNode(sort)) continue
          const group = number(sort, 'tleSortGroupRef')
          for (const target of all) if (number(target, 'ressortgroupref') === group) this.value(target.fields.get('expr'), scope, into)
        }
      }
    }
  }

  #countsColumn(aggregate: RuleNode, scope: Scope): boolean {
    return listOf(aggregate.fields.get('args')).every((arg) => isNode(arg) && this.#isColumn(arg.fields.get('expr'), scope))
  }

  #isColumn(value: RuleValue | undefined, scope: Scope): boolean {
    if (!isNode(value) || value.type !== 'VAR') return false
    return this.isPlain(scope, { type: 'TARGETENTRY', fields: new Map([['expr', value]]) }) !== undefined
  }

  #add(into: Found, { from, calls, known }: Found): void {
    this.#steps += from.size + calls.size
    if (this.#steps > MOST_STEPS) throw new TooLong()
    for (const each of from) into.from.add(each)
    for (const each of calls) into.calls.add(each)
    into.known &&= known
  }
}

function memo(all: Map<RuleNode, Map<number, Found>>, of: RuleNode, number: number) {
  let columns = all.get(of)
  if (!columns) {
    columns = new Map()
    all.set(of, columns)
  }
  const into = columns
  return { found: into.get(number), set: (found: Found) => into.set(number, found) }
}

const isNode = (value: RuleValue | undefined): value is RuleNode => typeof value === 'object' && 'type' in value

const listOf = (value: RuleValue | undefined): readonly RuleValue[] =>
  value === undefined || typeof value === 'string' || isNode(value) ? [] : value

function number(node: RuleNode, field: string): number {
  const value = Number(node.fields.get(field))
  return Number.isSafeInteger(value) ? value : 0
}

/** The results of a query in order. @param all those too that are only sorted or grouped by */
function targets(query: RuleNode, all = false): RuleNode[] {
  return listOf(query.fields.get('targetList')).filter(
    (each): each is RuleNode => isNode(each) && (all || each.fields.get('resjunk') !== 'true'),
  )
}

/** Numbers of the entries that a set operation puts together. */
function armsOf(value: RuleValue | undefined): readonly number[] {
  if (!isNode(value)) return []
  if (value.type === 'RANGETBLREF') return [number(value, 'rtindex')]
  return [...armsOf(value.fields.get('larg')), ...armsOf(value.fields.get('rarg'))]
}

function entryAt(query: RuleNode, index: number): RuleNode | undefined {
  const entry = listOf(query.fields.get('rtable'))[index - 1]
  return isNode(entry) ? entry : undefined
}

const kindOf = (entry: RuleNode): (typeof KINDS)[number] | undefined => KINDS[number(entry, 'rtekind')]

function upTo(scope: Scope, levels: number): Scope | undefined {
  let at: Scope | undefined = scope
  for (let left = levels; left > 0; left--) at = at?.parent
  return at
}

function innerOf(scope: Scope, entry: RuleNode): Scope | undefined {
  const query = entry.fields.get('subquery')
  return isNode(query) ? { query, parent: scope } : undefined
}

function cteOf(scope: Scope, entry: RuleNode): (Scope & { readonly recursive: boolean }) | undefined {
  const owner = upTo(scope, number(entry, 'ctelevelsup'))
  const name = entry.fields.get('ctename')
  for (const cte of listOf(owner?.query.fields.get('cteList'))) {
    if (!isNode(cte) || cte.fields.get('ctename') !== name) continue
    const query = cte.fields.get('ctequery')
    return isNode(query) ? { query, parent: owner, recursive: cte.fields.get('cterecursive') === 'true' } : undefined
  }
  return undefined
}
