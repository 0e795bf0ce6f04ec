import { type ColumnSample, detectors } from '../../../masking/index.ts'
import { type SimpleQueryEnd, type SimpleQueryLimits, simpleQuery, type TextRow } from '../simple-query.ts'
import type { PostgresTarget } from '../target.ts'
import { WireError } from '../wire/errors.ts'
import { type Asked, Asking, type ScanAnalyzer } from './asking.ts'
import { ScanError } from './errors.ts'
import * as sql from './queries.ts'
import { Tally } from './tally.ts'
import { type ColumnFacts, type WorthReading, worthReading } from './worth-reading.ts'

export interface ScanOptions {
  /** The target's own name of the database: the names of columns begin with it. */
  readonly database: string
  /** Rows of each relation. */
  readonly rows: number
  /** Columns of each relation. */
  readonly columns: number
  /** Relations. */
  readonly relations: number
  /** Only these schemas; all but the system's where none are named. */
  readonly schemas: readonly string[]
  /** Whether views, materialized views and foreign tables are looked at too. */
  readonly views: boolean
  /** Of one statement at the server, ms. */
  readonly statementMs: number
  /** Who is shown values in which no detector finds anything, and whether the scan ends where he does not answer. */
  readonly analyzer?: { readonly asked: ScanAnalyzer; readonly whenSilent: 'fail' | 'pass' } | undefined
}

/** A column as it was looked at. */
export interface ScannedColumn extends ColumnSample {
  /** What the analyzer did not answer, where it was to be asked. */
  readonly unanswered?: Asked['unanswered']
}

/** Why something was not looked at. */
export type Skipped = 'not permitted' | 'took too long' | 'locked' | 'refused' | 'too many columns' | 'too many relations'

export interface ScannedRelation {
  /** `schema.relation` */
  readonly relation: string
  /** Rows of the sample. */
  readonly rows: number
  readonly columns: readonly ScannedColumn[]
  /** What of it was not looked at, or all of it where `columns` is empty. */
  readonly skipped?: { readonly why: Skipped; readonly columns: number; readonly sqlstate?: string }
}

/** How far a scan is: relations done, of how many; and what the last one came to. */
export interface ScanStep {
  readonly done: number
  readonly of: number
  readonly scanned?: ScannedRelation
}

const LIST_LIMITS: SimpleQueryLimits = { message: 64 * 1024, answer: 128 * 1024 * 1024 }
/** Columns of one query: what it answers with stays within bounds however wide a table is. */
const TOGETHER = 8
/** Characters of one value. JSON is read as far as this, as what is cut within a string counts as a text. */
const CHARACTERS = { text: 1024, array: 1024, json: 4096, name: 0 } as const
/** A character has four bytes at most. */
const SAMPLE_MESSAGE = TOGETHER * 4 * CHARACTERS.json + 1024

/**
 * Looks at samples of the columns of a database with all detectors, over a connection that nobody else uses, and changes nothing. Each
 * relation is a transaction of its own, so that none holds up a vacuum for long. Values are counted as they come and kept nowhere, but for
 * those that the analyzer is asked about once the transaction is over.
 *
 * @throws ScanError where it comes to no end; WireError; the socket's own error. The connection is of no use afterwards
 */
