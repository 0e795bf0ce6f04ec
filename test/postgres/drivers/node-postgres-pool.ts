import { Pool } from 'pg'

// What node-postgres does by itself: its pool, named statements, several statements at once.
const timeouts = { statement_timeout: 20_000, lock_timeout: 10_000, idle_in_transaction_session_timeout: 60_000 }
const pool = new Pool({ max: 2, application_name: 'passes', ...timeouts })
console.log((await pool.query('SELECT name FROM customers WHERE id = $1', [1])).rows)
const client = await pool.connect()
for (const id of [1, 2])
  console.log((await client.query({ name: 'named', text: 'SELECT state FROM customers WHERE id = $1', values: [id] })).rows)
await client.query('BEGIN TRANSACTION READ ONLY')
await client.query('SAVEPOINT here')
console.log(Array.isArray(await client.query('SELECT 1 AS one; SELECT 2 AS two')))
await client.query('ROLLBACK TO SAVEPOINT here')
await client.query('COMMIT')
await client.query('DISCARD ALL')
client.release()
await pool.end()
