// The job of the demo: an ordinary program with node-postgres. It takes its database from the environment, as any job
// in a pipeline does, and knows nothing of a gateway. It runs every line that it is given and prints what it gets.
import { createInterface } from 'node:readline'
import { Client, type DatabaseError } from 'pg'

const client = new Client({ application_name: 'nightly report', ssl: { ca: process.env.DATABASE_CA ?? '', servername: 'localhost' } })
client.on('notice', ({ message }) => console.log(`notice ${message}`))
client.on('error', () => undefined) // Being cut off is told by the statement that it happens to.
try {
  await client.connect()
  for await (const statement of createInterface(process.stdin)) {
    try {
      const { rows } = await client.query(statement)
      console.log(`got ${JSON.stringify(rows)}`)
    } catch (error) {
      const { code, message, detail, hint } = error as DatabaseError
      console.log(`failed ${[code, message, detail, hint].filter(Boolean).join(' — ')}`)
    }
  }
} catch (error) {
  console.log(`failed ${(error as Error).message}`)
}
await client.end().catch(() => undefined)
