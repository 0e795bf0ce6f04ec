import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { TestTrail, testSealer } from '../parts/trail.ts'

// GATESCRIBE_SOAK=1000 is the full form.
const KILLS = Number(process.env.GATESCRIBE_SOAK ?? 20)
const SEED = Number(process.env.GATESCRIBE_SEED ?? 42)
const MASTER = Buffer.alloc(32, 9)

/** mulberry32: the same delays for the same seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Runs until killed, `ms` after the first acknowledgement. @returns the acknowledged lines */
function appendUntilKilled(folder: string, ms: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'appending-process.ts'), folder, MASTER.toString('hex')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let complaint = ''
    child.stderr.on('data', (chunk) => {
      complaint += chunk
    })
    child.stdout.on('data', (chunk) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), ms)
      said += chunk
    })
    child.once('close', (_, signal) => {
      // The last line may be cut: then it was not said.
      if (signal === 'SIGKILL') resolve(said.split('\n').slice(0, -1))
      else reject(new Error(`the process ended by itself: ${complaint}`))
    })
  })
}

it(
  `loses nothing acknowledged in ${KILLS} kills`,
  async () => {
    const random = seeded(SEED)
    const folder = mkdtempSync(join(tmpdir(), 'gatescribe-kill-'))
    const house = new TestTrail(testSealer(MASTER), folder)
    let acknowledged = 0
    let atTail = 0
    let torn = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const lines = await appendUntilKilled(folder, 5 + random() * 60)
      house.store.close()
      const reopened = new TestTrail(testSealer(MASTER), folder)
      house.store = reopened.store
      house.trail = await reopened.open()

      const boot = (lines[0] as string).split('.')[0]
      const written = new Map<string, string | undefined>()
      const endings = new Map<string, string>()
      torn = 0
      for await (const entry of house.trail.read()) {
        if (entry.kind === 'operation.intent' && entry.id.startsWith(`${boot}.`)) {
          written.set(entry.id, entry.payloads()[0]?.content?.toString())
        } else if (entry.kind === 'session.close') endings.set(entry.fields.session as string, entry.fields.reason as string)
        else if (entry.kind === 'gateway.recovered' && entry.fields.cut) torn++
      }
      for (const line of lines) {
        const [id, session, n] = line.split(' ') as [string, string, string]
        expect(written.get(id), `kill ${kill}: ${id} was acknowledged`).toBe(`${session} ${n}`)
        expect(endings.get(session)).toBe('unknown')
      }
      acknowledged += lines.length
      if (written.size > lines.length) atTail++
      await house.trail.close()
      house.trail = undefined
    }
    console.log(
      `seed ${SEED}: ${acknowledged} acknowledged in ${KILLS} kills; in ${atTail} of them something unacknowledged was at the tail, torn in ${torn}`,
    )
    expect(atTail, 'no kill met a batch in flight: this run shows nothing').toBeGreaterThan(0)
    await house.remove()
  },
  60_000 + KILLS * 3000,
)
