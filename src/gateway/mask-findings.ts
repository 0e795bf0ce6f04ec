import type { Finding } from '../api/local/index.ts'
import type { PostgresResource } from '../operations/index.ts'
import { selectsResource } from '../policy/selectors.ts'
import { type PostgresAsk, readColumns } from '../protocols/postgres/index.ts'
import type { Rooms } from './rooms.ts'

/** Each database says within this long what it has, ms. */
const PATIENCE_MS = 10_000

/** Whether the columns that masks name are there: a name that is mistyped covers nothing. */
export async function* maskFindings(rooms: Pick<Rooms, 'connector' | 'inForce'>, signal: AbortSignal): AsyncIterable<Finding> {
  const { config, taken } = rooms.inForce
  const looked = new Map<string, Promise<ReadonlySet<string> | undefined>>()
  for (const rule of config.masks) {
    const { name, columns } = rule.mask
    if (columns.length === 0) continue
    const resources = taken.resources.all
      .filter((resource) => resource.kind === 'postgres')
      .filter((resource) => selectsResource(rule, resource))
    const there = new Set<string>()
    let unread = resources.length === 0
    for (const [database, names] of Map.groupBy(columns, (column) => column.slice(0, column.indexOf('.')))) {
      for (const resource of resources) {
        const key = JSON.stringify([resource.name, database, names])
        const known = looked.get(key) ?? look(rooms, resource, database, names, signal)
        looked.set(key, known)
        const found = await known
        if (found === undefined) unread = true
        for (const column of found ?? []) there.add(`${database}.${column}`)
      }
    }
    yield findingOf(name, columns, there, unread)
  }
}

function findingOf(name: string, columns: readonly string[], there: ReadonlySet<string>, unread: boolean): Finding {
  const subject = `mask ${name}`
  const missing = columns.filter((column) => !there.has(column))
  if (missing.length === 0) return { subject, level: 'ok', found: 'Its columns are there.' }
  if (unread) {
    const found = `It could not be seen everywhere whether there is ${missing.join(', ')}.`
    return {
      subject,
      level: 'warn',
      found,
      next: 'See above why a resource could not be reached; a database that is not there has no columns either.',
    }
  }
  return {
    subject,
    level: 'fail',
    found: `There is no ${missing.join(', ')}: the mask does not cover what was meant, and a table without it is refused.`,
    next: 'Correct the name in masks, as database.schema.relation.column; the database is what the target calls it.',
  }
}

/** @returns undefined where it cannot be told */
async function look(
  { connector, inForce }: Pick<Rooms, 'connector' | 'inForce'>,
  resource: PostgresResource,
  database: string,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const credential = inForce.taken.configured.postgres.get(resource.name)?.credentials[0]?.as
  if (credential === undefined) return undefined
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  const ask: PostgresAsk = { database, settings: new Map(), minor: 0, readOnly: true }
  try {
    const { target } = await connector.connectAs(resource, credential, ask, bounded)
    const leave = () => target.socket.destroy()
    bounded.addEventListener('abort', leave, { once: true })
    try {
      return await readColumns(
        target,
        columns.map((column) => column.slice(database.length + 1)),
      )
    } finally {
      bounded.removeEventListener('abort', leave)
      leave()
    }
  } catch {
    // Why a resource is not reached is said of the resource.
    return undefined
  }
}
