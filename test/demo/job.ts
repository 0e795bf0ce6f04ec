// The job of the demo: an ordinary program with node-postgres and OpenAI's client. It takes all that it opens from the environment, as any job in a
// pipeline does, and knows nothing of a gateway. It does every line that it is given, and prints what came of it: a statement for its database, `? …` a
// model and a question for it, `$ …` a command.
import { exec } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Client, type DatabaseError } from 'pg'

const { PGHOST = 'localhost', PGSSLROOTCERT = '' } = process.env
const client = new Client({ application_name: 'nightly report', ssl: { ca: readFileSync(PGSSLROOTCERT, 'utf8'), servername: PGHOST } })
client.on('notice', ({ message }) => console.log(`notice ${message}`))
client.on('error', () => undefined) // Being cut off is told by the statement that it happens to.

async function query(statement: string): Promise<string> {
  try {
    const { rows } = await client.query(statement)
    return `got ${JSON.stringify(rows)}`
  } catch (error) {
    const { code, message, detail, hint } = error as DatabaseError
    return `failed ${[code, message, detail, hint].filter(Boolean).join(' — ')}`
  }
}

async function ask(asked: string): Promise<string> {
  const { default: OpenAI, APIError } = await import('openai')
  const [model = '', ...words] = asked.split(' ')
  try {
    const { choices } = await new OpenAI().chat.completions.create({ model, messages: [{ role: 'user', content: words.join(' ') }] })
    return `said ${choices[0]?.message.content}`
  } catch (error) {
    return `failed ${error instanceof APIError ? `${error.status} ${error.message}` : String(error)}`
  }
}

function run(command: string): Promise<string> {
  return new Promise((resolve) => {
    exec(command, (error, stdout, stderr) => resolve(`ran ${JSON.stringify({ status: error?.code ?? 0, said: stdout + stderr })}`))
  })
}

try {
  await client.connect()
  for await (const line of createInterface(process.stdin)) {
    const rest = line.slice(2)
    console.log(line.startsWith('? ') ? await ask(rest) : line.startsWith('$ ') ? await run(rest) : await query(line))
  }
} catch (error) {
  console.log(`failed ${(error as Error).message}`)
}
await client.end().catch(() => undefined)
