import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HANDLERS, STATEMENT_TYPES } from './analyse.ts'
import { PLAIN, TYPED } from './walk.ts'

// The types of the grammar as libpg-query brings them: a new PostgreSQL brings new nodes, and each has to be judged here first.
const types = readFileSync(join(dirname(createRequire(import.meta.url).resolve('@pgsql/types')), 'types.d.ts'), 'utf8')
const nodes = new Map([...types.matchAll(/export interface (\w+) \{\n([^}]*)\}/g)].map((match) => [match[1] ?? '', match[2] ?? '']))

describe('the grammar of PostgreSQL', () => {
  it('has no statement that has not been judged', () => {
    const unjudged = [...nodes.keys()].filter((name) => name.endsWith('Stmt') && !STATEMENT_TYPES.has(name))
    expect(unjudged).toEqual([
      // Around each statement.
      'RawStmt',
      // Only behind the parser's back: analysis, PL/pgSQL.
      'SetOperationStmt',
      // In bodies of SQL functions; walked like any expression.
      'ReturnStmt',
      'PLAssignStmt',
      // Part of ALTER TABLE.
      'ReplicaIdentityStmt',
    ])
  })

  it('has no node that has not been judged', () => {
    const raw = [...nodes.keys()].filter((name) => !name.endsWith('Stmt') && !HANDLERS.has(name) && !PLAIN.has(name))
    expect(raw.filter((name) => !AFTER_PARSING.has(name))).toEqual(INSIDE_OTHERS)
  })

  it('has no field that holds a handled node without saying so', () => {
    const untold = [...nodes].flatMap(([node, fields]) =>
      [...fields.matchAll(/(\w+)\?: (\w+);/g)]
        .filter(([, field, type]) => HANDLERS.has(type ?? '') && TYPED.get(field ?? '') !== type)
        .map(([, field, type]) => `${node}.${field}: ${type}`),
    )
    expect(untold).toEqual([
      // Found by its relname.
      'PartitionCmd.name: RangeVar',
      // Found by their raw_expr.
      'JsonArgument.val: JsonValueExpr',
      'JsonFuncExpr.context_item: JsonValueExpr',
      'JsonTable.context_item: JsonValueExpr',
      'JsonKeyValue.value: JsonValueExpr',
      'JsonParseExpr.expr: JsonValueExpr',
      'JsonSerializeExpr.expr: JsonValueExpr',
      // Walked by what holds them.
      'JsonObjectAgg.arg: JsonKeyValue',
      'JsonArrayAgg.arg: JsonValueExpr',
      // PL/pgSQL only.
      'PLAssignStmt.val: SelectStmt',
      // Privileges by default: nothing in there is read.
      'AlterDefaultPrivilegesStmt.action: GrantStmt',
    ])
  })

  it('has fields that tell a node by themselves, in no other node that does not say its type', () => {
    const untold = new Set([...nodes.values()].flatMap((fields) => [...fields.matchAll(/\?: (\w+)(?:\[\])?;/g)].map(([, type]) => type)))
    const having = (field: string) =>
      [...nodes]
        .filter(([node, fields]) => fields.includes(`  ${field}?:`) && untold.has(node) && !AFTER_PARSING.has(node))
        .map(([node]) => node)
    expect([having('relname'), having('raw_expr')]).toEqual([['RangeVar'], ['JsonValueExpr']])
  })

  it('calls nothing by the name of a handled field that is another node', () => {
    const wrong = [...nodes].flatMap(([node, fields]) =>
      [...fields.matchAll(/(\w+)\?: (\w+);/g)]
        .filter(([, field, type]) => nodes.has(type ?? '') && TYPED.has(field ?? '') && TYPED.get(field ?? '') !== type)
        .map(([, field, type]) => `${node}.${field}: ${type}`),
    )
    expect(wrong).toEqual([])
  })
})

/** Nodes of analysed queries and plans, and of the other functions of libpg-query: none comes out of the parser. */
const AFTER_PARSING = new Set(
  `ParseResult ScanResult ScanToken SummaryResult Table Function FilterColumn OidList IntList TableFunc Var Param Aggref WindowFunc
   WindowFuncRunCondition SubscriptingRef FuncExpr OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan AlternativeSubPlan FieldSelect
   FieldStore RelabelType CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr CaseTestExpr ArrayExpr RowCompareExpr
   JsonConstructorExpr JsonExpr JsonTablePath JsonTablePathScan JsonTableSiblingJoin MergeAction CoerceToDomain CoerceToDomainValue
   NextValueExpr InferenceElem ReturningExpr TargetEntry RangeTblRef FromExpr OnConflictExpr Query RangeTblEntry RTEPermissionInfo
   RangeTblFunction TableSampleClause WithCheckOption SortGroupClause WindowClause RowMarkClause InlineCodeBlock CallContext`.split(/\s+/),
)

/** Walked by what holds them. */
const INSIDE_OTHERS = [
  'IntoClause',
  'JoinExpr',
  'RangeSubselect',
  'RangeFunction',
  'RangeTableFunc',
  'RangeTableSample',
  'LockingClause',
  'WithClause',
  'OnConflictClause',
  'CommonTableExpr',
  'MergeWhenClause',
  'JsonTable',
  'AlterTableCmd',
]
