import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const MEBI = 1024 * 1024
const ROWS = 1_000_000
const room = relayRoom()

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Memory that is really held; the second collection waits until the buffers that the first found dead are given back. */
function held(): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

it('masks a million rows in as much memory as a few, also for a reader that stops', { timeout: 120_000 }, async () => {
  const email = { from: ['public.people.email'], plain: true, certain: true }
  const clear = { from: [], plain: false, certain: true }
  room.gate.masks = [
    {
      name: 'contacts',
      columns: ['postgres.public.people.email'],
      detect: [],
      patterns: [],
      as: 'redact',
      unmaskedWrite: false,
      predicates: false,
    },
  ]
  room.gate.reads = () => ({
    facts: { effects: [] },
    statements: [{ effects: [], sql: {}, transitions: [], outputs: [clear, email, email] }],
  })
  const raw = await room.client()
  raw.socket.removeAllListeners('data')
  let bytes = 0
  let leaked = false
  raw.socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    leaked ||= chunk.includes('@example.org')
  })
  const base = held()
  raw.socket.pause()
  raw.send(build.query(`select n, 'ada' || n || '@example.org', 'x@example.org' from generate_series(1, ${ROWS}) n`))
  await sleep(1_000)
  expect(held() - base).toBeLessThan(16 * MEBI)
  expect(room.gate.seen[0]!.rows).toBeLessThan(ROWS / 2)
  expect(room.gate.seen[0]!.outcome).toBeUndefined()
  raw.socket.resume()
  let peak = 0
  while (room.gate.seen[0]!.outcome === undefined) {
    peak = Math.max(peak, held() - base)
    await sleep(200)
  }
  expect(peak).toBeLessThan(32 * MEBI)
  expect(room.gate.seen[0]).toMatchObject({ rows: ROWS, outcome: { status: 'completed' } })
  expect(room.gate.seen[0]!.masked).toEqual([`contacts public.people.email ${2 * ROWS}`])
  await expect.poll(() => bytes, { timeout: 20_000 }).toBeGreaterThan(ROWS * 30)
  expect(leaked).toBe(false)
})
