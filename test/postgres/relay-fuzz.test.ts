import { once } from 'node:events'
import { connect } from 'node:net'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { standIns } from '../../src/protocols/postgres/relay/stand-ins.ts'
import * as build from '../../src/protocols/postgres/wire/build.ts'
import { frontend } from '../../src/protocols/postgres/wire/codes.ts'
import { readBind, readParse, readQuery } from '../../src/protocols/postgres/wire/read.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { type RelayControls, type Seen, startRelay } from '../parts/postgres-relay.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { startTap, type Tap } from '../parts/tap.ts'

const RUNS = 250
const SEED = seedOr(Math.floor(Math.random() * 2 ** 31))

let postgres: RunningPostgres
/** Between the relay and the server: what really went upstream. */
let upstream: Tap
let gate: RelayControls

beforeAll(async () => {
  postgres = await startPostgres()
  await postgres.query('create table t (id int, name text); create table secrets (id int)')
  upstream = await startTap(postgres)
  gate = await startRelay({ host: '127.0.0.1', port: upstream.port })
  gate.denies = /secrets/
})
afterAll(async () => {
  await gate?.close()
  await upstream?.close()
  await postgres?.stop()
})

/** mulberry32: small, seeded, good enough to choose bytes. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** Cuts a stream of whole messages, without its start-up packet, into them. */
function messagesOf(stream: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let at = stream.readUInt32BE(0); at + 5 <= stream.length; ) {
    const end = at + 1 + stream.readUInt32BE(at + 1)
    messages.push(stream.subarray(at, end))
    at = end
  }
  return messages
}

/** A session of a real driver, as it went over the wire. */
async function recordDriver(): Promise<Buffer[]> {
  const tap = await startTap(postgres)
  const pg = new Client({ host: '127.0.0.1', port: tap.port, user: 'postgres', database: 'postgres' })
  await pg.connect()
  await pg.query('begin')
  for (let id = 0; id < 3; id += 1) await pg.query({ name: 'add', text: 'insert into t values ($1, $2)', values: [id, `name ${id}`] })
  await pg.query('select * from t where id = $1', [1])
  await pg.query('select count(*) from secrets')
  await pg.query('select nothing').catch(() => undefined)
  await pg.query('rollback')
  await pg.end()
  const [session] = await tap.take()
  await tap.close()
  return messagesOf(session!.fromClient)
}

/** What drivers do that node-postgres does not: pipelines, portals, COPY. */
const pipelined: Buffer[] = [
  build.parse('s', 'select generate_series(1, $1::int)'),
  build.describe('S', 's'),
  build.flush(),
  ...['5', '6', '7'].flatMap((count) => [
    build.bind('p', 's', [count]),
    build.execute('p', 2),
    build.execute('p', 0),
    build.close('P', 'p'),
  ]),
  build.sync(),
  build.parse('', 'select * from secrets'),
  build.bind('', ''),
  build.execute(''),
  build.sync(),
  build.query('copy t from stdin'),
  build.copyData(Buffer.from('1\ta\n')),
  build.copyData(Buffer.from('2\tb\n')),
  build.copyDone(),
  build.query('select 1; select * from t; select 3'),
  build.close('S', 's'),
  build.sync(),
  build.terminate(),
]

function mutate(session: readonly Buffer[], random: (below: number) => number): Buffer {
  const messages: Buffer[] = session.map((message) => Buffer.from(message))
  for (let changes = 1 + random(4); changes > 0; changes -= 1) {
    const at = random(messages.length)
    const message = messages[at]!
    switch (random(7)) {
      case 0: // a byte of its body
        if (message.length > 5) message[5 + random(message.length - 5)] = random(256)
        break
      case 1: // its type
        message[0] = Object.values(frontend)[random(Object.values(frontend).length)]!
        break
      case 2: // any byte, its length included
        message[random(message.length)] = random(256)
        break
      case 3:
        messages.splice(at, 0, Buffer.from(messages[random(messages.length)]!))
        break
      case 4:
        if (messages.length > 1) messages.splice(at, 1)
        break
      case 5: {
        const other = random(messages.length)
        messages[at] = messages[other]!
        messages[other] = message
        break
      }
      default: // a longer body, its length corrected
        messages[at] = build.message(message[0]!, Buffer.concat([message.subarray(5), Buffer.alloc(random(40), random(256))]))
    }
  }
  return Buffer.concat(messages)
}

const isStandIn = (message: Buffer): boolean => Object.values(standIns).some(({ upstream: bytes }) => message.equals(bytes))

/** Everything upstream that is an operation was admitted, in that order. */
function expectAdmitted(sent: readonly Buffer[], seen: readonly Seen[], note: string): void {
  const admitted = seen.filter(({ refused }) => !refused)
  let next = 0
  for (const message of sent) {
    const type = message[0]
    if ((type !== frontend.query && type !== frontend.parse && type !== frontend.bind) || isStandIn(message)) continue
    const form = type === frontend.query ? 'query' : type === frontend.parse ? 'prepare' : 'bind'
    const text =
      type === frontend.query
        ? readQuery(message, 0, message.length)
        : type === frontend.parse
          ? readParse(message, 0, message.length).text
          : undefined
    const parameters = type === frontend.bind ? Buffer.from(readBind(message, 0, message.length).parameters) : undefined
    const matches = (one: Seen): boolean =>
      one.form === form &&
      (text === undefined || one.text === Buffer.from(text).toString()) &&
      (parameters === undefined || parameters.equals(one.parameters!))
    while (next < admitted.length && !matches(admitted[next]!)) next += 1
    expect(next, `${note}: forwarded without admission: ${message.toString('latin1')}`).toBeLessThan(admitted.length)
    next += 1
  }
}

it(`forwards nothing that was not admitted, and ends, whatever the client sends (seed ${SEED})`, {
  timeout: patience(60_000 + RUNS * 200),
}, async () => {
  const random = randomFrom(SEED)
  const sessions = [await recordDriver(), pipelined]
  let framed = 0
  let runs = 0
  for (const run of rounds(RUNS)) {
    const note = `seed ${SEED}, run ${run}`
    gate.seen.length = 0
    gate.ends.length = 0
    gate.durableAfter = random(3)
    const stream = mutate(sessions[random(sessions.length)]!, random)
    const socket = connect(gate.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    await once(socket, 'connect')
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 23, 0, 3, 0, 0]), Buffer.from('user\0postgres\0\0')]))
    await once(socket, 'data')
    for (let at = 0; at < stream.length; ) {
      const size = 1 + random(200)
      socket.write(stream.subarray(at, at + size))
      at += size
    }
    // Enough for the server to answer most of it; then the client is gone, so that the session has to end.
    setTimeout(() => socket.end(), 5)
    await expect.poll(() => gate.ends.length, { timeout: 8_000, interval: 2, message: `${note} hangs` }).toBe(1)
    const [connection] = await upstream.take()
    expectAdmitted(messagesOf(connection!.fromClient), gate.seen, note)
    for (const seen of gate.seen) if (!seen.refused) expect(seen.outcome, `${note}: ${seen.text} was never settled`).toBeDefined()
    if (gate.ends[0] !== 'protocol-error') framed += 1
    runs += 1
  }
  const share = Math.round((100 * framed) / runs)
  shown('test/postgres/relay-fuzz.test.ts', { 'mutated sessions': runs, 'passed framing': framed, 'passed framing, %': share })
  expect(framed / runs).toBeGreaterThan(0.5)
})
