import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { sendRawCancel } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const MEBI = 1024 * 1024
const room = relayRoom()

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * The most memory that is really held while the work runs, in bytes above what was held before: garbage is collected before each look,
 * because how much of it stands about says when V8 collects and nothing of the relay.
 */
async function peakOf(work: () => Promise<void>): Promise<number> {
  const held = () => {
    // The second waits until the buffers that the first found dead are really given back.
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const base = held()
  let peak = base
  const look = () => {
    peak = Math.max(peak, held())
  }
  const timer = setInterval(look, 50)
  try {
    await work()
    look()
  } finally {
    clearInterval(timer)
  }
  return peak - base
}

describe('large results (PG-21)', () => {
  it('streams a row of 300 MB without assembling it', async () => {
    const raw = await room.client()
    raw.socket.removeAllListeners('data')
    let bytes = 0
    raw.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    const size = 300 * MEBI
    const peak = await peakOf(async () => {
      raw.send(build.query(`select repeat('x', ${size})`))
      await expect.poll(() => bytes, { timeout: 20_000 }).toBeGreaterThan(size)
    })
    // The client is in this process too: its buffers count here.
    expect(peak).toBeLessThan(32 * MEBI)
    await expect.poll(() => room.gate.seen[0]!.outcome?.status).toBe('completed')
    expect(room.gate.seen[0]!.rows).toBe(1)
    expect(room.gate.seen[0]!.bytes).toBeGreaterThan(size)
  })

  it('stops reading the target while the client does not read', async () => {
    const raw = await room.client()
    raw.socket.pause()
    const peak = await peakOf(async () => {
      raw.send(build.query("select repeat('x', 10000) from generate_series(1, 30000)"))
      await sleep(1000)
    })
    expect(peak).toBeLessThan(16 * MEBI)
    expect(room.gate.seen[0]!.bytes).toBeLessThan(32 * MEBI)
    expect(room.gate.seen[0]!.outcome).toBeUndefined()
  })

  it('stops reading the client while the target does not take more', async () => {
    await room.postgres.query('create table if not exists big (x text)')
    const raw = await room.client()
    raw.send(build.query('copy big from stdin'))
    await raw.untilType('G')
    // A stopped backend takes nothing; its process is ours to stop.
    process.kill(raw.processId, 'SIGSTOP')
    try {
      const line = build.copyData(Buffer.from(`${'x'.repeat(64_000)}\n`))
      const peak = await peakOf(async () => {
        for (let sent = 0; sent < 2000 && !raw.socket.writableNeedDrain; sent += 1) raw.socket.write(line)
        await sleep(500)
      })
      expect(peak).toBeLessThan(64 * MEBI)
      expect(room.gate.sessions[0]!.target.socket.writableLength).toBeLessThan(2 * MEBI)
    } finally {
      process.kill(raw.processId, 'SIGCONT')
    }
  })

  it('stops reading a client that asks more and more while nothing is answered, and goes on when it is', async () => {
    const raw = await room.client()
    raw.send(build.query('select pg_sleep(60)'))
    await expect.poll(() => room.gate.seen.length).toBe(1)
    const smallest = Buffer.concat(Array.from({ length: 10_000 }, () => build.parse('', '')))
    for (let sent = 0; sent < 40; sent += 1) raw.socket.write(smallest)
    raw.socket.write(build.sync())
    await expect.poll(() => room.gate.seen.length).toBeGreaterThan(60_000)
    await sleep(300)
    expect(room.gate.seen.length).toBeLessThan(90_000)
    await sendRawCancel(room.gate.port, raw.processId, raw.key)
    await raw.until(2)
    expect(room.gate.seen).toHaveLength(400_001)
    expect(room.gate.seen.every(({ outcome }) => outcome)).toBe(true)
  })

  it('passes a statement of 8 MB that arrives in pieces, whole', async () => {
    const raw = await room.client()
    raw.send(build.query(`select length('${'y'.repeat(8 * MEBI)}')`))
    const rows = await raw.until()
    expect(rows.find(({ type }) => type === 'D')!.body.toString('latin1', 6)).toBe(String(8 * MEBI))
    expect(room.gate.seen[0]!.text).toHaveLength(8 * MEBI + 17)
  })
})
