// node tools/node/run.js test/postgres/passes/record.ts     records test/postgres/fixtures anew from the drivers that are here
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTap, type TappedConnection } from '../../parts/tap.ts'
import { runDriver } from '../differential/driver.ts'
import { splitServerMessages } from '../differential/messages.ts'
import { pythonWithDrivers } from '../differential/python.ts'
import { DATABASE, ROLE, startShop } from '../differential/way.ts'
import type { Fixture, FixtureConnection, FixtureTurn } from './fixture.ts'

const folder = join(import.meta.dirname, '../fixtures')
const python = pythonWithDrivers()
if (!python) throw new Error('run .ci/suites/05-postgres-clients first: it installs the drivers of requirements.txt')
mkdirSync(folder, { recursive: true })

const passes: { name: string; command: readonly string[] }[] = [
  { name: 'node-postgres', command: [process.execPath, 'node-postgres.ts'] },
  { name: 'psql', command: ['psql', '-X', '-f', 'psql.sql'] },
  { name: 'psycopg', command: [python, 'psycopg_passes.py'] },
  { name: 'asyncpg', command: [python, 'asyncpg_passes.py'] },
  { name: 'sqlalchemy', command: [python, 'sqlalchemy_passes.py'] },
]

for (const { name, command } of passes) {
  const server = await startShop()
  const tap = await startTap(server)
  const run = await runDriver(
    { name, command, folder: import.meta.dirname },
    { host: '127.0.0.1', port: tap.port, ...ROLE, database: DATABASE },
  )
  if (run.exitCode !== 0) throw new Error(`${name} ended with ${run.exitCode}: ${run.stderr}`)
  const connections = await tap.take()
  await tap.close()
  await server.stop()
  const fixture: Fixture = {
    pass: 'connect, first statements, reset of a pooled connection, look at the catalog',
    driver: run.stdout.trim().split('\n').at(-1) ?? name,
    server: `PostgreSQL ${server.version}`,
    connections: connections.map(connectionOf),
  }
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(fixture, null, 1)}\n`)
  console.log(
    `${name}: ${fixture.driver}, ${fixture.connections.length} connections, ${fixture.connections.flatMap(({ turns }) => turns).length} turns`,
  )
}

function connectionOf({ turns }: TappedConnection): FixtureConnection {
  const [startup, greeting, ...rest] = turns
  if (startup?.from !== 'client' || greeting?.from !== 'server') throw new Error('this connection did not begin with a start-up packet')
  const fields = startup.bytes.subarray(8).toString('utf8').split('\0')
  const settings: Record<string, string> = {}
  for (let at = 0; fields[at]; at += 2) if (!['user', 'database'].includes(fields[at]!)) settings[fields[at]!] = fields[at + 1]!
  const spoken: FixtureTurn[] = []
  for (let at = 0; at < rest.length; at += 2) {
    spoken.push({ send: messagesOf(rest[at]!.bytes), answers: rest[at + 1] ? splitServerMessages(rest[at + 1]!.bytes).length : 0 })
  }
  return { settings, protocol: `${startup.bytes.readUInt16BE(4)}.${startup.bytes.readUInt16BE(6)}`, turns: spoken }
}

/** Client messages after the log-in have the same frame as a server's. */
function messagesOf(bytes: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1)
    messages.push(bytes.subarray(at, end).toString('latin1'))
    at = end
  }
  return messages
}
