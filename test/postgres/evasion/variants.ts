import type { Client } from 'pg'

/** A way for one statement to reach the server. Answers may be rows or errors: only what the server did counts. */
export interface Variant {
  readonly name: string
  /** @param text without parameters. Errors are swallowed: the judge looks at the server */
  send(client: Client, text: string, number: number): Promise<void>
}

const tries = async (...asked: readonly (() => Promise<unknown>)[]): Promise<void> => {
  for (const ask of asked) await ask().catch(() => undefined)
}

/** Whether a text can stand where a query is wanted. */
const isQuery = (text: string) => /^\s*(select|with|values|table)\b/i.test(text) && !text.replace(/;\s*$/, '').includes(';')
const bare = (text: string) => text.replace(/;\s*$/, '')

const everyStatement: readonly Variant[] = [
  { name: 'simple', send: (client, text) => tries(() => client.query(text)) },
  // Parse, Bind and Execute, unnamed and named; values that nothing refers to make the driver use them.
  { name: 'extended', send: (client, text) => tries(() => client.query({ text, values: [], queryMode: 'extended' } as never)) },
  { name: 'named', send: (client, text, number) => tries(() => client.query({ name: `p${number}`, text })) },
  {
    name: 'in a transaction',
    send: (client, text) =>
      tries(
        () => client.query('BEGIN'),
        () => client.query(text),
        () => client.query('COMMIT'),
        () => client.query('ROLLBACK'),
      ),
  },
  { name: 'behind another', send: (client, text) => tries(() => client.query(`SELECT 1; ${text}`)) },
  { name: 'before another', send: (client, text) => tries(() => client.query(`${bare(text)}; SELECT 1`)) },
  { name: 'analysed', send: (client, text) => tries(() => client.query(`EXPLAIN (ANALYZE, COSTS OFF) ${text}`)) },
  {
    name: 'prepared in SQL',
    send: (client, text, number) =>
      tries(
        () => client.query(`PREPARE s${number} AS ${bare(text)}`),
        () => client.query(`EXECUTE s${number}`),
        () => client.query(`EXPLAIN ANALYZE EXECUTE s${number}`),
        () => client.query(`CREATE TEMP TABLE e${number} AS EXECUTE s${number}`),
      ),
  },
]

const everyQuery: readonly Variant[] = [
  {
    name: 'cursor',
    send: (client, text, number) =>
      tries(
        () => client.query('BEGIN'),
        () => client.query(`DECLARE c${number} CURSOR FOR ${bare(text)}`),
        () => client.query(`FETCH ALL FROM c${number}`),
        () => client.query('COMMIT'),
        () => client.query('ROLLBACK'),
      ),
  },
  {
    name: 'held cursor',
    send: (client, text, number) =>
      tries(
        () => client.query(`DECLARE h${number} CURSOR WITH HOLD FOR ${bare(text)}`),
        () => client.query(`FETCH ALL FROM h${number}`),
      ),
  },
  { name: 'copied out', send: (client, text) => tries(() => client.query(`COPY (${bare(text)}) TO STDOUT`)) },
  {
    name: 'kept',
    send: (client, text, number) =>
      tries(
        () => client.query(`CREATE TEMP TABLE k${number} AS ${bare(text)}`),
        () => client.query(`TABLE k${number}`),
      ),
  },
  { name: 'in FROM', send: (client, text) => tries(() => client.query(`SELECT * FROM (${bare(text)}) AS inside`)) },
  {
    name: 'in WITH',
    send: (client, text) => tries(() => client.query(`WITH inside AS MATERIALIZED (${bare(text)}) SELECT inside::text FROM inside`)),
  },
  { name: 'in EXISTS', send: (client, text) => tries(() => client.query(`SELECT EXISTS (${bare(text)})`)) },
  {
    name: 'through a view',
    send: (client, text, number) =>
      tries(
        () => client.query(`CREATE VIEW shop.v${number} AS ${bare(text)}`),
        () => client.query(`SELECT * FROM shop.v${number}`),
      ),
  },
]

export const variantsOf = (text: string): readonly Variant[] => (isQuery(text) ? [...everyStatement, ...everyQuery] : everyStatement)
