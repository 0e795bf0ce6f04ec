import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCatalog, createCatalogInSlices, openCatalog } from './shared-catalog.ts'
import type { Snapshot } from './snapshot.ts'

const EMPTY: Snapshot = {
  serverVersion: 180_004,
  eventTriggers: false,
  schemas: ['public'],
  relations: [],
  inheritance: [],
  foreignKeys: [],
  triggers: [],
  rules: [],
  viewUses: [],
  viewCode: [],
  viewColumns: [],
  generated: [],
  policyUses: [],
  policyCode: [],
  expressions: [],
  functions: [],
  operators: [],
  types: [],
  columnTypes: [],
  casts: [],
  operatorClasses: [],
}

/** Few, so that they meet: also oids of what is not there. */
const oid = fc.constantFrom(0, 16, 23, 12_000, ...Array.from({ length: 12 }, (_, at) => 16_384 + at))
const oids = fc.array(oid, { maxLength: 4 })
const name = fc.constantFrom('a', 'b', '', 'lower', '__proto__', 'a\nb', '\u{1f600}', '"')
const names = fc.array(name, { maxLength: 3 })
const letter = (letters: string) => fc.constantFrom(...letters)
const many = <Row>(row: fc.Arbitrary<Row>) => fc.array(row, { maxLength: 8 })

const flow = fc.record({ from: many(fc.tuple(oid, fc.nat(4))), plain: fc.boolean(), calls: oids, known: fc.boolean() })

const snapshots: fc.Arbitrary<Snapshot> = fc.record({
  serverVersion: fc.constantFrom(150_000, 180_004),
  eventTriggers: fc.boolean(),
  schemas: names,
  relations: many(
    fc.record({
      oid,
      schema: name,
      name,
      kind: letter('rpvmfSiItcX'),
      rowSecurity: fc.boolean(),
      columns: names,
      of: oid,
      partitionKey: names,
      exclusion: fc.boolean(),
    }),
  ),
  inheritance: many(fc.tuple(oid, oid)),
  foreignKeys: many(
    fc.record({
      referenced: oid,
      key: names,
      referencing: oid,
      columns: names,
      deleteSets: names,
      onDelete: letter('acnrd'),
      onUpdate: letter('acnrd'),
      generated: fc.boolean(),
    }),
  ),
  triggers: many(fc.record({ relation: oid, type: fc.nat(127), function: oid, condition: fc.boolean() })),
  rules: oids,
  viewUses: many(fc.record({ view: oid, relation: oid, columns: names })),
  viewCode: many(fc.record({ view: oid, functions: oids, rows: fc.boolean(), types: oids, relations: oids })),
  viewColumns: many(fc.record({ view: oid, columns: many(flow) })),
  generated: many(fc.record({ relation: oid, column: name, flow })),
  policyUses: many(fc.record({ view: oid, relation: oid, columns: names })),
  policyCode: many(fc.record({ view: oid, functions: oids, rows: fc.boolean(), types: oids, relations: oids })),
  expressions: many(fc.record({ part: fc.constantFrom('write', 'both', 'policy', 'domain'), owner: oid, functions: oids })),
  functions: fc.uniqueArray(
    fc.record({
      oid,
      schema: fc.constantFrom('pg_catalog', 'public'),
      name,
      kind: letter('fpawX'),
      language: fc.constantFrom('internal', 'c', 'sql', 'plpgsql'),
      volatility: letter('isvX'),
      extension: fc.option(name, { nil: undefined }),
      talkative: fc.boolean(),
      parts: oids,
      symbol: fc.option(name, { nil: undefined }),
    }),
    { maxLength: 8, selector: (row) => row.oid },
  ),
  operators: many(fc.record({ schema: name, name, function: oid })),
  types: many(fc.record({ oid, schema: name, name, kind: letter('bcdermpX'), relation: oid, of: oid, io: oids, range: oids })),
  columnTypes: many(fc.record({ relation: oid, type: oid, rowsOf: oid })),
  casts: many(fc.record({ source: oid, target: oid, function: oid, sourceRows: oid, targetRows: oid })),
  operatorClasses: many(fc.record({ type: oid, functions: oids })),
})

describe('a catalog made of a snapshot', () => {
  it('is made of anything, types of themselves and what is not there included, and is the same in every thread', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const catalog = createCatalog(snapshot)
        const opened = openCatalog(catalog.shared)
        expect(opened.version).toBe(catalog.version)
        for (const { schema, name: called, oid: number } of snapshot.relations) {
          expect(opened.relation(schema, called)).toEqual(catalog.relation(schema, called))
          expect(opened.relationByOid(number)).toEqual(catalog.relationByOid(number))
          expect(opened.userTypes(called)).toEqual(catalog.userTypes(called))
        }
      }),
      { numRuns: 500 },
    )
  })
  it('calls nothing harmless that is written in a language of users', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const catalog = createCatalog(snapshot)
        for (const { name: called } of snapshot.functions) {
          const trusted = catalog.userFunctions(called).filter(({ harmless }) => harmless)
          for (const each of trusted) expect(each.kind === 'aggregate' || !['sql', 'plpgsql'].includes(each.language)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
  it('has another version when anything in it is another', () => {
    const table = {
      oid: 20_000,
      schema: 'public',
      name: 't',
      kind: 'r',
      rowSecurity: false,
      columns: ['a'],
      of: 0,
      partitionKey: [],
      exclusion: false,
    }
    const version = (relations: Snapshot['relations']) => createCatalog({ ...EMPTY, relations }).version
    expect(version([table])).toBe(version([{ ...table }]))
    expect(
      new Set([version([]), version([table]), version([{ ...table, columns: ['b'] }]), version([{ ...table, oid: 20_001 }])]).size,
    ).toBe(4)
  })
  it('lets the event loop turn while 20,000 relations become one', async () => {
    const relations = Array.from({ length: 20_000 }, (_, at) => ({
      oid: 20_000 + at,
      schema: 'public',
      name: `relation_${at}`,
      kind: 'r',
      rowSecurity: false,
      columns: Array.from({ length: 12 }, (_, column) => `column_${column}`),
      of: 0,
      partitionKey: [],
      exclusion: false,
    }))
    let longest = 0
    let last = process.threadCpuUsage()
    const turn = () => {
      const { user, system } = process.threadCpuUsage(last)
      longest = Math.max(longest, (user + system) / 1_000)
      last = process.threadCpuUsage()
      timer = setImmediate(turn)
    }
    let timer = setImmediate(turn)
    const catalog = await createCatalogInSlices({ ...EMPTY, relations })
    clearImmediate(timer)
    expect(catalog.relations).toBe(20_000)
    // ms of this thread, so that a busy machine does not count.
    expect(longest).toBeLessThan(50)
  })
})
