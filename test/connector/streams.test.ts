import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { shown } from '../parts/soak.ts'
import { issueTestCertificates } from '../parts/test-certificates.ts'
import { expectUnreachable, isOnOwnNetwork, needsOwnNetwork } from './own-network.ts'
import type { Counted, ReadersTold } from './readers.ts'
import { type Readers, startReaders } from './start-readers.ts'
import { API, NAME, startWorld, type World } from './world.ts'

const STREAMS = 1_000
const PORT = 8443
/** What each of the others is sent: 5 MB/s in all, so that what they read does not hang on what else the machine does. bench/connector lets them have all they can get. */
const BYTES = 8_000
const EVERY_MS = 1_500
/** Windows of either kind in one measurement, and how long each is. */
const WINDOWS = 3
const WINDOW_MS = 3_000
/** A machine with other work is uneven; what holds the others up does so every time. */
const MEASUREMENTS = 3

let world: World
let api: ChildProcess
let readers: Readers
let told: ReadersTold
/** Of another run: one run has no more connections than there are streams. */
let asking: string

beforeEach(needsOwnNetwork)
beforeAll(async () => {
  if (!isOnOwnNetwork()) return
  const certificates = await issueTestCertificates([API])
  world = await startWorld({
    wanted: {},
    adjust(config, file) {
      config.resources.push({
        ...{ name: 'api', kind: 'http', address: `https://${API}:${PORT}`, via: NAME },
        ...{ tls: { ca: file('api-ca.pem', certificates.ca) }, credentials: [{ as: 'nobody', none: true }] },
      })
    },
  })
  for (const part of ['certificate', 'key'] as const) writeFileSync(join(world.gateway.folder, `api.${part}`), certificates.server[part])
  const files = ['certificate', 'key'].map((part) => join(world.gateway.folder, `api.${part}`))
  api = world.target.spawn(process.execPath, [join(import.meta.dirname, 'streaming-api.ts'), String(PORT), ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(api.stdout!, 'data')
  await world.connector({ allow: [`${API}:${PORT}`] })
  const { credential, resources } = (await world.gateway.credential()).planes.http!
  asking = (await world.gateway.credential()).planes.http!.credential
  told = { url: resources.find(({ name }) => name === 'api')!.url, ca: world.gateway.ca, token: credential }
  readers = startReaders()
})
afterAll(async () => {
  readers?.stop()
  api?.kill('SIGKILL')
  await world?.remove()
})

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(`${told.url}${path}`, { ca: told.ca, agent: false, headers: { authorization: `Bearer ${asking}` } }, (answer) => {
      let said = ''
      answer.on('data', (piece) => {
        said += piece
      })
      answer.once('end', () => (answer.statusCode === 200 ? resolve(said) : reject(new Error(said))))
    })
      .once('error', reject)
      .end()
  })
}

/** Waits until the server can write nothing more to `one`: the stall has come through to it. @returns bytes so far */
async function stalledThrough(): Promise<number> {
  for (let last = -1, waited = 0; waited < 30_000; waited += 300) {
    const now = Number(await ask('/poured?name=one'))
    if (now === last) return now
    last = now
    await sleep(300)
  }
  throw new Error('the server goes on writing to a reader that does not read')
}

describe(`${STREAMS} streams over one connector`, () => {
  it('keep 0.9 of their throughput while one of them is stalled', { timeout: 150_000 }, async () => {
    await expectUnreachable(world.gateway.pid, [
      [world.target.address('private'), PORT],
      [API, PORT],
    ])
    // The one that stalls is filled before there are others, so that it is full from there to here.
    await readers.tell({ do: 'open', count: 1, query: '?name=one', ...told })
    const full = await stalledThrough()
    expect(full).toBeGreaterThan(0)
    expect(await readers.tell({ do: 'open', count: STREAMS - 1, query: `?held&bytes=${BYTES}&every=${EVERY_MS}`, ...told })).toBe(
      STREAMS - 1,
    )
    const [link] = (await world.gateway.operator.connectors()).flatMap(({ links }) => links)
    expect(link?.streams).toBeGreaterThanOrEqual(STREAMS)

    await ask('/go')

    for (let warming = 0; warming < 20 && (await readers.tell<Counted>({ do: 'count', ms: WINDOW_MS })).nothing > 0; warming += 1);
    let found = { share: 0, without: STREAMS }
    for (let measurement = 0; measurement < MEASUREMENTS && (found.share < 0.9 || found.without > 0); measurement += 1) {
      const { stalled, reading, without } = await measure()
      found = { share: Number((stalled / reading).toFixed(3)), without }
      const rounded = { 'MB/s while one is stalled': Number(stalled.toFixed(1)), 'MB/s while all read': Number(reading.toFixed(1)) }
      shown('test/connector/streams.test.ts', { streams: STREAMS, ...rounded, ...found })
    }
    expect(found.share).toBeGreaterThanOrEqual(0.9)
    // Nor is it one of them that pays for it.
    expect(found.without).toBe(0)
  })
})

/** What all but one read, MB/s, while that one is stalled and while it reads as well, and how many of them had nothing in some window. stalled, reading, reading, stalled, …: what else the machine does meets both. */
async function measure(): Promise<{ readonly stalled: number; readonly reading: number; readonly without: number }> {
  const bytes = { stalled: 0, reading: 0 }
  let without = 0
  for (let window = 0; window < 2 * WINDOWS; window += 1) {
    const kind = window % 4 === 0 || window % 4 === 3 ? 'stalled' : 'reading'
    await readers.tell({ do: kind === 'stalled' ? 'stall' : 'read' })
    await sleep(400)
    const counted = await readers.tell<Counted>({ do: 'count', ms: WINDOW_MS })
    expect(counted.ended).toBe(0)
    bytes[kind] += counted.bytes
    without = Math.max(without, counted.nothing)
  }
  const perSecond = (sum: number) => sum / 1e3 / (WINDOWS * WINDOW_MS)
  return { stalled: perSecond(bytes.stalled), reading: perSecond(bytes.reading), without }
}
