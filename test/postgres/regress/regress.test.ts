import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createUnderstanding } from '../../../src/protocols/postgres/sql/index.ts'
import { found, needs } from '../../parts/require.ts'
import { seeded } from '../../parts/seeded.ts'
import { durationOr, patience, seedOr, shown } from '../../parts/soak.ts'
import { regressFiles } from './files.ts'
import { LiveCatalog } from './live-catalog.ts'
import { startObserved } from './observed.ts'
import { DATABASE, type RegressServer, startRegressServer } from './run-psql.ts'
import { Shares } from './shares.ts'
import { statementsOf } from './statements.ts'

/*
 * Nobody wrote PostgreSQL's regression tests with a gateway in mind. Every statement of them is read; and the server is asked, of a sample,
 * which relations a statement has locked. With GATESCRIBE_SOAK the files run in their own order for that long.
 * GATESCRIBE_REGRESS_OUT=<file> gets the shares of each file as JSON.
 */

const TEST = 'test/postgres/regress/regress.test.ts'
/** ms: the deadline of a thread, and what a machine that is busy adds to it. */
const LONGEST = 250 + 250
/** ms that the sample takes in CI. */
const SAMPLE = 40_000
/** One of so many statements is looked at. */
const EACH = 5
/**
 * What is not mended yet: DDL on one end of a foreign key locks the other end, alters its triggers and may read its rows, and the facts
 * do not say so.
 */
const NOT_YET = new Set(['foreign_key'])
/** They wait for other sessions, make other databases or clusters of their own, or take minutes. */
const LEFT_OUT = new Set(['tablespace', 'join_hash', 'select_parallel', 'stats', 'stats_ext', 'compression', 'sanity_check', 'largeobject'])

const files = regressFiles()
const psql = found('psql')
const understanding = createUnderstanding({ statementBytes: 1024 * 1024 })
let regress: RegressServer | undefined
beforeAll(async () => {
  if (!files || psql === undefined) return
  regress = await startRegressServer(files, psql)
  await regress.run('test_setup', regress.server.port, 60_000)
})
beforeEach((test) => {
  needs(test, files, "PostgreSQL's regression tests, which .ci/suites/06-postgres-regress fetches")
  needs(test, psql, 'psql (Debian: postgresql-client)')
})
afterAll(async () => {
  await understanding.close()
  await regress?.server.stop()
})

const options = (catalog: LiveCatalog) => ({
  catalog,
  user: 'postgres',
  searchPath: '"$user", public',
  usable: 'all' as const,
  readOnly: false,
  parameters: new Map([
    ['client_encoding', 'UTF8'],
    ['server_encoding', 'UTF8'],
    ['standard_conforming_strings', 'on'],
  ]),
  serverVersion: files!.major * 10_000,
})

describe("the statements of PostgreSQL's regression tests", () => {
  it('are all read within the deadline, and all but a few are SQL as we know it', { timeout: 300_000 }, async () => {
    const { folder, schedule } = files!
    const catalog = await LiveCatalog.of(regress!.server, DATABASE)
    const all = new Shares()
    // The threads start by themselves, and the first text would wait for them.
    const first = understanding.openSession(options(catalog))
    await first.understand(Buffer.from(`select '${'x'.repeat(2_000)}'`))
    first.close()
    for (const name of schedule) {
      const session = understanding.openSession(options(catalog))
      for (const text of statementsOf(readFileSync(join(folder, 'sql', `${name}.sql`), 'utf8'))) {
        const from = performance.now()
        const understood = await session.understand(Buffer.from(text))
        const took = performance.now() - from
        all.add(understood, took)
        // As if the server had done it.
        for (const statement of understood.statements) session.completed(statement, '')
        session.ready('I'.charCodeAt(0))
      }
      session.close()
    }
    catalog.close()
    const { statements, 'unparsed, %': unparsed, 'slowest, ms': slowest } = all.summary()
    shown(TEST, { statements: statements!, 'unparsed, %': unparsed!, 'slowest, ms': slowest! })
    expect(all.statements).toBeGreaterThan(30_000)
    expect(all.slowest).toBeLessThan(LONGEST)
    expect(all.unparsed / all.statements).toBeLessThan(0.02)
  })

  it('do nothing at the server that their facts do not say', { timeout: patience(SAMPLE + 180_000) }, async () => {
    const soak = process.env.GATESCRIBE_SOAK !== undefined
    const random = seeded(seedOr(15))
    const names = files!.schedule.filter((name) => name !== 'test_setup' && !LEFT_OUT.has(name) && !NOT_YET.has(name))
    const chosen = soak
      ? names
      : names
          .map((name) => ({ name, at: random() }))
          .sort((a, b) => a.at - b.at)
          .map(({ name }) => name)
    const shares = new Shares()
    const byFile = new Map<string, Shares>()
    let compared = 0
    let said = 0
    let file = ''
    const disagreements: unknown[] = []
    const observed = await startObserved({
      server: regress!.server,
      database: DATABASE,
      understanding,
      sampled: () => random() < 1 / EACH,
      observed: ({ text, took, understood, current, compared: comparison }) => {
        if (current) {
          shares.add(understood, took)
          const ofFile = byFile.get(file) ?? new Shares()
          byFile.set(file, ofFile)
          ofFile.add(understood, took)
        }
        if (!comparison) return
        compared += 1
        const { reads, writes } = understood.facts.sql ?? {}
        if (reads && writes) said += 1
        if (comparison.missing) disagreements.push({ file, text: text.slice(0, 400), ...comparison.missing, reads, writes })
      },
    })
    const until = performance.now() + durationOr(SAMPLE)
    let run = 0
    for (file of chosen) {
      const left = until - performance.now()
      if (left < 0) break
      await regress!.run(file, observed.port, Math.min(120_000, left))
      run += 1
    }
    await observed.close()
    shown(TEST, { files: run, compared, 'reads and writes said': said, ...shares.summary() })
    const out = process.env.GATESCRIBE_REGRESS_OUT
    if (out) writeFileSync(out, JSON.stringify(Object.fromEntries([...byFile].map(([name, of]) => [name, of.summary()])), undefined, 2))
    expect(disagreements).toEqual([])
    expect(compared).toBeGreaterThan(100)
    expect(said / compared).toBeGreaterThan(0.3)
  })
})
