import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { buildGo } from '../parts/go-program.ts'
import { found, needs } from '../parts/require.ts'
import { seeded } from '../parts/seeded.ts'
import { seedOr } from '../parts/soak.ts'
import { logKey, type NaiveKey } from '../verify/naive-keys.ts'
import { NaiveLog } from '../verify/naive-log.ts'
import { said, Workplace } from '../verify/verdicts.ts'

/*
 * The log is C2SP's format, or it is not: Go's golang.org/x/mod, which knows nothing of us, must be able to verify it. test/go/main.go reads files for it
 * and nothing else.
 */

const go = found('go')
const place = new Workplace()
const build = mkdtempSync(join(tmpdir(), 'gatescribe-go-'))
const program = join(build, 'verifylog')
let isBuilt = false
beforeAll(() => {
  if (go === undefined) return
  isBuilt = buildGo(go, import.meta.dirname, program)
}, 240_000)
beforeEach((test) => {
  needs(test, go, 'Go 1.19 or newer (Debian: golang-go)')
  needs(test, isBuilt, 'golang.org/x/mod, which `go build` fetches')
})
afterAll(() => {
  place.remove()
  rmSync(build, { recursive: true, force: true })
})

interface Result {
  readonly ok: boolean
  readonly error?: string
  readonly size: number
  readonly entries: number
  readonly proved: number
  readonly grownFrom?: number
  readonly proofOf?: number
}

/** What the program prints. */
function verifylog(key: NaiveKey, folder: string, options: readonly string[] = []): Result {
  const { status, stdout, stderr } = spawnSync(program, ['-key', key.vkey, ...options, folder], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const result = JSON.parse(stdout) as Result
  expect(status).toBe(result.ok ? 0 : 1)
  return result
}

const log = new NaiveLog(1000)
const { key } = log
const bad = (folder: string, options?: readonly string[]) => {
  const result = verifylog(key, folder, options)
  expect(result.ok).toBe(false)
  return result.error
}

it.each([1, 255, 256, 257, 512, 1000])('verifies a log of %i entries, its growth and a proof', (size) => {
  const older = Math.ceil(size / 3)
  const index = size - 1
  const options = [
    '-older',
    place.file(log.checkpoint(older)),
    '-proof',
    place.file(log.proof(index, size)),
    '-entry',
    place.file(log.entries[index] as Buffer),
  ]
  expect(verifylog(key, log.write(place.path(), size), options)).toEqual({
    ...{ ok: true, origin: key.name, size, entries: size, grownFrom: older, proofOf: index },
    proved: expect.any(Number),
  })
})

it('verifies a log with three levels of tiles, and one whose beginning was pruned', () => {
  const large = new NaiveLog(
    Array.from({ length: 66_000 }, (_, n) => Buffer.from(`{"n":${n}}`)),
    key,
  )
  const folder = large.write(place.path())
  expect(verifylog(key, folder, ['-older', place.file(large.checkpoint(65_536))])).toMatchObject({
    ok: true,
    entries: 66_000,
    grownFrom: 65_536,
  })
  for (const n of ['000', '001', '002']) rmSync(join(folder, 'tile/entries', n))
  expect(verifylog(key, folder)).toMatchObject({ ok: true, entries: 66_000 - 3 * 256 })
})

it('refuses what does not hold', () => {
  const folder = log.write(place.path())
  expect(bad(log.write(place.path(), 300), ['-older', place.file(log.checkpoint(301))])).toBe(
    'the log was rolled back from 301 entries to 300',
  )
  const other = new NaiveLog(log.entries.toReversed(), key)
  expect(bad(folder, ['-older', place.file(other.checkpoint(300))])).toMatch('not grown from 300 entries')
  expect(bad(folder, ['-proof', place.file(log.proof(7)), '-entry', place.file(log.entries[8] as Buffer)])).toMatch('the proof of entry 7')
  expect(verifylog(logKey(key.name), folder)).toMatchObject({ ok: false, error: expect.stringContaining('no verifiable signatures') })
})

it('agrees with gatescribe-verify on every change', () => {
  const random = seeded(seedOr(4711))
  const folder = log.write(place.path())
  const files = [...log.files()]
  for (let n = 0; n < 60; n++) {
    const [path, content] = files[Math.floor(random() * files.length)] as (typeof files)[0]
    const bytes = Buffer.from(content)
    const at = Math.floor(random() * bytes.length)
    bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8))
    writeFileSync(join(folder, path), bytes)
    const ours = () => {
      try {
        return said(folder, { trust: key }).exit
      } catch {
        return 3
      }
    }
    expect({ path, at, isGood: verifylog(key, folder).ok }).toEqual({ path, at, isGood: ours() === 0 })
    writeFileSync(join(folder, path), content)
    expect(readFileSync(join(folder, path)).equals(content)).toBe(true)
  }
  expect([verifylog(key, folder).ok, said(folder, { trust: key }).exit]).toEqual([true, 0])
})