export async function* scan(
  { socket, rest }: Pick<PostgresTarget, 'socket' | 'rest'>,
  options: ScanOptions,
  signal: AbortSignal,
): AsyncGenerator<ScanStep> {
  if (rest.length > 0) socket.unshift(rest)
  const run: Run = (text, limits, row) => simpleQuery(socket, text, limits, row)
  const { analyzer } = options
  const asking = analyzer && new Asking(analyzer.asked, analyzer.whenSilent)
  const ask = asking && ((tally: Tally) => asking.ask(tally, signal))
  const leave = () => socket.destroy()
  signal.addEventListener('abort', leave, { once: true })
  // While the analyzer is asked, nobody reads: a target that leaves then is told of by the next query.
  socket.on('error', () => undefined)
  try {
    const relations = await listed(run, options)
    const wanted = relations.slice(0, options.relations)
    yield { done: 0, of: wanted.length }
    for (const [at, relation] of wanted.entries()) {
      yield { done: at + 1, of: wanted.length, scanned: await sampled(run, relation, options, ask) }
    }
    const left = relations.slice(options.relations)
    for (const { name, columns } of left) {
      const scanned = { relation: name, rows: 0, columns: [], skipped: { why: 'too many relations' as const, columns: columns.length } }
      yield { done: wanted.length, of: wanted.length, scanned }
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WireError) throw new ScanError('GS_SCAN_BROKEN_OFF', undefined, { cause: error })
    throw error
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

type Run = (text: string, limits: SimpleQueryLimits, row: (values: TextRow) => void) => Promise<SimpleQueryEnd>

interface Relation {
  readonly name: string
  readonly quoted: string
  readonly kind: string
  readonly rows: number
  readonly pages: number
  readonly columns: ColumnFacts[]
}

async function listed(run: Run, { schemas, views, statementMs }: ScanOptions): Promise<readonly Relation[]> {
  const relations = new Map<string, Relation>()
  const nothing = () => undefined
  await begin(run, statementMs)
  const { refused } = await run(sql.columns(views), LIST_LIMITS, (row) => {
    const [schema, relation, column, quoted, quotedColumn, kind, rows, pages, type, category, elements, readable] = row.map(String)
    if (schemas.length > 0 && !schemas.includes(schema!)) return
    const known = relations.get(quoted!) ?? {
      ...{ name: `${schema}.${relation}`, quoted: quoted!, kind: kind!, rows: Number(rows), pages: Number(pages), columns: [] },
    }
    relations.set(quoted!, known)
    const facts = { name: column!, quoted: quotedColumn!, type: type!, category: category!, elements: elements! }
    known.columns.push({ ...facts, readable: readable === 't' })
  })
  if (refused !== undefined) throw new ScanError('GS_SCAN_REFUSED', `The target did not tell which columns it has (${refused}).`)
  await run(sql.END, LIST_LIMITS, nothing)
  return [...relations.values()]
}

/** Nothing is read outside a transaction that is read-only. */
async function begin(run: Run, statementMs: number): Promise<void> {
  const { refused } = await run(sql.begin(statementMs), LIST_LIMITS, () => undefined)
  if (refused !== undefined) throw new ScanError('GS_SCAN_REFUSED', `The target did not begin a read-only transaction (${refused}).`)
}

interface Wanted {
  readonly facts: ColumnFacts
  readonly worth: WorthReading
  readonly tally: Tally
  /** Set once the analyzer was asked. */
  asked?: Asked
}

type Ask = ((tally: Tally) => Promise<Asked>) | undefined

async function sampled(run: Run, relation: Relation, options: ScanOptions, ask: Ask): Promise<ScannedRelation> {
  const all = relation.columns.flatMap((facts): Wanted[] => {
    const worth = worthReading(facts)
    return worth ? [{ facts, worth, tally: new Tally(worth.as, ALL_DETECTORS, ask !== undefined && worth.prose) }] : []
  })
  const readable = all.filter(({ facts, worth }) => facts.readable && worth.as !== 'name')
  const wanted = readable.slice(0, options.columns)
  const names = named(relation, options.database, all)
  const closed = all.filter(({ facts }) => !facts.readable).length
  if (readable.length === 0) return whole(relation, names, closed > 0 ? { why: 'not permitted', columns: closed } : undefined)
  let rows = 0
  for (let at = 0; at < wanted.length; at += TOGETHER) {
    const together = wanted.slice(at, at + TOGETHER)
    const read = await readSample(run, relation, together, options)
    if ('refused' in read) return whole(relation, names, { ...read.refused, columns: all.length })
    rows = Math.max(rows, read.rows)
    if (ask) for (const column of together) if (column.worth.prose) column.asked = await ask(column.tally)
  }
  return {
    ...{ relation: relation.name, rows },
    columns: named(relation, options.database, all),
    ...(wanted.length < readable.length
      ? { skipped: { why: 'too many columns', columns: readable.length - wanted.length } }
      : closed > 0 && { skipped: { why: 'not permitted', columns: closed } }),
  }
}

const ALL_DETECTORS = detectors()

/** Of what was not read, the names still speak; of what has no text, too. */
function named(relation: Relation, database: string, wanted: readonly Wanted[]): readonly ScannedColumn[] {
  return wanted.map(({ facts, worth, tally, asked }) => ({
    column: `${database}.${relation.name}.${facts.name}`,
    values: tally.values,
    found: tally.found,
    ...(worth.hint !== undefined && { hint: worth.hint }),
    ...asked,
  }))
}

function whole(relation: Relation, columns: readonly ScannedColumn[], skipped: ScannedRelation['skipped']): ScannedRelation {
  return { relation: relation.name, rows: 0, columns, ...(skipped && { skipped }) }
}

/** From here on, a relation is not read from its beginning, where the oldest rows are. */
const LARGE = 4

async function readSample(run: Run, relation: Relation, wanted: readonly Wanted[], options: ScanOptions) {
  const asked = {
    relation: relation.quoted,
    columns: wanted.map(({ facts, worth }) => ({ quoted: facts.quoted, characters: CHARACTERS[worth.as] })),
    only: relation.kind === 'r',
    rows: options.rows,
  }
  const isLarge = 'rpm'.includes(relation.kind) && relation.rows > options.rows * LARGE
  const first = await attempt(run, { ...asked, percent: isLarge ? percentOf(relation, options.rows) : undefined }, wanted, options)
  // Statistics may be old, and pages empty.
  return isLarge && 'rows' in first && first.rows === 0 ? attempt(run, { ...asked, percent: undefined }, wanted, options) : first
}

/** A few more rows than wanted, from pages all over the relation. */
function percentOf({ rows, pages }: Relation, wanted: number): number {
  const share = Math.max((wanted * 1.5) / rows, 2 / Math.max(pages, 1))
  return Math.min(100, Math.max(0.000001, Number((share * 100).toPrecision(3))))
}

async function attempt(run: Run, asked: sql.Sampled, wanted: readonly Wanted[], { statementMs, rows: most }: ScanOptions) {
  const limits = { message: SAMPLE_MESSAGE, answer: (most + 64) * SAMPLE_MESSAGE }
  const nothing = () => undefined
  let rows = 0
  await begin(run, statementMs)
  const { refused } = await run(sql.sample(asked), limits, (values) => {
    rows += 1
    for (const [at, { tally }] of wanted.entries()) tally.add(values[at] ?? null)
  })
  await run(sql.END, limits, nothing)
  return refused === undefined ? { rows } : { refused: { why: whyOf(refused), sqlstate: refused } }
}

/** PostgreSQL appendix A. */
function whyOf(sqlstate: string): Skipped {
  if (sqlstate === '57014') return 'took too long'
  if (sqlstate === '55P03') return 'locked'
  return sqlstate === '42501' ? 'not permitted' : 'refused'
}
