import type { Client } from 'pg'
import { bind, describe, execute, parse, query, sync } from '../../../src/protocols/postgres/wire/build.ts'
import type { Evasion } from './evasion.ts'
import type { Stage } from './stage.ts'

/** A way for a statement to reach the server: by a driver, or by messages that none sends. Only what the server did counts. */
export type Variant = { readonly name: string } & (
  | {
      /** @param text without parameters. Errors are swallowed */
      send(client: Client, text: string): Promise<void>
    }
  | { play(stage: Stage, text: string): Promise<void> }
)

/** Texts one after the other by simple queries, whatever comes of each. */
const simply = async (client: Client, ...texts: readonly string[]): Promise<void> => {
  for (const text of texts) await client.query(text).catch(() => undefined)
}
/** As several simple queries. */
const by = (name: string, texts: (text: string) => readonly string[]): Variant => ({
  name,
  send: (client, text) => simply(client, ...texts(text)),
})

/** Whether a text can stand where a query is wanted. */
const isQuery = (text: string) => /^\s*(select|with|values|table)\b/i.test(text) && !bare(text).includes(';')
const bare = (text: string) => text.replace(/;\s*$/, '')

const SIMPLE: Variant = by('simple', (text) => [text])
const EXTENDED: Variant = {
  name: 'extended',
  send: async (client, text) =>
    void (await (client.query({ text, queryMode: 'extended' } as never) as unknown as Promise<unknown>).catch(() => undefined)),
}

const everyStatement: readonly Variant[] = [
  SIMPLE,
  EXTENDED,
  { name: 'named', send: async (client, text) => void (await client.query({ name: 'named', text }).catch(() => undefined)) },
  by('in a transaction', (text) => ['BEGIN', text, 'COMMIT', 'ROLLBACK']),
  by('behind a savepoint', (text) => ['BEGIN', 'SAVEPOINT a', 'SELECT 1/0', 'ROLLBACK TO a', text, 'COMMIT', 'ROLLBACK']),
  by('behind another', (text) => [`SELECT 1; ${text}`]),
  by('before another', (text) => [`${bare(text)}; SELECT 1`]),
  by('analysed', (text) => [`EXPLAIN (ANALYZE, COSTS OFF) ${text}`]),
  by('prepared in SQL', (text) => [
    `PREPARE mine AS ${bare(text)}`,
    'EXECUTE mine',
    'EXPLAIN ANALYZE EXECUTE mine',
    'CREATE TEMP TABLE mine AS EXECUTE mine',
  ]),
  by('by a path', (text) => ['SET search_path = shop, ops', text.replaceAll(/\b(?:shop|ops)\s*\.\s*/gi, '')]),
  by('in another encoding', (text) => ['SET client_encoding = LATIN1', text]),
  by('by another role', (text) => ['SET ROLE helper_role', 'RESET ROLE', text]),
  by('in DO', (text) => [`DO $evasion$ BEGIN ${bare(text)}; END $evasion$`]),
  by('in a function', (text) => [
    `CREATE FUNCTION public.mine() RETURNS void LANGUAGE sql AS $evasion$ ${bare(text)} $evasion$`,
    'SELECT public.mine()',
  ]),
  by('in a rule', (text) => [`CREATE RULE mine AS ON INSERT TO shop.loose DO ALSO (${bare(text)})`, 'INSERT INTO shop.loose VALUES (6)']),
  {
    name: 'row by row',
    play: async (stage, text) => {
      const actor = await stage.session()
      await actor.send(query('BEGIN'), parse('s', text), describe('S', 's'), bind('p', 's'), execute('p', 1), sync())
      await actor.send(execute('p', 1), execute('p', 0), sync(), query('COMMIT'))
    },
  },
  {
    name: 'all at once',
    play: async (stage, text) => {
      const actor = await stage.session()
      await actor.send(parse('', 'SELECT 1'), bind('', ''), execute(''), parse('', text), bind('', ''), execute(''), sync(), query(text))
    },
  },
]

const everyQuery: readonly Variant[] = [
  by('cursor', (text) => ['BEGIN', `DECLARE mine CURSOR FOR ${bare(text)}`, 'FETCH ALL FROM mine', 'COMMIT', 'ROLLBACK']),
  by('held cursor', (text) => [`DECLARE mine CURSOR WITH HOLD FOR ${bare(text)}`, 'FETCH ALL FROM mine']),
  by('copied out', (text) => [`COPY (${bare(text)}) TO STDOUT`]),
  by('kept', (text) => [`CREATE TEMP TABLE mine AS ${bare(text)}`, 'TABLE mine']),
  by('in FROM', (text) => [`SELECT * FROM (${bare(text)}) AS inside`]),
  by('in WITH', (text) => [`WITH inside AS MATERIALIZED (${bare(text)}) SELECT inside::text FROM inside`]),
  by('in EXISTS', (text) => [`SELECT EXISTS (${bare(text)})`]),
  by('through a view', (text) => [`CREATE VIEW shop.mine AS ${bare(text)}`, 'TABLE shop.mine']),
]

/** Every way in which an attempt can be made; the first is the plainest. */
export function variantsOf({ steps, play, settings }: Evasion): readonly Variant[] {
  const [only] = steps
  if (play || only === undefined) return [SIMPLE]
  if (steps.length > 1) return [SIMPLE, EXTENDED]
  // Messages of one's own come in a session without settings.
  const ways = isQuery(only) ? [...everyStatement, ...everyQuery] : everyStatement
  return settings ? ways.filter((way) => 'send' in way) : ways
}
