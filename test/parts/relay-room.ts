import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type RunningPostgres, startPostgres } from './postgres.ts'
import { type RelayControls, startRelay } from './postgres-relay.ts'
import { connectRaw, type RawPostgres } from './raw-postgres.ts'

/** What a test of the relay works with; filled before each test. */
export interface RelayRoom {
  postgres: RunningPostgres
  /** The relay, new for each test. */
  gate: RelayControls
  /** Logs in through the relay; closed after the test. */
  client(minor?: 0 | 2): Promise<RawPostgres>
  /** Resolves once the server is at work on what this client sent. */
  atWork(raw: RawPostgres): Promise<void>
  /** `text: outcome` of every operation, in order. */
  outcomes(): string[]
}

/** One real PostgreSQL for the file, one relay for each test. @param schema SQL that runs once */
export function relayRoom(schema = 'select 1'): RelayRoom {
  const clients: RawPostgres[] = []
  const room = {
    async client(minor: 0 | 2 = 0) {
      const raw = await connectRaw(room.gate.port, minor)
      clients.push(raw)
      return raw
    },
    async atWork({ processId }: RawPostgres) {
      const active = `select 1 from pg_stat_activity where pid = $1 and state = 'active'`
      await expect.poll(async () => (await room.postgres.query(active, [processId])).length, { interval: 10 }).toBe(1)
    },
    outcomes: () =>
      room.gate.seen.map(
        ({ text, refused, outcome }) => `${text}: ${refused ? 'refused' : [outcome?.status, outcome?.code].filter(Boolean).join(' ')}`,
      ),
  } as RelayRoom
  beforeAll(async () => {
    room.postgres = await startPostgres({ logStatements: true })
    await room.postgres.query(schema)
  })
  afterAll(() => room.postgres?.stop())
  beforeEach(async () => {
    room.gate = await startRelay(room.postgres)
  })
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy()
    await room.gate.close()
  })
  return room
}
