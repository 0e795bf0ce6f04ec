import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generatedFlow, viewFlow } from './rule-flow.ts'
import { type RuleNode, readRuleTree } from './rule-tree.ts'

/** `SELECT id, upper(email) FROM t` over a relation 20000, as PostgreSQL 18 stores it; shortened to the fields that matter. */
const VIEW = `({QUERY :commandType 1 :querySource 0 :rtable ({RANGETBLENTRY :alias <> :eref {ALIAS :aliasname t :colnames ("id" "email" ":x\\ y")} :rtekind 0 :relid 20000 :inh true})
 :jointree {FROMEXPR :fromlist ({RANGETBLREF :rtindex 1}) :quals {OPEXPR :opno 521 :opfuncid 147 :args ({VAR :varno 1 :varattno 3 :vartype 23 :varlevelsup 0} {CONST :consttype 23 :constvalue 4 [ 0 0 0 0 0 0 0 0 ]})}}
 :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1 :vartype 23 :varnullingrels (b) :varlevelsup 0} :resno 1 :resname :id :resjunk false}
 {TARGETENTRY :expr {FUNCEXPR :funcid 871 :args ({VAR :varno 1 :varattno 2 :vartype 25 :varlevelsup 0})} :resno 2 :resname up\\ per :resjunk false}
 {TARGETENTRY :expr {VAR :varno 1 :varattno 4 :varlevelsup 0} :resno 3 :resname <> :resjunk true})
 :windowClause <> :setOperations <> :stmt_len 0})`

const plain = (relation: number, column: number) => ({ from: [[relation, column]], plain: true, calls: [], known: true })

describe('a stored tree', () => {
  it('is read by brackets, names of fields, and tokens', () => {
    expect(readRuleTree('(i 1 2)')).toEqual(['i', '1', '2'])
    expect(readRuleTree('(a\\ b "c" <> (b))')).toEqual(['a\\ b', '"c"', '<>', ['b']])
    const node = readRuleTree('{CONST :value 4 [ 1 0 ] :name :other :list ({A :b c})}') as RuleNode
    expect(node.type).toBe('CONST')
    expect(Object.fromEntries(node.fields)).toEqual({ value: '4', name: ':other', list: [{ type: 'A', fields: new Map([['b', 'c']]) }] })
  })
  it.each(['', '{', '(', '(a', '{A :b', '{A b c}', 'a b', '(a))', '{A :b (}', '\\'])('is none: %j', (text) => {
    const read = readRuleTree(text)
    expect(text === '\\' ? typeof read : read).toBe(text === '\\' ? 'string' : undefined)
  })
  it('is not followed without end', () => {
    expect(readRuleTree(`${'('.repeat(5_000)}${')'.repeat(5_000)}`)).toBeUndefined()
    const deep = `${'{X :a '.repeat(900)}b${'}'.repeat(900)}`
    expect(readRuleTree(deep)).toBeDefined()
    expect(generatedFlow(deep, 1)).toEqual({ from: [], plain: false, calls: [], known: false })
  })
})

describe('what flows into the columns of a view', () => {
  it('goes by its results, not by its conditions', () => {
    expect(viewFlow(VIEW)).toEqual([plain(20_000, 1), { from: [[20_000, 2]], plain: false, calls: [871], known: true }])
  })
  it('cannot be told of what is no query', () => {
    for (const text of ['', '()', '({A :b c})', `${VIEW.slice(0, -1)} {QUERY :a b})`, VIEW.slice(0, -3)])
      expect(viewFlow(text)).toBeUndefined()
  })
  it('is not certain where a node is not known, or leads nowhere', () => {
    const known = (text: string) => viewFlow(text)?.map((flow) => flow.known)
    expect(known(VIEW.replace('FUNCEXPR', 'NEWEXPR'))).toEqual([true, false])
    expect(known(VIEW.replace(':varno 1 :varattno 2', ':varno 7 :varattno 2'))).toEqual([true, false])
    expect(known(VIEW.replace(':varattno 2 :vartype 25 :varlevelsup 0', ':varattno 2 :vartype 25 :varlevelsup 3'))).toEqual([true, false])
    expect(known(VIEW.replace(':rtekind 0', ':rtekind 7'))).toEqual([false, false])
    expect(known(VIEW.replace(':rtekind 0', ':rtekind 42'))).toEqual([false, false])
  })
  it('ends where a query stands in itself', () => {
    const cte = `({QUERY :cteList ({COMMONTABLEEXPR :ctename a :ctequery {QUERY :rtable ({RANGETBLENTRY :rtekind 6 :ctename a :ctelevelsup 1})
      :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1 :varlevelsup 0} :resjunk false})}})
      :rtable ({RANGETBLENTRY :rtekind 6 :ctename a :ctelevelsup 0}) :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1 :varlevelsup 0} :resjunk false})})`
    expect(viewFlow(cte)).toEqual([{ from: [], plain: false, calls: [], known: true }])
  })
  it('is given up where it would take too long', () => {
    const wide = `(${Array.from({ length: 700 }, (_, i) => `{VAR :varno 1 :varattno ${i + 1} :varlevelsup 0}`).join(' ')})`
    const target = `{TARGETENTRY :expr ${wide} :resjunk false}`
    expect(
      viewFlow(`({QUERY :rtable ({RTE :rtekind 0 :relid 5}) :targetList (${Array.from({ length: 600 }, () => target).join(' ')})})`),
    ).toBeUndefined()
  })
  it('is told or not of whatever text, in time', () => {
    const pieces = VIEW.split(/(?=[ {}()])/)
    const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 }))
    let read = 0
    fc.assert(
      fc.property(fc.nat(pieces.length - 1), fc.nat(pieces.length), fc.array(piece, { maxLength: 3 }), (from, length, instead) => {
        const text = [...pieces.slice(0, from), ...instead, ...pieces.slice(from + (length % 4))].join('')
        const flows = viewFlow(text)
        if (flows) read++
        for (const flow of flows ?? []) expect(flow.from.every(([relation, column]) => relation >= 0 && column >= 0)).toBe(true)
        generatedFlow(text, 1)
      }),
      { numRuns: 1_000 },
    )
    // What is no tree any more proves nothing.
    expect(read).toBeGreaterThan(200)
  })
})
