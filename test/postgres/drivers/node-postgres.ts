// What a Node job does with node-postgres: simple and extended queries, prepared statements, errors, transactions,
// notices, notifications, COPY, a pool, a cancel. Prints what it sees; both ways must print the same.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type DatabaseError, Pool } from 'pg'

const client = new Client({ application_name: 'differential' })
client.on('notice', (notice) => print('notice', notice.message ?? ''))
client.on('notification', ({ channel, payload }) => print('notification', channel, payload ?? ''))
await client.connect()

await show('SELECT 1 AS one, NULL AS nothing; SELECT 2 AS two')
await show('')
await show('SELECT id, name, email, state, tags, extra, born, balance, photo FROM customers WHERE id = $1', [7])
await show({ name: 'by-state', text: 'SELECT count(*) FROM customers WHERE state = $1', values: ['calm'] })
await show({ name: 'by-state', text: 'SELECT count(*) FROM customers WHERE state = $1', values: ['busy'] })
await show('SELECT $1::int[] AS list, $2::json AS document, $3::bytea AS bytes', [[1, 2, null], { a: [1] }, Buffer.from([0, 255])])
await show('SELECT 1/0')
await show('SELEC 1')
await show('SELECT $1::int', ['not a number'])
await show("SELECT warn('mind the gap')")

await show('BEGIN')
await show('INSERT INTO customers (name, email) VALUES ($1, $2) RETURNING id, state', ['New', 'new@example.org'])
await show('SAVEPOINT here')
await show('INSERT INTO customers (name, email) VALUES ($1, $2)', ['Twice', 'new@example.org'])
await show('SELECT 1')
await show('ROLLBACK TO here')
await show('SELECT count(*) FROM customers')
await show('ROLLBACK')
await show('COMMIT')

await show("SET application_name = 'renamed'")
await show('LISTEN news')
await show("NOTIFY news, 'hello'")
await show("SELECT pg_notify('news', $1)", ['again'])

await show('SELECT g, repeat($1, 100) FROM generate_series(1, 20000) AS g', ['x'], (rows) => `${rows.length} rows`)
await show('SELECT repeat($1, 3000000) AS wide', ['y'], (rows) => `${(rows[0] as { wide: string }).wide.length} characters`)

// PG-08: the process id that the client was told is the backend's own.
const { rows } = await client.query('SELECT pg_backend_pid() = $1 AS same', [(client as unknown as { processID: number }).processID])
print('same process id', rows[0].same)

const cancelled = client.query('SELECT pg_sleep(30)').catch((error: DatabaseError) => print('cancelled', error.code ?? '', error.message))
await sleep(200)
const canceller = new Client()
;(canceller as unknown as { cancel(client: Client, query: unknown): void }).cancel(
  client,
  (client as unknown as { _activeQuery: unknown })._activeQuery,
)
await cancelled
await show("SELECT 'after the cancel' AS still")
await client.end()

const pool = new Pool({ max: 1 })
for (const id of [1, 2, 3]) print('pool', JSON.stringify((await pool.query('SELECT name FROM customers WHERE id = $1', [id])).rows))
await Promise.all([once(pool, 'remove'), pool.end()])

type Query = string | { name: string; text: string; values: unknown[] }

async function show(query: Query, values?: unknown[], render: (rows: unknown[]) => string = JSON.stringify): Promise<void> {
  try {
    const results = [await client.query(query as string, values as unknown[])].flat()
    for (const result of results) print(result.command ?? 'empty', render(result.rows))
  } catch (error) {
    const { code, message, detail } = error as DatabaseError
    print('error', code ?? '', message, detail ?? '')
  }
}

function print(...words: (string | number | boolean)[]): void {
  console.log(words.join(' '))
}
