import { join } from 'node:path'
import {
  type Rest,
  readDocument,
  type SearchIndex,
  STAMP_BYTES,
  STAMP_CHUNK,
  type SubjectFacts,
  type Term,
  termBytes,
  termOf,
} from '../../search/index.ts'
import { forgetAged } from './search-index-age.ts'
import { SearchIndexFile } from './search-index-file.ts'
import { forgetKeys, pruneBelow } from './search-index-removal.ts'
import { blob, writeBatch } from './search-index-write.ts'

/** Rows that are read between two rests. */
const PAGE = 1024

/**
 * Opens, or makes, `index.sqlite`: a file of its own, as all of it can be thrown away and derived again. What is no database any more is.
 *
 * @param folder `gateway.data`, already held by `openDatabase`
 */
export function openSearchIndex(folder: string): SearchIndex {
  const path = join(folder, 'index.sqlite')
  let file = SearchIndexFile.open(path)
  let last: Promise<unknown> = Promise.resolve()
  /** Changes come one after the other, because a transaction stays open while it rests. */
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const mine = last.then(change)
    last = mine.catch(() => undefined)
    return mine
  }

  return {
    state: async () => file.state(),
    begin: ({ log, first }) =>
      inTurn(async () => {
        const kept = keptFacts(file, first)
        file.connection.close()
        file = SearchIndexFile.anew(path)
        await file.transaction(async () => {
          kept.restore(file)
          file.putState(log, first, first)
        })
      }),
    write: (batch, rest) => inTurn(() => file.transaction(() => writeBatch(file, batch, rest))),
    async segments() {
      const rows = file.connection.prepare('SELECT segment, earliest, latest FROM segment ORDER BY segment').all()
      return rows.map(({ segment, earliest, latest }) => ({
        segment: segment as number,
        earliest: earliest as number,
        latest: latest as number,
      }))
    },
    async postings(segment, terms) {
      return terms.map((term) => {
        const row = file.findPosting.get(segment, termBytes(term))
        return row && blob(row, 0)
      })
    },
    async stamps(chunk) {
      const bytes = new Uint8Array(STAMP_CHUNK * STAMP_BYTES)
      const known = file.findStamps.get(chunk)?.stamps as Uint8Array | undefined
      if (known) bytes.set(known)
      return bytes
    },
    async facts(subject) {
      const row = file.findFact.get(subject)
      return row && toFacts(row)
    },
    async statement(session, number) {
      const row = file.findStatement.get(session, number)
      return row && { key: row.key as string, terms: toTerms(row.terms as Uint8Array) }
    },
    contents: (segment, rest) => inTurn(() => contents(file, segment, rest)),
    forget: (keys, rest) =>
      inTurn(async () => {
        await file.transaction(() => forgetKeys(file, new Set(keys), rest))
        await file.sweep(rest)
      }),
    forgetAged: (aged, rest) =>
      inTurn(async () => {
        await forgetAged(file, aged, rest)
        await file.sweep(rest)
      }),
    prune: (below, rest) =>
      inTurn(async () => {
        await pruneBelow(file, below, rest)
        await file.sweep(rest)
      }),
    close: () => file.connection.close(),
  }
}

async function contents(file: SearchIndexFile, segment: number, rest: Rest) {
  const { connection } = file
  const postings = new Map<Term, Uint8Array>()
  const page = connection.prepare('SELECT term, positions FROM posting WHERE segment = ? AND term > ? ORDER BY term LIMIT ?')
  page.setReturnArrays(true)
  for (let after: Uint8Array | undefined = new Uint8Array(); after; ) {
    const rows: unknown[] = page.all(segment, after, PAGE)
    for (const row of rows) postings.set(termOf(blob(row, 0)), blob(row, 1))
    after = rows.length < PAGE ? undefined : blob(rows.at(-1), 0)
    await rest()
  }
  const documents = new Map<string, Map<Term, Uint8Array>>()
  const parts = connection.prepare('SELECT "key", terms FROM document WHERE segment = ? ORDER BY "key", part')
  for (const row of parts.all(segment) as { key: string; terms: Uint8Array }[]) {
    const document = documents.get(row.key) ?? new Map<Term, Uint8Array>()
    readDocument(row.terms, document)
    documents.set(row.key, document)
  }
  return { postings, documents }
}

/** What a new index takes over, because the log below its first entry does not say it any more. Nothing where the old one cannot be read. */
function keptFacts(file: SearchIndexFile, first: number): { restore(into: SearchIndexFile): void } {
  const read = (sql: string) => {
    try {
      return file.connection.prepare(sql).all(first)
    } catch {
      return []
    }
  }
  const facts = read('SELECT subject, opened, closed, facts FROM fact WHERE opened < ?')
  const statements = read(
    'SELECT session, number, "key", terms FROM statement WHERE session IN (SELECT subject FROM fact WHERE opened < ?)',
  )
  return {
    restore({ connection }) {
      const putFact = connection.prepare('INSERT INTO fact VALUES (:subject, :opened, :closed, :facts)')
      for (const row of facts) putFact.run(row)
      const putStatement = connection.prepare('INSERT INTO statement VALUES (:session, :number, :key, :terms)')
      for (const row of statements) putStatement.run(row)
    },
  }
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toFacts({ opened, closed, facts }: Record<string, unknown>): SubjectFacts {
  const { inherited, ...rest } = JSON.parse(facts as string) as Omit<SubjectFacts, 'opened' | 'closed'>
  const times = { opened: opened as number, ...(typeof closed === 'number' ? { closed } : {}) }
  return { ...rest, ...times, inherited: inherited.map((term) => termOf(Buffer.from(term, 'hex'))) }
}

function toTerms(bytes: Uint8Array): Term[] {
  const text = termOf(bytes)
  return Array.from({ length: text.length / 8 }, (_, at) => text.slice(at * 8, at * 8 + 8))
}
