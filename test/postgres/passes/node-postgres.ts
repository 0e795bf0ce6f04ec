import { createRequire } from 'node:module'
import { Pool } from 'pg'

const pool = new Pool({ max: 1, application_name: 'passes' })
await pool.query('SELECT name FROM customers WHERE id = $1', [1])
const client = await pool.connect()
await client.query({ name: 'named', text: 'SELECT $1::int', values: [1] })
await client.query({ name: 'named', text: 'SELECT $1::int', values: [2] })
client.release()
await pool.query('SELECT 1; SELECT 2')
await pool.end()
console.log(`node-postgres ${(createRequire(import.meta.url)('pg/package.json') as { version: string }).version}`)
