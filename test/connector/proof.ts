import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import type { World } from './world.ts'
import { DATABASE } from './world.ts'

/** What became of the rows of some work. */
export interface Account {
  readonly acknowledged: number
  /** Rows that PostgreSQL holds: at least those, and what was done when its answer was lost. */
  readonly inTable: number
  /** Intents of the trail for them. */
  readonly intents: number
  /** Outcomes that say `completed`. */
  readonly completed: number
  /** Outcomes that say otherwise: what was under way at an end. */
  readonly otherwise: number
}

/**
 * That nothing is lost: what a client saw acknowledged is in the table, and in the trail with an intent and the outcome `completed`; what the table holds has an
 * intent; every intent has an outcome.
 *
 * @param mark of the work
 */
export async function account(world: World, mark: string, acknowledged: readonly string[]): Promise<Account> {
  const rows = await world.targets.query(`SELECT name FROM work WHERE name LIKE '${mark}-%'`, DATABASE)
  const inTable = new Set(rows.map(({ name }) => String(name)))
  const recorded = await settledInserts(world, mark)
  const completed = new Set([...recorded].filter(([, status]) => status === 'completed').map(([name]) => name))
  const some = (names: readonly string[]) => (names.length > 20 ? [...names.slice(0, 20), `… ${names.length}`] : names)
  expect({
    'acknowledged and not in the table': some(acknowledged.filter((name) => !inTable.has(name))),
    'acknowledged without an outcome that says so': some(acknowledged.filter((name) => !completed.has(name))),
    'in the table without an intent': some([...inTable].filter((name) => !recorded.has(name))),
    'intents without an outcome': some([...recorded].flatMap(([name, status]) => (status === undefined ? [name] : []))),
  }).toEqual({
    'acknowledged and not in the table': [],
    'acknowledged without an outcome that says so': [],
    'in the table without an intent': [],
    'intents without an outcome': [],
  })
  return {
    acknowledged: acknowledged.length,
    inTable: inTable.size,
    intents: recorded.size,
    completed: completed.size,
    otherwise: [...recorded.values()].filter((status) => status !== 'completed').length,
  }
}

/** Outcomes are written a moment after their answers: waits for the last of them. */
async function settledInserts(world: World, mark: string): Promise<Map<string, string | undefined>> {
  for (let attempt = 1; ; attempt += 1) {
    const inserts = insertsOf(await readTrail(world.gateway.operator), mark)
    if (attempt === 10 || [...inserts.values()].every((status) => status !== undefined)) return inserts
    await sleep(300)
  }
}

/** The status of each insert by the name of its row. */
function insertsOf(entries: readonly EntryAnswer[], mark: string): Map<string, string | undefined> {
  return new Map(
    operationsOf(entries).flatMap(({ statement, status }) => {
      const name = new RegExp(`'(${mark}-[0-9-]+)'`).exec(statement)?.[1]
      return name === undefined ? [] : [[name, status] as const]
    }),
  )
}

/** Stops the gateway and has the verifier read its whole log. @returns what it says. @throws where it has something to say against it */
export async function verifyOffline(world: World): Promise<string> {
  const { keys } = await world.gateway.operator.logKeys()
  await world.gateway.stop()
  const command = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
  const words = [command, join(world.gateway.data, 'trail/log'), ...keys.flatMap(({ vkey }) => ['--key', vkey])]
  return execFileSync(process.execPath, words, { encoding: 'utf8' })
}
