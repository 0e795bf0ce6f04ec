// Reads the only row of each table that is named, and says what node-postgres makes of it, in text and in binary.
import pg from 'pg'

const client = new pg.Client()
await client.connect()
for (const table of process.argv.slice(2)) {
  for (const binary of [false, true]) {
    const { rows } = await client.query({ text: `SELECT * FROM ${table}`, binary } as pg.QueryConfig)
    for (const row of rows) process.stdout.write(`${JSON.stringify({ how: binary ? 'binary' : 'text', table, row })}\n`)
  }
}
await client.end()
